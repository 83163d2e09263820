// SPDX-License-Identifier: Apache-2.0
// Ownership of descriptors.
#include "core/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <type_traits>
#include <utility>

namespace videostream {
namespace {

static_assert(!std::is_copy_constructible_v<UniqueFd> && !std::is_copy_assignable_v<UniqueFd>);
static_assert(std::is_nothrow_move_constructible_v<UniqueFd> && std::is_nothrow_move_assignable_v<UniqueFd>);

int OpenNull() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(fd, 0) << errno;
  return fd;
}

bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// Catches a descriptor leaked when its owner goes.
TEST(UniqueFdTest, DestructorCloses) {
  const int fd = OpenNull();
  { const UniqueFd sut(fd); }
  EXPECT_FALSE(IsOpen(fd));
}

// Catches a double close after a move: the moved-from object must be empty.
TEST(UniqueFdTest, MoveEmptiesTheSource) {
  const int fd = OpenNull();
  UniqueFd source(fd);
  UniqueFd sut(std::move(source));
  EXPECT_FALSE(source.valid());  // NOLINT(bugprone-use-after-move): what a moved-from UniqueFd holds is its contract
  EXPECT_EQ(sut.get(), fd);
  EXPECT_TRUE(IsOpen(fd));
}

// Catches move assignment that leaks what the target held.
TEST(UniqueFdTest, MoveAssignmentClosesTheOldOne) {
  const int old = OpenNull();
  const int fresh = OpenNull();
  UniqueFd sut(old);
  sut = UniqueFd(fresh);
  EXPECT_FALSE(IsOpen(old));
  EXPECT_TRUE(IsOpen(fresh));
}

// Catches self-assignment that closes the only descriptor.
TEST(UniqueFdTest, SelfMoveKeepsIt) {
  const int fd = OpenNull();
  UniqueFd sut(fd);
  UniqueFd& alias = sut;
  sut = std::move(alias);
  EXPECT_TRUE(IsOpen(fd));
}

// Catches release that still closes.
TEST(UniqueFdTest, ReleaseGivesItAway) {
  int fd = -1;
  {
    UniqueFd sut(OpenNull());
    fd = sut.release();
    EXPECT_FALSE(sut.valid());
  }
  EXPECT_TRUE(IsOpen(fd));
  ::close(fd);
}

// Catches reset that closes the descriptor it was just given, or keeps a negative number.
TEST(UniqueFdTest, ResetReplacesAndEmpties) {
  const int fd = OpenNull();
  UniqueFd sut(fd);
  sut.reset(fd);
  EXPECT_TRUE(IsOpen(fd));
  sut.reset(-5);
  EXPECT_FALSE(IsOpen(fd));
  EXPECT_EQ(sut.get(), -1);
  EXPECT_FALSE(static_cast<bool>(sut));
}

// Catches a close on an error path that overwrites the errno about to be reported.
TEST(UniqueFdTest, ClosingKeepsErrno) {
  UniqueFd sut(OpenNull());
  ::close(sut.get());  // so that the close below fails with EBADF
  errno = ENODEV;
  sut.reset();
  EXPECT_EQ(errno, ENODEV);
}

}  // namespace
}  // namespace videostream

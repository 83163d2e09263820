// SPDX-License-Identifier: Apache-2.0
#include "backends/shm/endpoint.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>

#include "tests/backends/shm/test_host.h"

namespace videostream::shm {
namespace {

using backend::Status;
using test::Child;
using test::Signal;
using test::TempDir;

struct EndpointTest : ::testing::Test {
  EndpointTest() { ::alarm(60); }
  ~EndpointTest() override { ::alarm(0); }
  // A socket file without a listener, as a killed host leaves it.
  void LeaveStaleSocket() const {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(fd, 1);
    ::close(fd);
  }
  static ino_t Inode(const std::string& file) {
    struct stat s {};
    return ::lstat(file.c_str(), &s) == 0 ? s.st_ino : 0;
  }
  TempDir dir;
  std::string path = dir / "s";
};

// A path that is cut by the kernel's limit: the host listens where nobody looks.
TEST_F(EndpointTest, PathTooLongIsRefusedWithBothNumbers) {
  Endpoint sut;
  const Status status = sut.Listen(dir / std::string(120, 'x'), 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_INVALID);
  EXPECT_NE(status.message().find("path of " + std::to_string(dir.path().size() + 121) +
                                  " bytes, the kernel takes at most 107"),
            std::string::npos)
      << status.message();
  EXPECT_EQ(Endpoint().Listen("", 0600).code(), VSTREAM_E_INVALID);
}

// A missing folder is reported as if the socket were missing.
TEST_F(EndpointTest, MissingFolderIsNamed) {
  const Status status = Endpoint().Listen(dir / "none/s", 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_NOT_FOUND);
  EXPECT_NE(status.message().find("folder '" + dir.path() + "/none': No such file"), std::string::npos)
      << status.message();
}

// The umask of the host, or none at all, decides who may connect.
TEST_F(EndpointTest, ModeIsExactWhateverTheUmask) {
  const mode_t before = ::umask(0);
  for (const mode_t mask : {0, 0077, 0777}) {
    ::umask(mask);
    for (const mode_t mode : {0600, 0660, 0666}) {
      Endpoint sut;
      const Status status = sut.Listen(path, mode);
      ASSERT_TRUE(status.ok()) << status.message();
      struct stat s {};
      ASSERT_EQ(::lstat(path.c_str(), &s), 0);
      EXPECT_EQ(s.st_mode & 0777, mode);
    }
  }
  ::umask(before);
}

// A second host takes the socket away from a living one.
TEST_F(EndpointTest, LiveHostKeepsItsSocket) {
  Endpoint first;
  ASSERT_TRUE(first.Listen(path, 0600).ok());
  const ino_t inode = Inode(path);
  const Status status = Endpoint().Listen(path, 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_BUSY);
  EXPECT_NE(status.message().find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << status.message();
  EXPECT_EQ(Inode(path), inode);
}

// A killed host blocks its successor.
TEST_F(EndpointTest, DeadHostIsReplaced) {
  LeaveStaleSocket();
  Endpoint sut;
  const Status status = sut.Listen(path, 0600);
  EXPECT_TRUE(status.ok()) << status.message();
}

// Somebody's file is deleted because it has the name of the socket.
TEST_F(EndpointTest, OtherFilesAreLeftAlone) {
  std::ofstream(path) << "precious";
  const Status status = Endpoint().Listen(path, 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_BUSY) << status.message();
  ASSERT_EQ(::unlink(path.c_str()), 0);
  std::ofstream(dir / "t") << "precious";
  ASSERT_EQ(::symlink((dir / "t").c_str(), path.c_str()), 0);
  EXPECT_EQ(Endpoint().Listen(path, 0600).code(), VSTREAM_E_BUSY);
  EXPECT_EQ(dir.List().size(), 2u);
}

// A host that ends removes the socket of the one that came after it.
TEST_F(EndpointTest, OnlyItsOwnSocketIsRemoved) {
  auto first = std::make_unique<Endpoint>();
  ASSERT_TRUE(first->Listen(path, 0600).ok());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  Endpoint second;
  ASSERT_TRUE(second.Listen(path, 0600).ok());
  first.reset();
  EXPECT_NE(Inode(path), 0u);
}

// And it removes its own.
TEST_F(EndpointTest, NothingIsLeftBehind) {
  { ASSERT_TRUE(Endpoint().Listen(path, 0600).ok()); }
  EXPECT_TRUE(dir.List().empty());
}

// Two hosts that find the same dead socket both win, and one of them serves nobody.
TEST_F(EndpointTest, OfManyRacingHostsOneWins) {
  constexpr int kHosts = 6;
  for (int round = 0; round < 10; ++round) {
    LeaveStaleSocket();
    Signal go;
    Signal end;
    Signal done;
    std::vector<std::unique_ptr<Child>> children;
    children.reserve(kHosts);
    for (int i = 0; i < kHosts; ++i) {
      children.push_back(std::make_unique<Child>([&] {
        go.Wait();
        Endpoint sut;
        const Status status = sut.Listen(path, 0600);
        done.Send();
        end.Wait();  // nobody leaves before all have tried
        return status.ok() ? 0 : status.code() == VSTREAM_E_BUSY ? 1 : 2;
      }));
    }
    for (int i = 0; i < kHosts; ++i) go.Send();
    for (int i = 0; i < kHosts; ++i) done.Wait();
    for (int i = 0; i < kHosts; ++i) end.Send();
    int winners = 0;
    for (auto& child : children) {
      const int status = child->Wait();
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2) << "wait status " << status;
      winners += WEXITSTATUS(status) == 0 ? 1 : 0;
    }
    EXPECT_EQ(winners, 1);
    EXPECT_TRUE(dir.List().empty());
  }
}

}  // namespace
}  // namespace videostream::shm

// SPDX-License-Identifier: Apache-2.0
// The ioctl as the kernel would see it.
#include "core/base/dma_buf_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

namespace videostream {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

struct Kernel {
  int failures = 0;  // of the next calls
  int error = 0;     // theirs
  int fd = -1;
  unsigned long request = 0;
  std::vector<uint64_t> flags;
};
Kernel kernel;

void SetUpKernel(int failures, int error) {
  kernel = {};
  kernel.failures = failures;
  kernel.error = error;
}

int FakeIoctl(int fd, unsigned long request, void* argument) {
  kernel.fd = fd;
  kernel.request = request;
  uint64_t flags = 0;
  std::memcpy(&flags, argument, sizeof flags);
  kernel.flags.push_back(flags);
  if (kernel.failures == 0) return 0;
  --kernel.failures;
  errno = kernel.error;
  return -1;
}

// Bug: another ioctl than the kernel's, or start and end exchanged.
TEST(DmaBufSync, MakesTheCallOfTheKernelsInterface) {
  SetUpKernel(0, 0);
  EXPECT_TRUE(DmaBufBegin(42, kDmaBufRead, FakeIoctl));
  EXPECT_TRUE(DmaBufEnd(42, kDmaBufRead, FakeIoctl));
  EXPECT_TRUE(DmaBufBegin(42, kDmaBufWrite, FakeIoctl));
  EXPECT_TRUE(DmaBufEnd(42, kDmaBufRead | kDmaBufWrite, FakeIoctl));
  EXPECT_EQ(kernel.fd, 42);
#if defined(__x86_64__) || defined(__aarch64__) || defined(__arm__)
  EXPECT_EQ(kernel.request, 0x40086200UL);
#endif
  EXPECT_THAT(kernel.flags, ElementsAre(1, 5, 2, 7));
}

// Bug: an interrupted call taken for a failure, so that the cache stays stale.
TEST(DmaBufSync, RepeatsInterruptedCalls) {
  for (const int error : {EINTR, EAGAIN}) {
    SetUpKernel(3, error);
    EXPECT_TRUE(DmaBufBegin(1, kDmaBufRead, FakeIoctl)) << error;
    EXPECT_THAT(kernel.flags, SizeIs(4));
    EXPECT_THAT(kernel.flags, Each(1));
  }
}

// Bug: a thread that spins for ever on a broken exporter.
TEST(DmaBufSync, GivesUpOnAnExporterThatNeverLetsGo) {
  SetUpKernel(1 << 30, EAGAIN);
  const Status sut = DmaBufEnd(1, kDmaBufWrite, FakeIoctl);
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().code, Code::kBusy);
  EXPECT_EQ(sut.error().message, "end CPU access to dma-buf: interrupted 1000 times");
}

// Bug: a failure that is repeated or swallowed.
TEST(DmaBufSync, ReportsOtherErrorsAtOnce) {
  SetUpKernel(5, EINVAL);
  const Status sut = DmaBufBegin(1, kDmaBufRead, FakeIoctl);
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().message, "begin CPU access to dma-buf: Invalid argument");
  EXPECT_THAT(kernel.flags, SizeIs(1));
}

// Bug: a direction that the kernel would not understand, or none.
TEST(DmaBufSync, RefusesUnknownDirections) {
  SetUpKernel(0, 0);
  EXPECT_EQ(DmaBufBegin(1, 0, FakeIoctl).error().message,
            "begin CPU access to dma-buf: access 0, expected 1 (read), 2 (write) or 3 (both)");
  EXPECT_EQ(DmaBufEnd(1, 4, FakeIoctl).error().code, Code::kInvalidArgument);
  EXPECT_TRUE(kernel.flags.empty());
}

// Bug: the real call is never made.
TEST(DmaBufSync, AMemfdIsNoDmaBuf) {
  const int fd = memfd_create("not-a-dma-buf", MFD_CLOEXEC);
  ASSERT_GE(fd, 0) << std::strerror(errno);
  const Status sut = DmaBufBegin(fd, kDmaBufRead);
  close(fd);
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().code, Code::kUnsupported) << sut.error().message;
}

}  // namespace
}  // namespace videostream

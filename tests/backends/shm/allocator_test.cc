// SPDX-License-Identifier: Apache-2.0
#include "backends/shm/allocator.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/shm/memfd.h"
#include "gtest/gtest.h"

namespace videostream::shm {
namespace {

struct AllocatorTest : ::testing::Test {
  ~AllocatorTest() override {
    if (buffer.fds[0] >= 0) ::close(buffer.fds[0]);
  }
  backend::Status Open(const char* huge = "false") {
    option = {"huge-pages", huge};
    info.option_count = 1;
    info.options = &option;
    info.option_stride = sizeof option;
    return sut.Open(backend::Options(info));
  }
  backend::Status Allocate(uint64_t bytes, uint32_t memory = 0) {
    request.bytes = bytes;
    request.required_memory = memory;
    return sut.Allocate(request, &buffer);
  }
  Allocator sut;
  vstream_option option{};
  vstream_create_info info{};
  vstream_allocation_request request{};
  vstream_buffer buffer = [] {
    vstream_buffer b{};
    b.fds[0] = -1;
    return b;
  }();
};

// Memory that is not there when it is written to: a SIGBUS on a full system.
TEST_F(AllocatorTest, MemoryIsCommittedZeroedAndSealable) {
  ASSERT_TRUE(Open().ok());
  backend::SetText(request.label, "front.capture");
  ASSERT_TRUE(Allocate(100'001).ok());
  EXPECT_EQ(buffer.fd_count, 1u);
  EXPECT_GE(buffer.fd_size[0], 100'001u);
  struct stat file {};
  ASSERT_EQ(::fstat(buffer.fds[0], &file), 0);
  EXPECT_EQ(static_cast<uint64_t>(file.st_size), buffer.fd_size[0]);
  EXPECT_GE(static_cast<uint64_t>(file.st_blocks) * 512, buffer.fd_size[0]);
  EXPECT_EQ(::fcntl(buffer.fds[0], F_GET_SEALS), 0);
  EXPECT_NE(::fcntl(buffer.fds[0], F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(buffer.memory, uint32_t{VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT |
                                    VSTREAM_MEMORY_CPU_ACCESS});
  char name[64] = {};
  const std::string link = "/proc/self/fd/" + std::to_string(buffer.fds[0]);
  ASSERT_GT(::readlink(link.c_str(), name, sizeof name - 1), 0);
  EXPECT_NE(std::string(name).find("front.capture"), std::string::npos) << name;
}

// A size from a broken profile: ftruncate to exabytes succeeds.
TEST_F(AllocatorTest, SizesAreBounded) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Allocate(0).code(), VSTREAM_E_INVALID);
  const backend::Status status = Allocate((uint64_t{1} << 30) + 1);
  EXPECT_EQ(status.code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_NE(status.message().find("1073741825 bytes: at most 1073741824"), std::string::npos) << status.message();
  EXPECT_EQ(Allocate(~uint64_t{0}).code(), VSTREAM_E_UNSUPPORTED);
  vstream_allocator_info limits{};
  ASSERT_TRUE(sut.Info(&limits).ok());
  EXPECT_EQ(limits.max_buffer_bytes, uint64_t{1} << 30);
}

// A device that needs contiguous memory is given memory that is not.
TEST_F(AllocatorTest, PropertiesItLacksAreRefused) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Allocate(4096, VSTREAM_MEMORY_CONTIGUOUS).code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(Allocate(4096, VSTREAM_MEMORY_DMABUF).code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_TRUE(Allocate(4096, VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS).ok());
}

// Without huge pages in reserve: a crash, or silence about what to do.
TEST_F(AllocatorTest, HugePagesWorkOrSayWhatIsMissing) {
  const backend::Status opened = Open("true");
  const backend::Status status = opened.ok() ? Allocate(4096) : opened;
  if (status.ok()) {
    EXPECT_GE(buffer.fd_size[0], 65536u);
  } else {
    EXPECT_NE(status.message().find("'huge-pages: false'"), std::string::npos) << status.message();
  }
}

// A mistyped device is taken for the only one there is.
TEST_F(AllocatorTest, OtherDevicesAreNotFound) {
  backend::SetText(info.device, "memfd");
  EXPECT_TRUE(Open().ok());
  backend::SetText(info.device, "memfd0");
  EXPECT_EQ(Open().code(), VSTREAM_E_NOT_FOUND);
}

// A probe that finds nothing on a machine that has memfds.
TEST_F(AllocatorTest, ProbeReportsAUsableDevice) {
  backend::DeviceList devices;
  ASSERT_TRUE(Allocator::Probe(backend::Host(), devices).ok());
  ASSERT_EQ(devices.size(), 1u);
  EXPECT_EQ(devices[0].reason, uint32_t{VSTREAM_REASON_USABLE}) << devices[0].evidence;
}

// Seals that are there already are an error, or missing ones are not.
TEST(SealTest, AddsWhatIsMissingAndNoMore) {
  UniqueFd fd;
  ASSERT_TRUE(MakeMemfd("seal", 4096, false, &fd).ok());
  ASSERT_TRUE(Seal(fd.get(), kReadOnlySeals, "buffer").ok());
  EXPECT_EQ(::fcntl(fd.get(), F_GET_SEALS), kReadOnlySeals);
  EXPECT_TRUE(Seal(fd.get(), kReadOnlySeals, "buffer").ok()) << "a pool on two transports";
  UniqueFd fixed;
  ASSERT_TRUE(MakeMemfd("seal", 4096, false, &fixed).ok());
  ASSERT_TRUE(Seal(fixed.get(), kFixedSizeSeals, "page").ok());
  const backend::Status status = Seal(fixed.get(), kReadOnlySeals, "buffer");
  EXPECT_EQ(status.code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_NE(status.message().find("sealed against further seals"), std::string::npos) << status.message();
  EXPECT_EQ(Seal(STDIN_FILENO, kReadOnlySeals, "stdin").code(), VSTREAM_E_UNSUPPORTED);
}

}  // namespace
}  // namespace videostream::shm

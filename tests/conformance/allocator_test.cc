// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `allocator` (allocator.h).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/resources.h"
#include "tests/conformance/suite.h"

namespace videostream::conformance {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kSizes[] = {
    1, kPage - 1, kPage, kPage + 1, uint64_t{1920} * 1080 * 3 / 2, uint64_t{1920} * 1088 * 4};

// A mapping of a whole buffer.
class Mapped {
 public:
  Mapped(int fd, uint64_t bytes) : bytes_(bytes) {
    void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EXPECT_NE(at, MAP_FAILED) << "mmap of " << bytes << " bytes: " << std::strerror(errno);
    if (at != MAP_FAILED) data_ = static_cast<uint8_t*>(at);
  }
  ~Mapped() {
    if (data_ != nullptr) ::munmap(data_, bytes_);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  uint8_t* data() const { return data_; }

 private:
  uint64_t bytes_;
  uint8_t* data_ = nullptr;
};

class AllocatorConformance : public BorderTest {
 protected:
  void SetUp() override {
    auto made = MakeAllocator(Subject::Get().Args(VSTREAM_KIND_ALLOCATOR));
    ASSERT_TRUE(made) << Why(made);
    sut_ = std::move(*made);
    const auto info = sut_->Info();
    ASSERT_TRUE(info) << Why(info);
    info_ = *info;
  }
  // CPU access is not a thing that every allocator gives.
  bool HasCpu() const { return (info_.memory & VSTREAM_MEMORY_CPU_ACCESS) != 0; }

  std::unique_ptr<Allocator> sut_;
  vstream_allocator_info info_{};
};
VS_CONFORMANCE_SUITE(AllocatorConformance);

// Would catch limits that make no sense, on which the planner relies.
TEST_P(AllocatorConformance, InfoIsSane) {
  EXPECT_TRUE(std::has_single_bit(info_.offset_alignment)) << info_.offset_alignment;
  EXPECT_GE(info_.max_buffer_bytes, kSizes[5]);
  EXPECT_LE(info_.cpu_sync, uint32_t{VSTREAM_CPU_SYNC_EACH_READER});
  EXPECT_NE(info_.memory & (VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF), 0u) << "consumers could not map it";
}

// Would catch sizes rounded down, and records that say more than there is.
TEST_P(AllocatorConformance, GivesAtLeastWhatWasAskedFor) {
  for (const uint64_t bytes : kSizes) {
    SCOPED_TRACE(bytes);
    auto made = sut_->Allocate(bytes, 0, "size");
    ASSERT_TRUE(made) << Why(made);
    EXPECT_GE(made->desc.fd_size[0], bytes);
    const off_t real = ::lseek(made->fd.get(), 0, SEEK_END);
    EXPECT_GE(real, static_cast<off_t>(made->desc.fd_size[0]));
    EXPECT_EQ(made->desc.memory & info_.memory, info_.memory) << "less than info promises";
    EXPECT_EQ(made->desc.cpu_sync, info_.cpu_sync);
    EXPECT_EQ(made->desc.layout.plane_count, 0u) << "the layout is the caller's";
  }
}

// Would catch a buffer that leaks into every child process.
TEST_P(AllocatorConformance, FdsAreCloseOnExec) {
  if (GetParam() == Border::kRuntime) GTEST_SKIP() << "the runtime sets the flag in any case";
  auto made = sut_->Allocate(kPage, 0, "exec");
  ASSERT_TRUE(made) << Why(made);
  EXPECT_EQ(::fcntl(made->fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

// Would catch pages of another process's frames, or of a buffer before.
TEST_P(AllocatorConformance, MemoryIsZeroed) {
  if (!HasCpu()) GTEST_SKIP() << "no CPU access";
  constexpr uint64_t kBytes = 64 * kPage;
  for (int round = 0; round < 3; ++round) {
    auto made = sut_->Allocate(kBytes, 0, "zero");
    ASSERT_TRUE(made) << Why(made);
    const Mapped memory(made->fd.get(), kBytes);
    ASSERT_NE(memory.data(), nullptr);
    EXPECT_EQ(std::count(memory.data(), memory.data() + kBytes, 0), static_cast<ptrdiff_t>(kBytes));
    std::memset(memory.data(), 0xEE, kBytes);  // for the next one to find
  }
}

// Would catch memory that cannot be written, or of which two mappings are not the same.
TEST_P(AllocatorConformance, MemoryIsSharedAndWritable) {
  if (!HasCpu()) GTEST_SKIP() << "no CPU access";
  auto made = sut_->Allocate(2 * kPage, 0, "shared");
  ASSERT_TRUE(made) << Why(made);
  const Mapped one(made->fd.get(), 2 * kPage), other(made->fd.get(), 2 * kPage);
  ASSERT_TRUE(one.data() != nullptr && other.data() != nullptr);
  one.data()[2 * kPage - 1] = 0x5A;
  EXPECT_EQ(other.data()[2 * kPage - 1], 0x5A);
}

// Would catch memory that exists on paper: the first frame would end in SIGBUS when there is none left.
TEST_P(AllocatorConformance, MemoryIsCommitted) {
  constexpr uint64_t kBytes = 256 * kPage;
  auto made = sut_->Allocate(kBytes, 0, "committed");
  ASSERT_TRUE(made) << Why(made);
  if ((made->desc.memory & VSTREAM_MEMORY_MEMFD) == 0) GTEST_SKIP() << "only memfds show it";
  struct stat file {};
  ASSERT_EQ(::fstat(made->fd.get(), &file), 0);
  EXPECT_GE(static_cast<uint64_t>(file.st_blocks) * 512, kBytes);
}

// Would catch a memfd that no transport can protect from its consumers.
TEST_P(AllocatorConformance, MemfdsMayBeSealed) {
  auto made = sut_->Allocate(kPage, 0, "seals");
  ASSERT_TRUE(made) << Why(made);
  if ((made->desc.memory & VSTREAM_MEMORY_MEMFD) == 0) GTEST_SKIP() << "no memfd";
  EXPECT_EQ(::fcntl(made->fd.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0) << std::strerror(errno);
}

// Would catch fds that the allocator keeps as its own, or closes at its end.
TEST_P(AllocatorConformance, BuffersOutliveTheInstance) {
  auto made = sut_->Allocate(kPage, 0, "outlive");
  ASSERT_TRUE(made) << Why(made);
  sut_.reset();
  EXPECT_GE(::fcntl(made->fd.get(), F_GETFD), 0);
  EXPECT_TRUE(!HasCpu() || Mapped(made->fd.get(), kPage).data() != nullptr);
}

// Would catch two buffers in one piece of memory.
TEST_P(AllocatorConformance, BuffersAreDistinct) {
  if (!HasCpu()) GTEST_SKIP() << "no CPU access";
  auto first = sut_->Allocate(kPage, 0, "same label"), second = sut_->Allocate(kPage, 0, "same label");
  ASSERT_TRUE(first && second);
  const Mapped one(first->fd.get(), kPage), other(second->fd.get(), kPage);
  ASSERT_TRUE(one.data() != nullptr && other.data() != nullptr);
  one.data()[0] = 1;
  EXPECT_EQ(other.data()[0], 0);
}

// Would catch a size of 0 that becomes one page, or an fd without memory.
TEST_P(AllocatorConformance, ZeroBytesAreInvalid) {
  VS_EXPECT_CODE(sut_->Allocate(0, 0, "zero"), Code::kInvalidArgument);
}

// Would catch a limit that is stated and not kept, and sizes that overflow when rounded up.
TEST_P(AllocatorConformance, TooLargeIsRefusedWithoutAllocating) {
  const Resources before = Resources::Count();
  for (const uint64_t bytes : {info_.max_buffer_bytes + 1, uint64_t{1} << 62U, UINT64_MAX - 1, UINT64_MAX}) {
    if (bytes <= info_.max_buffer_bytes) continue;
    SCOPED_TRACE(bytes);
    VS_EXPECT_CODE(sut_->Allocate(bytes, 0, "huge"), Code::kUnsupported);
  }
  EXPECT_EQ(LeftBehind(before), "");
}

// Would catch memory that is not what the device behind it can reach.
TEST_P(AllocatorConformance, RequiredMemoryIsThereOrRefused) {
  for (uint32_t bit = VSTREAM_MEMORY_MEMFD; bit <= VSTREAM_MEMORY_CPU_ACCESS; bit <<= 1U) {
    SCOPED_TRACE(bit);
    const auto made = sut_->Allocate(kPage, bit, "required");
    if (made) {
      EXPECT_EQ(made->desc.memory & bit, bit);
    } else {
      VS_EXPECT_CODE(made, Code::kUnsupported);
      EXPECT_EQ(info_.memory & bit, 0u) << "info promises it";
    }
  }
}

// Would catch a label without an end that is read to wherever one comes.
TEST_P(AllocatorConformance, AnyLabelWillDo) {
  for (const std::string label : {"", "a/b %s \x7f", "a label of exactly thirty-one b."}) {
    VS_EXPECT_OK(sut_->Allocate(kPage, 0, label));
  }
}

// Would catch one descriptor lost per buffer: a runtime that switches all night dies of it.
TEST_P(AllocatorConformance, AThousandBuffersLeaveNothingBehind) {
  const Resources before = Resources::Count();
  for (int i = 0; i < 1000; ++i) VS_ASSERT_OK(sut_->Allocate(kPage, 0, "leak"));
  EXPECT_EQ(LeftBehind(before), "");
}

class AllocatorBorder : public testing::Test {
 protected:
  void SetUp() override { VS_ASSERT_OK(sut_.Create(Subject::Get().Args(VSTREAM_KIND_ALLOCATOR))); }
  const vstream_allocator_ops& ops_ = *Subject::Get().table().allocator;
  CInstance sut_{VSTREAM_KIND_ALLOCATOR};
};

// Would catch an answer that is half written when the mistake is found.
TEST_F(AllocatorBorder, ARefusalLeavesTheOutputAlone) {
  auto request = EmptyRecord<vstream_allocation_request>();
  SizedOutput<vstream_buffer> out(sizeof(vstream_buffer));
  sut_.call("allocate", ops_.allocate, sut_.self, &request, out.get());
  EXPECT_EQ(sut_.call.code(), VSTREAM_E_INVALID);
  EXPECT_TRUE(out.Untouched());
}

// Would catch answers of the backend's size where the caller has room for fewer, or for more.
TEST_F(AllocatorBorder, RecordsOfOtherSizesAreFine) {
  const size_t older = offsetof(vstream_allocator_info, max_buffer_bytes), newer = sizeof(vstream_allocator_info) + 64;
  for (const size_t size : {older, newer}) {
    SizedOutput<vstream_allocator_info> info(size);
    sut_.call("info", ops_.info, sut_.self, info.get());
    EXPECT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
    EXPECT_TRUE(info.TailUntouched()) << "struct_size " << size;
    EXPECT_LE(info.Read().struct_size, size);
    EXPECT_NE(info.Read().offset_alignment, 0u);
  }
  struct {
    vstream_allocation_request request;
    unsigned char newer[64];
  } longer{};
  std::memset(longer.newer, 0x7E, sizeof longer.newer);
  longer.request.struct_size = sizeof longer;
  longer.request.bytes = 4096;
  SizedOutput<vstream_buffer> out(sizeof(vstream_buffer) + 64);
  sut_.call("allocate", ops_.allocate, sut_.self, &longer.request, out.get());
  ASSERT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
  EXPECT_TRUE(out.TailUntouched());
  EXPECT_EQ(::close(out.Read().fds[0]), 0);
}

}  // namespace
}  // namespace videostream::conformance

// SPDX-License-Identifier: Apache-2.0
// How the size of a pool is explained, and that a failed allocation leaves nothing.
#include "core/pipeline/pool_setup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/frame/layout.h"
#include "tests/core/pipeline/fakes.h"

namespace videostream {
namespace {

size_t OpenFds() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Gives out `limit` buffers, then none.
class LimitedAllocator final : public fake::MemfdAllocator {
 public:
  explicit LimitedAllocator(int limit) : left_(limit) {}
  Result<Allocation> Allocate(uint64_t bytes, uint32_t memory, std::string_view label) override {
    if (left_-- == 0) return Fail(Code::kNoMemory, "backend 'fake': no memory left");
    return fake::MemfdAllocator::Allocate(bytes, memory, label);
  }

 private:
  int left_;
};

// Bug: a sum that does not add up to what is allocated, or names parts that are not there.
TEST(PoolSum, NamesItsPartsAndAddsUp) {
  const PoolSum sut{.device = 2,
                    .filling = 1,
                    .converter = 0,
                    .encoder = 3,
                    .transport = 4,
                    .transport_detail = "1 newest + 3 leases"};
  EXPECT_EQ(sut.total(), 10u);
  EXPECT_EQ(sut.Text(), "10 = 2 device + 1 filling + 3 encoder + 4 transport (1 newest + 3 leases)");
}

// Bug: buffers that share memory, or have another layout than was asked for.
TEST(AllocateBuffers, GivesAsManyAsAskedForEachWithItsOwnMemory) {
  fake::MemfdAllocator allocator;
  const vstream_layout layout = *ComputeLayout(VSTREAM_FORMAT_NV12, 64, 48);
  const auto sut = AllocateBuffers(allocator, layout, 3, 0, "test");
  ASSERT_TRUE(sut) << sut.error().message;
  ASSERT_EQ(sut->size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    ASSERT_TRUE((*sut)[i]->mapped());
    EXPECT_EQ((*sut)[i]->layout().planes[1].offset, layout.planes[1].offset);
    *(*sut)[i]->plane(0) = static_cast<uint8_t>(i + 1);
  }
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(*(*sut)[i]->plane(0), i + 1);
}

// Bug: the buffers before the one that failed stay open.
TEST(AllocateBuffers, LeavesNothingWhenOneFails) {
  const size_t before = OpenFds();
  LimitedAllocator allocator(2);
  const auto sut = AllocateBuffers(allocator, *ComputeLayout(VSTREAM_FORMAT_GREY, 64, 64), 3, 0, "test");
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().code, Code::kNoMemory);
  EXPECT_EQ(sut.error().message, "backend 'fake': no memory left");
  EXPECT_EQ(OpenFds(), before);
}

}  // namespace
}  // namespace videostream

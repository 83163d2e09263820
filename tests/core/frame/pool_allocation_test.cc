// SPDX-License-Identifier: Apache-2.0
// The way of a frame through the pool takes no memory: this program counts every operator new.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <vector>

#include "core/frame/pool.h"
#include "tests/core/frame/fake_transport.h"
#include "tests/core/frame/pool_fixture.h"

namespace {

std::atomic<uint64_t> allocations{0};

void* Counted(size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  std::abort();
}

}  // namespace

void* operator new(size_t bytes) { return Counted(bytes); }
void* operator new[](size_t bytes) { return Counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace videostream {
namespace {

// Gives back all but the newest; unlike the fake of the other tests it takes no memory itself.
class GenerousTransport : public QuietTransport {
 public:
  uint32_t newest = UINT32_MAX;

  Result<uint32_t> Reclaim(uint32_t, std::span<const uint32_t> ids, std::span<uint32_t> taken) override {
    for (const uint32_t id : ids) {
      if (id == newest) continue;
      taken[0] = id;
      return 1U;
    }
    return 0U;
  }
};

// One frame: from the device, to the encoder, to both transports.
bool Frame(Pool& pool, GenerousTransport& first, GenerousTransport& second) {
  const auto id = pool.Acquire();
  if (!id || !id->has_value()) return false;
  first.newest = second.newest = **id;
  return pool.ToDevice(**id) && pool.FromDevice(**id) && pool.Retain(**id) && pool.MarkPublished(**id, 0) &&
         pool.MarkPublished(**id, 1) && pool.Release(**id) && pool.Release(**id) && pool.counts().device == 0;
}

// Bug: a vector that grows, or a message that is made and thrown away, with every frame.
TEST(PoolAllocation, FramesTakeNoMemory) {
  GenerousTransport first, second;
  const auto sut = TinyPool({0, 1, 2, 3, 4, 5}, {&first, &second});
  const uint64_t before_probe = allocations;
  delete new int(1);
  ASSERT_GT(allocations, before_probe) << "the count does not count";

  const uint64_t before = allocations;
  int frames = 0;
  while (frames < 1000 && Frame(*sut, first, second)) ++frames;
  sut->TransportGone(0);
  sut->TransportGone(1);
  while (frames < 2000 && Frame(*sut, first, second)) ++frames;
  while (frames < 3000 && Frame(*sut, first, second) && sut->MakeRoom(0, 2) && sut->MakeRoom(1, 3)) ++frames;
  const uint64_t after = allocations;
  EXPECT_EQ(frames, 3000);
  EXPECT_EQ(after - before, 0U);
}

}  // namespace
}  // namespace videostream

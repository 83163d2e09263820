// SPDX-License-Identifier: Apache-2.0
// Once running, a frame costs neither an allocation nor a page fault, on either side.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <new>
#include <utility>

#include "tests/backends/shm/test_host.h"
#include "tests/support/sanitized.h"
#include "videostream/client.hpp"

namespace {
std::atomic<uint64_t> allocations{0};
}  // namespace

// Counts what the whole program allocates.
void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size); memory != nullptr) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace videostream::test {
namespace {

// Frames. The first one warms up; in one or the other of the rest a machine short of memory may take pages away.
constexpr int kStretch = 200;

long PageFaults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

// Reads a few bytes of each page.
uint32_t Touch(const Frame& frame) {
  uint32_t sum = 0;
  for (size_t i = 0; i < frame.size(); i += 1024) sum += frame.data()[i];
  return sum;
}

// The frame path allocates, or maps memory page by page.
TEST(SteadyStateTest, FramesCostNoAllocationAndNoPageFault) {
  TempDir dir;
  TestHost host({{"socket", dir / "s"}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  for (const bool event_loop : {false, true}) {
    Client client(dir / "s");
    ASSERT_TRUE(host.ServeUntil([&] { return client.connect(std::chrono::nanoseconds(0)); })) << client.error();
    if (event_loop) {
      ASSERT_GE(client.poll_fd(), 0);
    }
    uint64_t allocated = 0;
    long faults = 0;  // of a stretch
    long fewest = LONG_MAX;
    uint32_t sum = 0;
    for (int i = 0; i < 4 * kStretch; ++i) {
      const uint32_t id = host.Acquire();
      ASSERT_NE(id, 0xffffffffu);
      host.data(id)[0] = static_cast<uint8_t>(i);
      const uint64_t before = allocations.load();
      const long faults_before = PageFaults();
      const bool published = host.PublishBuffer(id, VSTREAM_STREAM_FRAMES, 0);
      Frame frame = client.wait_for_frame(std::chrono::nanoseconds(0));
      const bool taken = static_cast<bool>(frame);
      const Frame second = taken ? frame.share() : Frame();
      if (taken) sum += Touch(second);
      frame.release();
      if (i >= kStretch) {
        allocated += allocations.load() - before;
        faults += PageFaults() - faults_before;
      }
      if (i >= kStretch && (i + 1) % kStretch == 0) fewest = std::min(fewest, std::exchange(faults, 0));
      ASSERT_TRUE(published && taken) << host.error.message << client.error();
      EXPECT_FALSE(client.wait_for_frame(std::chrono::nanoseconds(0)));
    }
    EXPECT_EQ(allocated, 0u) << (event_loop ? "event loop" : "futex");
    if (!kSanitized) {
      EXPECT_EQ(fewest, 0) << (event_loop ? "event loop" : "futex") << ", in each of three stretches";
    }
    EXPECT_NE(sum, 0u);
  }
}

}  // namespace
}  // namespace videostream::test

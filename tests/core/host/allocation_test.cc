// SPDX-License-Identifier: Apache-2.0
// A steady loop takes no memory and no descriptors: this program counts every operator new, in backends too.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "tests/core/host/host_fixture.h"

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

// Takes every frame that it can until the host ends.
int Consume(const std::string& path, uint32_t queue) {
  Client client(path, {.name = "reader", .stream = Stream::kFrames, .queue = queue, .reconnect = false});
  uint64_t taken = 0;
  while (client.state() != Client::State::kEnded) taken += client.wait_for_frame(kPatience) ? 1 : 0;
  return taken > 0 ? 0 : 1;
}

// Bug: a string, a vector or a control block that is made anew with every frame; a descriptor that stays open.
TEST_F(HostTest, PublishingTakesNoMemory) {
  Child latest([&] { return Consume(path_, 0); });
  Child queue([&] { return Consume(path_, 3); });
  {
    Host sut = Create(Grey());
    ASSERT_TRUE(sut.wait_for_consumers(2, kPatience)) << sut.error();
    const auto frame = [&](int i) {
      WriteBuffer buffer = sut.get_write_buffer();
      if (!buffer) return sut.error_code() == VSTREAM_E_AGAIN;  // held: the frame is dropped
      buffer.data()[0] = static_cast<uint8_t>(i);
      buffer.set_pts_ns(i);
      buffer.set_colorimetry({1, 1, 1, VSTREAM_RANGE_FULL, 0, 0, {}});
      if (i % 7 == 0) return true;  // discarded
      return sut.publish_frame(std::move(buffer));
    };
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(frame(i)) << sut.error();

    const uint64_t before_probe = allocations;
    delete new int(1);
    ASSERT_GT(allocations, before_probe) << "the count does not count";
    const size_t fds = OpenFds();
    const uint64_t before = allocations;
    int good = 0;
    for (int i = 0; i < 5000; ++i) good += frame(i) ? 1 : 0;
    const uint64_t after = allocations;
    EXPECT_EQ(good, 5000) << sut.error();
    EXPECT_EQ(after - before, 0u);
    EXPECT_EQ(OpenFds(), fds);
    EXPECT_GT(sut.stats().published, 4000u);
  }
  EXPECT_EQ(latest.Wait(), 0);
  EXPECT_EQ(queue.Wait(), 0);
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// One Host used by everybody at once, also while it is being closed.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/core/host/host_fixture.h"

namespace videostream {
namespace {

constexpr int kFrames = 300;

// Publishes pictures of one value each until `frames` are out, or the host is closed.
int Publish(Host& host, int frames) {
  int published = 0;
  while (published < frames) {
    WriteBuffer buffer = host.get_write_buffer();
    if (!buffer) {
      if (!host) return published;
      std::this_thread::yield();  // every buffer is held
      continue;
    }
    std::fill_n(buffer.data(), buffer.size(), static_cast<uint8_t>(published));
    if (!host.publish_frame(std::move(buffer))) return published;
    ++published;
  }
  return published;
}

// Reads until the host ends; false if a frame was torn, or they were out of order.
bool Consume(const std::string& path, uint32_t queue, std::atomic<uint64_t>* taken) {
  Client client(path, {.name = "reader", .stream = Stream::kFrames, .queue = queue, .reconnect = false});
  uint64_t last = 0;
  while (client.state() != Client::State::kEnded) {
    const Frame frame = client.wait_for_frame(kPatience);
    if (!frame) continue;
    const bool whole =
        std::all_of(frame.data(), frame.data() + frame.size(), [&](uint8_t byte) { return byte == frame.data()[0]; });
    if (frame.valid() && !whole) return false;
    if (frame.sequence() <= last) return false;
    last = frame.sequence();
    taken->fetch_add(1);
  }
  return true;
}

// Bug: two publishers write one buffer, number frames twice, or race with whoever looks or connects.
TEST_F(HostTest, ServesPublishersObserversAndNewcomersAtOnce) {
  Host sut = Create(Grey(16, 16));
  std::atomic<bool> over = false;
  std::atomic<uint64_t> taken = 0;
  bool latest_ok = false, queue_ok = false;
  std::thread latest([&] { latest_ok = Consume(path_, 0, &taken); });
  std::thread queue([&] { queue_ok = Consume(path_, 3, &taken); });
  ASSERT_TRUE(sut.wait_for_consumers(2, kPatience)) << sut.error();

  std::thread observer([&] {
    while (!over) {
      for (const HostConsumer& consumer : sut.consumers()) EXPECT_LE(consumer.lag(), consumer.published);
      const HostStats stats = sut.stats();
      EXPECT_EQ(stats.bytes, stats.published * 256);
      (void)sut.error();
    }
  });
  std::thread newcomers([&] {
    for (int i = 0; i < 20; ++i) {
      Client client(path_);
      EXPECT_TRUE(client.connect(kPatience)) << client.error();
    }
  });
  int first = 0;
  std::thread other([&] { first = Publish(sut, kFrames); });
  const int second = Publish(sut, kFrames);
  other.join();
  newcomers.join();
  over = true;
  observer.join();
  EXPECT_EQ(first + second, 2 * kFrames);
  EXPECT_EQ(sut.stats().published, uint64_t{2} * kFrames);
  sut.close();
  latest.join();
  queue.join();
  EXPECT_TRUE(latest_ok);
  EXPECT_TRUE(queue_ok);
  EXPECT_GT(taken.load(), 0u);
}

// Bug: a frame that is published while the host is closed uses what is gone; two that close meet half-way.
TEST_F(HostTest, ClosesWhileOthersPublishAndWait) {
  for (int round = 0; round < 20; ++round) {
    Host sut = Create(Grey(16, 16));
    std::atomic<int> published = 0;
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 2; ++i) threads.emplace_back([&] { published += Publish(sut, 1 << 30); });
    threads.emplace_back([&] { EXPECT_FALSE(sut.wait_for_consumers(1, kPatience)); });
    threads.emplace_back([&] {
      EXPECT_TRUE(Until([&] { return sut.stats().published > 10; }));
      sut.close();
      EXPECT_FALSE(std::filesystem::exists(path_)) << "closed means closed, whoever began";
    });
    EXPECT_TRUE(Until([&] { return sut.stats().published > 10; }));
    sut.close();
    EXPECT_FALSE(std::filesystem::exists(path_));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sut.stats().published, static_cast<uint64_t>(published.load()));
  }
  EXPECT_EQ(PoolMappings("s"), 0u);
}

// Bug: the last handle that goes is a buffer in another thread, and takes the producer with it half-closed.
TEST_F(HostTest, BuffersAndHostEndInDifferentThreads) {
  for (int round = 0; round < 50; ++round) {
    WriteBuffer buffer;
    Host sut = Create(Grey(16, 16));
    buffer = sut.get_write_buffer();
    std::thread other([&] { WriteBuffer last = std::move(buffer); });
    sut = Host();
    other.join();
  }
  EXPECT_EQ(PoolMappings("s"), 0u);
}

}  // namespace
}  // namespace videostream

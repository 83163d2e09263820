// SPDX-License-Identifier: Apache-2.0
// No wake-up gets lost, whichever way the application goes about its event loop: what is lost would hang here for ever,
// until the watchdog.
#include <poll.h>

#include <cstdio>
#include <random>
#include <thread>

#include "tests/backends/shm/test_host.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr uint64_t kFrames = 3000;

// Waits for poll_fd for as long as it takes.
void Poll(int fd) {
  pollfd p{fd, POLLIN, 0};
  while (::poll(&p, 1, -1) != 1) {
  }
}

// What the application does to get the next frames; the result is the newest number.
uint64_t OnePerWakeUp(Client& client, int fd, uint64_t newest, unsigned /*chance*/) {
  Poll(fd);
  const Frame frame = client.wait_for_frame(nanoseconds(0));
  return frame ? frame.sequence() : newest;
}
uint64_t UntilEmpty(Client& client, int fd, uint64_t newest, unsigned /*chance*/) {
  Poll(fd);
  while (const Frame frame = client.wait_for_frame(nanoseconds(0))) newest = frame.sequence();
  return newest;
}
uint64_t WaitHere(Client& client, int /*fd*/, uint64_t newest, unsigned /*chance*/) {
  const Frame frame = client.wait_for_frame(seconds(100));
  return frame ? frame.sequence() : newest;
}
uint64_t AnyOfThem(Client& client, int fd, uint64_t newest, unsigned chance) {
  switch (chance % 4) {
    case 0:
      return OnePerWakeUp(client, fd, newest, chance);
    case 1:
      return UntilEmpty(client, fd, newest, chance);
    case 2:
      return WaitHere(client, fd, newest, chance);
    default: {
      const Frame frame = client.wait_for_frame(nanoseconds(chance % 50'000));
      return frame ? frame.sequence() : newest;
    }
  }
}

using Way = uint64_t (*)(Client&, int, uint64_t, unsigned);

struct WakeupTest : ::testing::TestWithParam<std::tuple<Way, uint32_t>> {
  WakeupTest() { ::alarm(110); }
  ~WakeupTest() override { ::alarm(0); }
};

// Bursts of frames, with announcements and changes of state between them, that come at any moment.
TEST_P(WakeupTest, TheLastFrameIsAlwaysReached) {
  const auto [way, queue] = GetParam();
  const char* given = std::getenv("VIDEOSTREAM_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
  SCOPED_TRACE("VIDEOSTREAM_SEED=" + std::to_string(seed));
  TempDir dir;
  TestHost host({{"socket", dir / "s"}, {"buffers", "8"}});
  ASSERT_TRUE(host.ok() && host.AddPool(12)) << host.error.message;
  Client client(dir / "s", {.queue = queue});
  const int fd = client.poll_fd();
  ASSERT_GE(fd, 0);
  ASSERT_TRUE(host.ServeUntil([&] { return client.connect(nanoseconds(0)); })) << client.error();
  std::thread producer([&] {
    std::minstd_rand random(seed);
    while (host.sequence[0] < kFrames) {
      for (unsigned burst = 1 + random() % 3; burst > 0 && host.sequence[0] < kFrames; --burst) host.Publish();
      if (random() % 64 == 0) host.SetState(VSTREAM_TRANSPORT_STATE_RUNNING);
      if (random() % 128 == 0 && host.sequence[0] < kFrames && host.AddPool(12)) host.RemovePool(host.epoch() - 1);
      host.Service();
      for (unsigned pause = random() % 200; pause > 0; --pause) ::sched_yield();
    }
  });
  std::minstd_rand random(seed + 1);
  for (uint64_t newest = 0; newest < kFrames;) newest = way(client, fd, newest, static_cast<unsigned>(random()));
  producer.join();
  while (client.wait_for_frame(nanoseconds(0))) {
  }
  const ClientStats stats = client.stats();
  uint64_t sum = stats.taken;
  for (const uint64_t count : stats.skipped) sum += count;
  EXPECT_EQ(stats.published, kFrames);
  EXPECT_EQ(sum, kFrames);
  EXPECT_EQ(stats.reconnects, 0u);
  while (client.wait_for_frame(nanoseconds(0))) {
  }
  pollfd p{fd, POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 0), 0) << "there is nothing more to do";
}

INSTANTIATE_TEST_SUITE_P(All, WakeupTest,
                         ::testing::Combine(::testing::Values(&OnePerWakeUp, &UntilEmpty, &WaitHere, &AnyOfThem),
                                            ::testing::Values(0U, 4U)));

}  // namespace
}  // namespace videostream::test

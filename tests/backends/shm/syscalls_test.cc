// SPDX-License-Identifier: Apache-2.0
// What a frame costs a steady consumer in system calls and page faults: counted in a process of its own.
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>

#include "tests/backends/shm/test_host.h"
#include "tests/support/sanitized.h"
#include "tests/support/syscall_counter.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr uint64_t kWarmUp = 200;
constexpr uint64_t kFrames = 640;  // of a stretch
// For the faults: a machine that is short of memory may take pages away in one or the other.
constexpr uint64_t kStretches = 3;
constexpr uint64_t kCounted = kStretches * kFrames;

long PageFaults() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

// How the consumer waits.
enum class Way { kBlocking, kEventLoop, kBlockingOnPollFd };

// Takes frames until the one with number `last`; false: something went wrong.
bool TakeUntil(Client& client, Way way, uint64_t last) {
  const int fd = way == Way::kEventLoop ? client.poll_fd() : -1;
  for (uint64_t newest = client.stats().last_sequence; newest < last;) {
    if (way != Way::kEventLoop) {
      const Frame frame = client.wait_for_frame(seconds(30));
      if (!frame) return false;
      newest = frame.sequence();
      continue;
    }
    pollfd p{fd, POLLIN, 0};
    if (::poll(&p, 1, 30'000) != 1) return false;
    while (const Frame frame = client.wait_for_frame(nanoseconds(0))) newest = frame.sequence();
  }
  return true;
}

struct SyscallsTest : ::testing::TestWithParam<std::tuple<Way, uint32_t>> {
  SyscallsTest() { ::alarm(100); }
  ~SyscallsTest() override { ::alarm(0); }
};

// The next frame comes when the last one has been taken: the consumer has to wait for each.
TEST_P(SyscallsTest, SteadyConsumerMakesTwoCallsPerFrame) {
  if (kSanitized) GTEST_SKIP() << "sanitizers make calls of their own";
  if (const std::string why = SyscallCounter::Unavailable(); !why.empty()) GTEST_SKIP() << why;
  const auto [way, queue] = GetParam();
  TempDir dir;
  Signal there;
  Signal ready;
  SyscallCounter consumer([&, way = way, queue = queue] {
    there.Wait();  // without a producer there would be a watch for a while, and more to look at
    Client client(dir / "s", {.queue = queue});
    if (way != Way::kBlocking && client.poll_fd() < 0) return 2;
    if (!client.connect(seconds(30))) return 3;
    ready.Send();
    if (!TakeUntil(client, way, kWarmUp)) return 4;
    bool without_fault = false;
    for (uint64_t stretch = 1; stretch <= kStretches; ++stretch) {
      const long faults = PageFaults();
      BeginCounting();
      const bool taken = TakeUntil(client, way, kWarmUp + stretch * kFrames);
      EndCounting();
      if (!taken) return 5;
      without_fault = without_fault || PageFaults() == faults;
    }
    if (!without_fault) return 6;
    return client.stats().taken == kWarmUp + kCounted ? 0 : 7;
  });
  TestHost host({{"socket", dir / "s"}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  there.Send();
  ASSERT_TRUE(host.WaitForConsumers(1));
  ready.Wait();
  for (uint64_t i = 1; i <= kWarmUp + kCounted; ++i) {
    ASSERT_TRUE(host.Publish()) << host.error.message;
    while (host.Consumers().size() == 1 && host.Consumers()[0].taken < i) {
      host.Service();
      ::sched_yield();
    }
  }
  ASSERT_EQ(consumer.Wait(), 0) << consumer.Why();
  RecordProperty("calls", consumer.Text());
  std::printf("calls for %llu frames: %s\n", static_cast<unsigned long long>(kCounted), consumer.Text().c_str());
  EXPECT_LE(consumer.Total(), 2 * kCounted + kCounted / 16) << consumer.Text();
}

INSTANTIATE_TEST_SUITE_P(All, SyscallsTest,
                         ::testing::Combine(::testing::Values(Way::kBlocking, Way::kEventLoop, Way::kBlockingOnPollFd),
                                            ::testing::Values(0U, 3U)));

}  // namespace
}  // namespace videostream::test

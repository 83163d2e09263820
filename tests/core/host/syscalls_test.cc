// SPDX-License-Identifier: Apache-2.0
// What a frame costs a Host in system calls, all its threads together: counted in a process of its own.
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include <memory>
#include <vector>

#include "tests/core/host/host_fixture.h"
#include "tests/support/sanitized.h"
#include "tests/support/syscall_counter.h"

namespace videostream {
namespace {

constexpr int kConsumers = 3;
constexpr int kWarmUp = 50;
constexpr int kFrames = 400;

// Takes every frame, until the producer ends.
int Consume(const std::string& path, bool polls) {
  Client client(path, {.reconnect = false});
  const int fd = polls ? client.poll_fd() : -1;
  while (client.state() != Client::State::kEnded && client.state() != Client::State::kFailed) {
    pollfd p{fd, POLLIN, 0};
    if (polls && ::poll(&p, 1, 30'000) != 1) return 1;
    while (client.wait_for_frame(polls ? std::chrono::nanoseconds(0) : std::chrono::seconds(30))) {
    }
  }
  return client.stats().taken > 0 ? 0 : 2;
}

// Publishes at a steady rate.
int Produce(const std::string& path, HostOptions options) {
  Host host = Host::create(path, std::move(options));
  if (!host || !host.wait_for_consumers(kConsumers, kPatience)) return 1;
  timespec next{};
  ::clock_gettime(CLOCK_MONOTONIC, &next);
  for (int i = 0; i < kWarmUp + kFrames; ++i) {
    if (i == kWarmUp) test::BeginCounting();
    next.tv_nsec += 2'000'000;
    if (next.tv_nsec >= 1'000'000'000) {
      next.tv_nsec -= 1'000'000'000;
      ++next.tv_sec;
    }
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
    WriteBuffer buffer = host.get_write_buffer();
    if (!buffer) return 2;
    buffer.data()[0] = static_cast<uint8_t>(i);
    if (!host.publish_frame(std::move(buffer))) return 3;
  }
  test::EndCounting();
  return 0;
}

struct HostSyscallsTest : HostTest, testing::WithParamInterface<bool> {};

// Calls per frame that were not there before: for each consumer one too many, or of the Host's own thread, which has
// nothing to do with frames.
TEST_P(HostSyscallsTest, AFrameCostsOneCallAndOneForEachConsumerThatPolls) {
  if (test::kSanitized) GTEST_SKIP() << "sanitizers make calls of their own";
  if (const std::string why = test::SyscallCounter::Unavailable(); !why.empty()) GTEST_SKIP() << why;
  const bool polls = GetParam();
  std::vector<std::unique_ptr<Child>> consumers;
  consumers.reserve(kConsumers);
  for (int i = 0; i < kConsumers; ++i) {
    consumers.push_back(std::make_unique<Child>([&] { return Consume(path_, polls); }));
  }
  HostOptions options = Grey();
  options.buffers = 12;
  test::SyscallCounter producer([&] { return Produce(path_, options); });
  ASSERT_EQ(producer.Wait(), 0) << producer.Why();
  for (auto& consumer : consumers) EXPECT_EQ(consumer->Wait(), 0) << "wait status";
  const uint64_t calls = producer.Total() - producer.Count(SYS_clock_nanosleep);
  std::printf("calls for %d frames and %d consumers: %s\n", kFrames, kConsumers, producer.Text().c_str());
  EXPECT_GE(calls, static_cast<uint64_t>(kFrames)) << producer.Text();
  const auto per_frame = static_cast<uint64_t>(polls ? kConsumers + 2 : 3);
  EXPECT_LE(calls, per_frame * kFrames + 50) << producer.Text();
}

INSTANTIATE_TEST_SUITE_P(Kinds, HostSyscallsTest, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "AllPoll" : "AllBlock"; });

}  // namespace
}  // namespace videostream

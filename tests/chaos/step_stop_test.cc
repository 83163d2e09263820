// SPDX-License-Identifier: Apache-2.0
// A consumer is stopped at every step of the protocol until everything it held has been taken back and written to
// again, and goes on: it never takes what has changed for a good frame.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <random>
#include <vector>

#include "tests/chaos/load.h"
#include "tests/chaos/victims.h"

namespace videostream::chaos {
namespace {

constexpr uint32_t kLeases = 2;
constexpr size_t kAtOnce = 6;

using Stopped = std::vector<std::pair<pid_t, Victim>>;

// All of them stand at their steps.
void AwaitStops(Load& load, Victims& victims, const Stopped& stopped) {
  for (const auto& [pid, victim] : stopped) {
    int status = -1;
    const bool changed = victims.Await(pid, &status);
    ASSERT_TRUE(changed && WIFSTOPPED(status))
        << Text(victim) << ": " << (changed ? StatusText(status) : "never comes there") << "; " << Context() << "\n"
        << load.Why();
  }
}

// All of them have gone on and ended by themselves.
void AwaitEnds(Load& load, Victims& victims, const Stopped& stopped) {
  for (const auto& [pid, victim] : stopped) {
    ASSERT_EQ(::kill(pid, SIGCONT), 0) << Text(victim) << "; " << Context();
  }
  for (const auto& [pid, victim] : stopped) {
    int status = -1;
    const bool ended = victims.Await(pid, &status);
    EXPECT_TRUE(ended && status == 0) << Text(victim) << ": " << (ended ? StatusText(status) : "does not end") << "; "
                                      << Context() << "\n"
                                      << load.Why();
    EXPECT_EQ(load.books().torn.load(), 0U) << Text(victim) << ": a torn frame under a valid lease; " << Context();
  }
}

// Bug: whoever is held up between two steps goes on with what he knew before that.
TEST(StepStop, AConsumerStoppedAtAnyStepIsToldWhatItHasLost) {
  WatchTest();
  SCOPED_TRACE("seed " + std::to_string(Seed()));
  Load load({.leases = kLeases, .lease_time = std::chrono::milliseconds(200), .watchdog = Soak() ? 3000U : 280U});
  ASSERT_TRUE(load.Start()) << load.Why();
  std::mt19937 random(Seed());
  size_t stops = 0;
  {
    Victims victims(load);
    std::vector<Victim> all;
    for (int round = 0; round < (Soak() ? 20 : 1); ++round) {
      for (const Point& point : kPoints) {
        for (const uint32_t queue : {0U, 3U}) {
          all.push_back({.step = static_cast<uint32_t>(point.step),
                         .occurrence = 1 + static_cast<uint32_t>(random() % point.often),
                         .queue = queue,
                         .epoll = point.epoll_only ? 1U : static_cast<uint32_t>(random() % 2),
                         .hold = static_cast<uint32_t>(random() % kLeases),
                         .stop = 1});
        }
      }
    }
    stops = all.size();
    while (!all.empty()) {
      Stopped stopped;
      for (size_t i = 0; i < kAtOnce && !all.empty(); ++i) {
        const pid_t pid = victims.Start(all.back());
        ASSERT_GT(pid, 0) << Text(all.back()) << "; " << Context();
        stopped.emplace_back(pid, all.back());
        all.pop_back();
      }
      ASSERT_NO_FATAL_FAILURE(AwaitStops(load, victims, stopped));
      // Those that are subscribed by now hold nothing any more, and every buffer has been written again.
      ASSERT_TRUE(load.AwaitBooks([&](const ProducerBooks& books) {
        return std::all_of(stopped.begin(), stopped.end(), [&](const auto& one) {
          const ConsumerLine* line = Load::Find(books, one.first);
          return line == nullptr || line->held == 0;
        });
      })) << load.Why();
      ASSERT_TRUE(load.AwaitTurnover()) << load.Why();
      ASSERT_NO_FATAL_FAILURE(AwaitEnds(load, victims, stopped));
    }
  }
  for (const Point& point : kPoints) {
    EXPECT_GT(load.books().last_step[static_cast<uint32_t>(point.step)].load(), 0U) << point.name;
  }
  load.Finish();
  if (HasFailure()) return;
  std::printf(
      "PROOF: %zu consumers stopped at %zu steps of the protocol until what they held was written again; none of "
      "them took it for good, %zu healthy ones lost nothing in %llu frames; seed %u\n",
      stops, std::size(kPoints), load.healthy(), static_cast<unsigned long long>(load.final_books().published), Seed());
}

}  // namespace
}  // namespace videostream::chaos

// SPDX-License-Identifier: Apache-2.0
// kill -9 of a consumer at every step of the protocol, again and again, under load: whatever it held comes back, and
// nobody else notices. 500 kills in tests, 10,000 by `tools/soak transport`.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/chaos/load.h"
#include "tests/chaos/victims.h"

namespace videostream::chaos {
namespace {

constexpr uint32_t kAtOnce = 4;  // victims
constexpr size_t kFromOutsidePerTurn = 6;
constexpr uint32_t kLeases = 2;
constexpr uint32_t kQueue = 4;

class Killing {
 public:
  Killing(Load& load, Victims& victims) : load_(load), victims_(victims), random_(Seed()) {}

  // Some at a time, then everything must be as before. False: it was not, and has been reported.
  bool Round(uint32_t count) {
    std::vector<std::pair<pid_t, Victim>> alive;
    for (uint32_t i = 0; i < count; ++i) {
      const Victim victim = Draw();
      const pid_t pid = victims_.Start(victim);
      EXPECT_GT(pid, 0) << Text(victim) << "; " << Context();
      if (pid <= 0) return false;
      alive.emplace_back(pid, victim);
    }
    for (const auto& [pid, victim] : alive) {
      if (victim.step == kFromOutside) KillAtRandom(pid);
    }
    for (const auto& [pid, victim] : alive) {
      int status = -1;
      const bool ended = victims_.Await(pid, &status);
      const bool killed = ended && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
      EXPECT_TRUE(killed) << Text(victim) << ": " << (ended ? StatusText(status) : "does not end") << "; " << Context()
                          << "\n"
                          << load_.Why();
      if (!killed) return false;
      ++kills_;
    }
    const bool clean = load_.AwaitOnlyHealthy() && load_.AwaitTurnover();
    EXPECT_TRUE(clean) << "after " << kills_ << " kills, the last one: " << Text(alive.back().second) << "\n"
                       << load_.Why();
    return clean;
  }
  uint64_t kills() const { return kills_; }
  uint64_t from_outside() const { return from_outside_; }

 private:
  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  // Every step in turn, then some from outside; the rest by chance.
  Victim Draw() {
    Victim victim;
    victim.queue = Below(2) == 0 ? 0 : 1 + Below(kQueue);
    victim.epoll = Below(2);
    const size_t turn = turn_++ % (std::size(kPoints) + kFromOutsidePerTurn);
    if (turn >= std::size(kPoints)) {
      victim.step = kFromOutside;
      victim.hold = Below(kLeases + 1);
      return victim;
    }
    const Point& point = kPoints[turn];
    victim.step = static_cast<uint32_t>(point.step);
    victim.occurrence = 1 + Below(point.often);
    if (point.epoll_only) victim.epoll = 1;
    // With all leases held nothing more is taken: it comes to no further step.
    victim.hold = Below(kLeases);
    return victim;
  }

  void KillAtRandom(pid_t pid) {
    const uint64_t until = load_.published() + Below(40);
    while (load_.published() < until) {
      for (uint32_t i = Below(1000); i > 0; --i) random_();
    }
    EXPECT_EQ(::kill(pid, SIGKILL), 0) << Context();
    ++from_outside_;
  }

  Load& load_;
  Victims& victims_;
  std::mt19937 random_;
  size_t turn_ = 0;
  uint64_t kills_ = 0;
  uint64_t from_outside_ = 0;
};

// Bug: at some step a dead consumer leaves a claim that nobody takes back, a descriptor, a mapping or a slot; or it
// takes a frame away from those that live.
TEST(Transport, ConsumersKilledAtEveryStepLeaveNothing) {
  e2e::Watchdog(Soak() ? 86400 : 800);
  const uint64_t wanted = Soak() ? 10000 : 500;
  Load load({.leases = kLeases, .watchdog = Soak() ? 86400U : 800U});
  ASSERT_TRUE(load.Start()) << load.Why();
  std::string coverage;
  uint64_t kills = 0, from_outside = 0;
  {
    Victims victims(load);
    Killing killing(load, victims);
    std::mt19937 random(Seed() + 1);
    while (killing.kills() < wanted) {
      const uint64_t count = std::min<uint64_t>(1 + random() % kAtOnce, wanted - killing.kills());
      ASSERT_TRUE(killing.Round(static_cast<uint32_t>(count)));
    }
    kills = killing.kills();
    from_outside = killing.from_outside();
  }
  uint64_t at_steps = 0;
  for (const Point& point : kPoints) {
    const uint64_t count = load.books().last_step[static_cast<uint32_t>(point.step)].load();
    EXPECT_GT(count, 0U) << "nobody died at '" << point.name << "'; " << Context();
    at_steps += count;
    coverage += std::string(coverage.empty() ? "" : ", ") + point.name + " " + std::to_string(count);
  }
  EXPECT_EQ(at_steps + from_outside, kills);
  EXPECT_EQ(load.books().torn.load(), 0U) << "frames torn under a valid lease, of those who died; seed " << Seed();
  load.Finish();
  if (HasFailure()) return;
  const ProducerBooks& books = load.final_books();
  std::printf("killed at: %s; from outside %lu\n", coverage.c_str(), from_outside);
  std::printf(
      "PROOF: %lu consumers killed with SIGKILL at %zu steps of the protocol and %lu from outside; %lu frames "
      "published meanwhile, 0 without a buffer; %zu healthy consumers: nothing torn, queues lost nothing; descriptors "
      "and mappings as before\n",
      at_steps, std::size(kPoints), from_outside, books.published, load.healthy());
}

}  // namespace
}  // namespace videostream::chaos

// SPDX-License-Identifier: Apache-2.0
// The plan of attempts, on a clock that the test moves.
#include "client/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace videostream::client_internal {
namespace {

constexpr int64_t kMs = Pace::kMillisecond;
constexpr int64_t kSecond = 1000 * kMs;
constexpr int64_t kStart = 5 * kSecond;

// Times of the attempts of a client that nobody answers, in ms from now; `stirs`: when something happens to the socket.
std::vector<int64_t> Attempts(Pace& pace, int64_t now, int64_t duration_ms, const std::vector<int64_t>& stirs = {}) {
  std::vector<int64_t> attempts;
  auto stir = stirs.begin();
  for (int64_t ms = 0; ms < duration_ms; ++ms) {
    for (; stir != stirs.end() && *stir <= ms; ++stir) pace.Stirred(now + ms * kMs);
    if (now + ms * kMs < pace.next_ns()) continue;
    attempts.push_back(ms);
    pace.Absent(now + ms * kMs);
  }
  return attempts;
}

// A client that tries all the time, or hardly ever, while nobody is there.
TEST(PaceTest, TriesTenTimesPerSecondWhileNothingHappens) {
  Pace pace;
  EXPECT_EQ(Attempts(pace, kStart, 1000), (std::vector<int64_t>{0, 100, 200, 300, 400, 500, 600, 700, 800, 900}));
}

// A new socket is noticed late, or given up on because it was bound but not yet listening.
TEST(PaceTest, TriesAtOnceAndShortlyAfterWhenTheSocketAppears) {
  Pace pace;
  EXPECT_EQ(Attempts(pace, kStart, 400, {10}), (std::vector<int64_t>{0, 10, 12, 16, 24, 40, 72, 172, 272, 372}));
}

// What happened before the watch began is found by the next regular attempt only, or takes what the budget has for the
// start of the producer.
TEST(PaceTest, OnceMoreIsOneAttempt) {
  Pace pace;
  pace.Absent(kStart);
  pace.OnceMore(kStart);
  EXPECT_EQ(Attempts(pace, kStart, 200, {50}), (std::vector<int64_t>{2, 50, 52, 56, 64, 80, 180}));
}

// Two events of one start are two attempts within one instant.
TEST(PaceTest, AttemptsAreApart) {
  Pace pace;
  const auto attempts = Attempts(pace, kStart, 200, {100, 100, 101, 101, 102, 103, 104});
  for (size_t i = 1; i < attempts.size(); ++i) EXPECT_GE(attempts[i] - attempts[i - 1], 2) << i;
}

// Somebody who touches the socket in a loop makes every client connect in a loop.
TEST(PaceTest, AttemptsAreBoundedWhateverHappens) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::minstd_rand random(seed);
    std::vector<int64_t> stirs;
    constexpr int64_t kSeconds = 20;
    for (int64_t ms = 0; ms < 1000 * kSeconds; ++ms) {
      if (seed == 1 || random() % seed == 0) stirs.push_back(ms);
    }
    Pace pace;
    const auto attempts = Attempts(pace, kStart, 1000 * kSeconds, stirs);
    for (const int64_t first : attempts) {
      const auto in_second =
          std::count_if(attempts.begin(), attempts.end(), [&](int64_t at) { return at >= first && at < first + 1000; });
      EXPECT_LE(in_second, 15 + Pace::kBurst) << "seed " << seed << ", from " << first;
    }
    EXPECT_LE(attempts.size(), 15 * kSeconds + Pace::kBurst) << seed;
    for (size_t i = 1; i < attempts.size(); ++i) EXPECT_LE(attempts[i] - attempts[i - 1], 100) << "seed " << seed;
  }
}

// A client that cannot keep a session (no descriptor left for the buffers, a producer that hangs up at once) subscribes
// in a loop.
TEST(PaceTest, SessionsThatFailAtOnceAreBounded) {
  for (const bool stirred : {false, true}) {
    constexpr int64_t kSeconds = 20;
    Pace pace;
    int64_t attempts = 0;
    for (int64_t now = kStart; now < kStart + kSeconds * kSecond; now += kMs) {
      if (stirred) pace.Stirred(now);
      if (now < pace.next_ns()) continue;
      ++attempts;
      pace.Connected();
      pace.Ended(now);
    }
    EXPECT_LE(attempts, 15 * kSeconds + Pace::kBurst) << stirred;
    EXPECT_GE(attempts, 10 * kSeconds) << stirred;
  }
}

// A producer that is started anew is found late: after the rest for one that is not there.
TEST(PaceTest, AProducerThatEndsNowAndThenIsLookedForAtOnce) {
  Pace pace;
  for (int64_t now = kStart; now < kStart + 100 * kSecond; now += kSecond) {
    pace.Connected();
    pace.Ended(now);
    EXPECT_EQ(pace.next_ns() - now, 2 * kMs);
  }
}

// A budget that was spent once stays spent.
TEST(PaceTest, TheBudgetFillsAgain) {
  Pace pace;
  Attempts(pace, kStart, 2000, {10, 20, 30, 40, 50});
  EXPECT_EQ(Attempts(pace, kStart + 10 * kSecond, 80, {30}), (std::vector<int64_t>{0, 30, 32, 36, 44, 60}));
}

// A producer that is full is asked again and again at once, or never again.
TEST(PaceTest, RefusalsAreTakenAtTheirWord) {
  Pace pace;
  int64_t now = kStart;
  for (const int64_t expected : {20, 40, 80, 160, 200, 200}) {
    pace.Refused(now, true);
    EXPECT_EQ(pace.next_ns() - now, expected * kMs);
    now = pace.next_ns();
  }
  pace.Connected();
  pace.Ended(now);
  EXPECT_EQ(pace.next_ns() - now, 2 * kMs);
  for (const int64_t expected : {20, 40, 80, 100, 100}) {
    pace.Refused(now, false);
    EXPECT_EQ(pace.next_ns() - now, expected * kMs) << "it begins anew, with a lower limit";
  }
}

// A socket that is replaced while the old producer refuses has to wait for the next attempt on the old one.
TEST(PaceTest, ANewSocketComesBeforeTheNextTryOnTheOldOne) {
  Pace pace;
  for (int i = 0; i < 6; ++i) pace.Refused(kStart, true);
  pace.Stirred(kStart + 30 * kMs);
  EXPECT_EQ(pace.next_ns(), kStart + 30 * kMs);
}

}  // namespace
}  // namespace videostream::client_internal

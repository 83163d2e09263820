// SPDX-License-Identifier: Apache-2.0
// Which frames a lower rate takes: exact where the rates divide, near the rate elsewhere, whatever the timestamps do.
#include "core/pipeline/rate_limiter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace videostream {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

int64_t Pts(vstream_ratio rate, int64_t frame) { return 5 * kSecondNs + frame * kSecondNs * rate.den / rate.num; }

// Numbers of the frames that are taken, of `count` at `source`, each up to `jitter` of a frame too early or too late.
std::vector<int64_t> Taken(RateLimiter sut, vstream_ratio source, int64_t count, double jitter = 0) {
  std::minstd_rand random(4711);
  const double period = static_cast<double>(kSecondNs) * source.den / source.num;
  std::uniform_real_distribution<double> off(-jitter * period, jitter * period);
  std::vector<int64_t> taken;
  for (int64_t i = 0; i < count; ++i) {
    // The first one is the origin: that it is off shifts all the others.
    const auto late = i == 0 || jitter == 0 ? int64_t{0} : static_cast<int64_t>(off(random));
    if (sut.Takes(Pts(source, i) + late)) taken.push_back(i);
  }
  return taken;
}

std::vector<int64_t> Every(int64_t step, int64_t count) {
  std::vector<int64_t> frames;
  for (int64_t i = 0; i < count; i += step) frames.push_back(i);
  return frames;
}

// Bug: an output without a limit loses frames, or one whose limit is that of the camera does, because clocks differ.
TEST(RateLimiter, TakesEverythingWithoutALowerLimit) {
  EXPECT_EQ(Taken({}, {30, 1}, 100).size(), 100U);
  EXPECT_EQ(Taken({{0, 0}, {30, 1}}, {30, 1}, 100).size(), 100U);
  EXPECT_EQ(Taken({{30, 1}, {30, 1}}, {31, 1}, 1000).size(), 1000U);
  EXPECT_EQ(Taken({{60, 1}, {30, 1}}, {30, 1}, 100, 0.49).size(), 100U);
  EXPECT_FALSE(RateLimiter({30, 1}, {30, 1}).active());
}

// Bug: a third of the frames is some third, or drifts because a period is no whole number of nanoseconds.
TEST(RateLimiter, TakesEveryThirdOfThirtyForTen) {
  const RateLimiter sut({10, 1}, {30, 1});
  EXPECT_TRUE(sut.active());
  EXPECT_EQ(sut.period_ns(), 100'000'000);
  EXPECT_EQ(Taken(sut, {30, 1}, 1'080'000), Every(3, 1'080'000));
  EXPECT_EQ(Taken({{30000, 3003}, {30000, 1001}}, {30000, 1001}, 300'000), Every(3, 300'000));
}

// Bug: frames that come a little early or late are lost, or two are taken for one.
TEST(RateLimiter, JitterBelowHalfAFrameChangesNothingWhereRatesDivide) {
  EXPECT_EQ(Taken({{10, 1}, {30, 1}}, {30, 1}, 30'000, 0.499), Every(3, 30'000));
  EXPECT_EQ(Taken({{25, 1}, {50, 1}}, {50, 1}, 30'000, 0.499), Every(2, 30'000));
  EXPECT_EQ(Taken({{1, 1}, {30, 1}}, {30, 1}, 30'000, 0.499), Every(30, 30'000));
}

// Bug: where the rates do not divide, the output is slower than it may be, or drops two frames in a row.
TEST(RateLimiter, SpreadsWhatItLeavesOutWhereRatesDoNotDivide) {
  const std::vector<int64_t> taken = Taken({{25, 1}, {30, 1}}, {30, 1}, 30'000);
  EXPECT_EQ(taken.size(), 25'000U);
  for (size_t i = 1; i < taken.size(); ++i) ASSERT_LE(taken[i] - taken[i - 1], 2) << i;
  // 29.97 to 10: a third, and from time to time one earlier.
  const double seconds = 30'000 * 1001 / 30000.0;
  EXPECT_NEAR(static_cast<double>(Taken({{10, 1}, {30000, 1001}}, {30000, 1001}, 30'000).size()), 10 * seconds, 1);
  EXPECT_NEAR(static_cast<double>(Taken({{24000, 1001}, {60, 1}}, {60, 1}, 60'000).size()), 24000 / 1.001, 1);
}

// Bug: jitter makes an output slower, since a slot that was missed is never made up for.
TEST(RateLimiter, JitterKeepsTheRateWhereRatesDoNotDivide) {
  EXPECT_NEAR(static_cast<double>(Taken({{25, 1}, {30, 1}}, {30, 1}, 30'000, 0.3).size()), 25'000, 250);
  EXPECT_NEAR(static_cast<double>(Taken({{20, 1}, {30, 1}}, {30, 1}, 30'000, 0.3).size()), 20'000, 200);
}

// Bug: after a source without a nominal rate has begun, nothing or everything is taken.
TEST(RateLimiter, MeasuresASourceOfUnknownRate) {
  EXPECT_EQ(Taken({{10, 1}, {0, 0}}, {30, 1}, 3000), Every(3, 3000));
  EXPECT_EQ(Taken({{10, 1}, {0, 0}}, {5, 1}, 3000).size(), 3000U);
}

// Bug: a camera that is slower than it says is slowed down further.
TEST(RateLimiter, TakesEveryFrameOfASourceThatIsSlowerThanTheLimit) {
  EXPECT_EQ(Taken({{10, 1}, {30, 1}}, {8, 1}, 1000, 0.09).size(), 1000U);
}

// Bug: the frames after a pause come in a burst.
TEST(RateLimiter, FramesLostByTheDeviceAreNotMadeUpFor) {
  RateLimiter sut({10, 1}, {30, 1});
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 0)));
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 6)));  // one slot was empty
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 7)));
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 8)));
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 9)));
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 30)));  // several were
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 31)));
}

// Bug: timestamps that jump back stop the output until they are where they were; extreme ones overflow.
TEST(RateLimiter, AJumpOfTheTimestampsStartsAnew) {
  RateLimiter sut({10, 1}, {30, 1});
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 300)));
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 301)));
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 0)));  // back
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 1)));
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 2)));
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 3)));
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 9001)));  // ahead, and from there on
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 9002)));
  EXPECT_FALSE(sut.Takes(Pts({30, 1}, 9003)));
  EXPECT_TRUE(sut.Takes(Pts({30, 1}, 9004)));
  EXPECT_TRUE(sut.Takes(std::numeric_limits<int64_t>::min()));
  EXPECT_TRUE(sut.Takes(std::numeric_limits<int64_t>::max()));
  EXPECT_FALSE(sut.Takes(std::numeric_limits<int64_t>::max()));
}

// Bug: timestamps that stand still let every frame pass.
TEST(RateLimiter, TimestampsThatStandStillAreOneFrame) {
  RateLimiter sut({10, 1}, {30, 1});
  EXPECT_TRUE(sut.Takes(7));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(sut.Takes(7)) << i;
}

// Bug: an output announces more frames than it lets pass.
TEST(LowerRate, IsTheLowerOneAndTheKnownOne) {
  const auto lower = [](vstream_ratio a, vstream_ratio b) {
    const vstream_ratio rate = LowerRate(a, b);
    return std::to_string(rate.num) + "/" + std::to_string(rate.den);
  };
  EXPECT_EQ(lower({30, 1}, {10, 1}), "10/1");
  EXPECT_EQ(lower({10, 1}, {30000, 1001}), "10/1");
  EXPECT_EQ(lower({30, 1}, {30000, 1001}), "30000/1001");
  EXPECT_EQ(lower({0, 0}, {10, 1}), "10/1");
  EXPECT_EQ(lower({30, 1}, {0, 0}), "30/1");
  EXPECT_EQ(lower({0, 0}, {0, 0}), "0/0");
}

}  // namespace
}  // namespace videostream

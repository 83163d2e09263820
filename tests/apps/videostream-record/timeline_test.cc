// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-record/timeline.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace videostream::record {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStart = 123'456'789'012'345;

// Catches a clock in which one frame is not a whole number of ticks: timestamps would jitter by rounding.
TEST(TimelineTest, OnePeriodIsAWholeNumberOfTicks) {
  EXPECT_EQ(Timeline({30, 1}).timescale(), 90000u);
  EXPECT_EQ(Timeline({30, 1}).period(), 3000);
  EXPECT_EQ(Timeline({30000, 1001}).timescale(), 90000u);
  EXPECT_EQ(Timeline({30000, 1001}).period(), 3003);
  EXPECT_EQ(Timeline({24000, 1001}).timescale(), 96000u);
  EXPECT_EQ(Timeline({24000, 1001}).period(), 4004);
  EXPECT_EQ(Timeline({10, 1}).period(), 9000);
}

// Catches division by zero and timescales beyond 31 bits for rates that are unknown or lies.
TEST(TimelineTest, RatesOutOfReasonCountAsUnknown) {
  for (const vstream_ratio rate : {vstream_ratio{0, 0},
                                   {30, 0},
                                   {0, 1},
                                   {0xFFFFFFFF, 1},
                                   {1, 0xFFFFFFFF},
                                   {5000, 1},
                                   {1, 5000},
                                   {0xFFFFFFFF, 0xFFFFFFFF}}) {
    const Timeline sut(rate);
    EXPECT_EQ(sut.timescale(), 90000u) << rate.num << "/" << rate.den;
    EXPECT_EQ(sut.period(), 0);
  }
}

// Catches scheduler jitter in the file: times within a quarter of a period are put on the grid.
TEST(TimelineTest, JitterIsTakenOut) {
  constexpr uint32_t kSeed = 7;
  std::mt19937 random(kSeed);
  std::uniform_int_distribution<int64_t> jitter(-4 * kMs, 4 * kMs);
  Timeline sut({30, 1});
  for (int64_t frame = 0; frame < 1000; ++frame) {
    const int64_t offset = frame == 0 ? 0 : jitter(random);
    ASSERT_EQ(sut.Place(kStart + frame * 1'000'000'000 / 30 + offset), frame * 3000) << "seed " << kSeed;
  }
}

// Catches a gap that is closed up: frames that were skipped stay missing in time.
TEST(TimelineTest, GapsStayVisible) {
  Timeline sut({10, 1});
  EXPECT_EQ(sut.Place(kStart), 0);
  EXPECT_EQ(sut.Place(kStart + 100 * kMs), 9000);
  EXPECT_EQ(sut.Place(kStart + 703 * kMs), 63000);
  EXPECT_EQ(sut.Place(kStart + 800 * kMs), 72000);
}

// Catches a file that runs away from the clock when the source is slower than it says: within a quarter of a period.
TEST(TimelineTest, ASourceThatIsNotAsFastAsItSaysStaysInStep) {
  Timeline sut({30, 1});
  int64_t last = -1;
  for (int64_t frame = 0; frame < 20000; ++frame) {
    const int64_t ns = frame * 34'000'000;  // 29.4 fps
    const int64_t placed = sut.Place(kStart + ns);
    ASSERT_GT(placed, last);
    ASSERT_NEAR(static_cast<double>(placed), static_cast<double>(ns) * 90000 / 1e9, 751) << frame;
    last = placed;
  }
}

// Catches two packets with one timestamp, which the muxer refuses, and time that runs backwards.
TEST(TimelineTest, TimeStrictlyRises) {
  Timeline sut({30, 1});
  EXPECT_EQ(sut.Place(kStart), 0);
  EXPECT_EQ(sut.Place(kStart), 1);
  EXPECT_EQ(sut.Place(kStart - 5000 * kMs), 2);
  EXPECT_EQ(sut.Place(INT64_MIN), 3);
  EXPECT_EQ(sut.Place(kStart + 33 * kMs), 3000);
}

// Catches overflow with stamps of a lying producer.
TEST(TimelineTest, AbsurdTimesDoNotOverflow) {
  Timeline sut({1000000, 1001});
  EXPECT_EQ(sut.Place(INT64_MIN), 0);
  EXPECT_GT(sut.Place(INT64_MAX), 0);
  const int64_t before = sut.Place(INT64_MAX);
  EXPECT_EQ(sut.Place(INT64_MAX), before + 1);
}

// Catches invented timing where the rate is unknown: capture times to the tick.
TEST(TimelineTest, WithoutARateTimesAreKept) {
  Timeline sut({0, 0});
  EXPECT_EQ(sut.Place(kStart), 0);
  EXPECT_EQ(sut.Place(kStart + 1 * kMs), 90);
  EXPECT_EQ(sut.Place(kStart + 40 * kMs), 3600);
}

}  // namespace
}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// When frames are due, and which ticks a live source loses.
#include "backends/sw-fallback/cadence.h"

#include <gtest/gtest.h>

namespace videostream::sw_fallback {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Rounding per frame that adds up to seconds in a day.
TEST(CadenceTest, DoesNotDrift) {
  const Cadence ntsc({30000, 1001}, 1, 5 * kSecond);
  EXPECT_EQ(ntsc.Due(1), 5 * kSecond);
  EXPECT_EQ(ntsc.Due(2), 5 * kSecond + 33'366'666);
  EXPECT_EQ(ntsc.Due(1 + 30000), (5 + 1001) * kSecond);
  EXPECT_EQ(ntsc.Due(1 + 30000ull * 1'000'000), (5 + 1001ll * 1'000'000) * kSecond);
  EXPECT_EQ(ntsc.Period(), 33'366'666);
}

// A buffer that is there in time gets the next tick, however late the thread that fills it runs.
TEST(CadenceTest, BufferThatWaitedGetsTheNextTick) {
  const Cadence sut({10, 1}, 1, 0);
  EXPECT_EQ(sut.NextLive(0, 0), 1u);
  EXPECT_EQ(sut.NextLive(1, 0), 2u);
  EXPECT_EQ(sut.NextLive(7, 0), 8u);
}

// Off by one at the edges: queued exactly at a tick is in time, a nanosecond later is not.
TEST(CadenceTest, TicksWithoutABufferAreLost) {
  const Cadence sut({10, 1}, 1, 0);  // tick n is due at (n - 1) * 100 ms
  EXPECT_EQ(sut.NextLive(1, 100'000'000), 2u);
  EXPECT_EQ(sut.NextLive(1, 100'000'001), 3u);
  EXPECT_EQ(sut.NextLive(1, 549'999'999), 7u);
  EXPECT_EQ(sut.NextLive(1, 600'000'000), 7u);
  EXPECT_EQ(sut.NextLive(1, 600'000'001), 8u);
}

// A suspended machine: one step, not a loop over every lost tick, and no overflow.
TEST(CadenceTest, SkipsYearsAtOnce) {
  const Cadence sut({1000, 1}, 1, 0);
  const int64_t years = 100ll * 365 * 86400 * kSecond;
  const uint64_t tick = sut.NextLive(1, years);
  EXPECT_EQ(tick, static_cast<uint64_t>(years / 1'000'000) + 1);
  EXPECT_EQ(sut.Due(tick), years);
}

// After a stop the numbers go on, and the clock starts anew: nothing is lost in between.
TEST(CadenceTest, StartsAtAnyNumber) {
  const Cadence sut({25, 1}, 101, 7 * kSecond);
  EXPECT_EQ(sut.NextLive(100, 7 * kSecond), 101u);
  EXPECT_EQ(sut.Due(101), 7 * kSecond);
  EXPECT_EQ(sut.NextLive(101, 7 * kSecond + 45'000'000), 103u);
}

// The tick chosen is due no earlier than the buffer came, and the one before is: for awkward rates too.
TEST(CadenceTest, AgreesWithDueForEveryRate) {
  for (const vstream_ratio rate : {vstream_ratio{30000, 1001}, {24000, 1001}, {7, 3}, {1, 60}, {999, 1}}) {
    const Cadence sut(rate, 1, 123);
    for (int64_t queued = 124; queued < 90 * kSecond; queued += 777'777'777) {
      const uint64_t tick = sut.NextLive(0, queued);
      EXPECT_GE(sut.Due(tick), queued) << rate.num << "/" << rate.den;
      if (tick > 1) {
        EXPECT_LT(sut.Due(tick - 1), queued) << rate.num << "/" << rate.den;
      }
    }
  }
}

}  // namespace
}  // namespace videostream::sw_fallback

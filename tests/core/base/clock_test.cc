// SPDX-License-Identifier: Apache-2.0
// The clock is the one that frame timestamps use.
#include "core/base/clock.h"

#include <gtest/gtest.h>

namespace videostream {
namespace {

// Catches another clock (realtime, boottime) or another unit.
TEST(ClockTest, IsClockMonotonicInNanoseconds) {
  timespec before{};
  timespec after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  const int64_t now = NowNs();
  clock_gettime(CLOCK_MONOTONIC, &after);
  EXPECT_GE(now, before.tv_sec * kNsPerSecond + before.tv_nsec);
  EXPECT_LE(now, after.tv_sec * kNsPerSecond + after.tv_nsec);
}

}  // namespace
}  // namespace videostream

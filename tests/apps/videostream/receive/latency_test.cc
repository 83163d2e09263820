// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream/receive/latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace videostream::receive {
namespace {

// Catches percentiles made up where nothing was recorded.
TEST(LatencyHistogramTest, IsZeroWithoutValues) {
  const LatencyHistogram sut;
  EXPECT_EQ(sut.count(), 0u);
  EXPECT_EQ(sut.Percentile(50), 0);
  EXPECT_EQ(sut.max_ns(), 0);
}

// Catches rounding of small values, and a percentile rank that is off by one.
TEST(LatencyHistogramTest, SmallValuesAreExact) {
  LatencyHistogram sut;
  for (int64_t value = 1; value <= 100; ++value) sut.Record(value);
  EXPECT_EQ(sut.Percentile(0), 1);
  EXPECT_EQ(sut.Percentile(1), 1);
  EXPECT_EQ(sut.Percentile(50), 50);
  EXPECT_EQ(sut.Percentile(50.1), 51);
  EXPECT_EQ(sut.Percentile(99), 99);
  EXPECT_EQ(sut.Percentile(100), 100);
  EXPECT_EQ(sut.max_ns(), 100);
}

// Catches a bucket whose representative lies outside of what came in: one value has to come out as itself.
TEST(LatencyHistogramTest, OneValueComesOutAsItself) {
  for (const int64_t value : {int64_t{0}, int64_t{127}, int64_t{128}, int64_t{129}, int64_t{255}, int64_t{256},
                              int64_t{1'000'000}, int64_t{33'333'333}, INT64_MAX - 1, INT64_MAX}) {
    LatencyHistogram sut;
    sut.Record(value);
    EXPECT_EQ(sut.Percentile(50), value);
    EXPECT_EQ(sut.max_ns(), value);
  }
}

// Catches an index beyond the table or a wrap for stamps of a lying producer.
TEST(LatencyHistogramTest, NegativeValuesCountAsZero) {
  LatencyHistogram sut;
  sut.Record(-1);
  sut.Record(INT64_MIN);
  EXPECT_EQ(sut.count(), 2u);
  EXPECT_EQ(sut.Percentile(100), 0);
}

// Catches buckets wider than promised, at any magnitude, against sorted values.
TEST(LatencyHistogramTest, PercentilesAreWithinOnePercentOfTheTruth) {
  constexpr uint64_t kSeed = 20240517;
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<double> exponent(0, 60);
  LatencyHistogram sut;
  std::vector<int64_t> values(20000);
  for (int64_t& value : values) {
    value = static_cast<int64_t>(std::exp2(exponent(random)));
    sut.Record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.1, 1.0, 25.0, 50.0, 75.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const auto truth = static_cast<double>(values[std::max<size_t>(rank, 1) - 1]);
    EXPECT_NEAR(static_cast<double>(sut.Percentile(percent)), truth, truth * 0.01)
        << "percentile " << percent << " seed " << kSeed;
  }
  EXPECT_EQ(sut.count(), values.size());
  EXPECT_EQ(sut.max_ns(), values.back());
}

}  // namespace
}  // namespace videostream::receive

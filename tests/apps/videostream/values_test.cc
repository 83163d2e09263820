// SPDX-License-Identifier: Apache-2.0
// How values of the command line are read.
#include "apps/videostream/values.h"

#include <gtest/gtest.h>

namespace videostream {
namespace {

using std::chrono::nanoseconds;

// Would catch: a unit that is misread by a factor.
TEST(ValuesTest, TimesHaveUnits) {
  EXPECT_EQ(*ParseTime("10s"), std::chrono::seconds(10));
  EXPECT_EQ(*ParseTime("500ms"), std::chrono::milliseconds(500));
  EXPECT_EQ(*ParseTime("5m"), std::chrono::minutes(5));
  EXPECT_EQ(*ParseTime("24000h"), std::chrono::hours(24000));
}

// Would catch: 0 taken for "for ever", overflow into the past, units and signs that are made up.
TEST(ValuesTest, OtherTimesAreRefused) {
  for (const char* text :
       {"", "10", "s", "0s", "-1s", "+1s", "1.5s", "1 s", "1S", "24001h", "99999999999999999999s", "10us"}) {
    const Result<nanoseconds> time = ParseTime(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().message, "expected a time such as 10s, 500ms, 5m or 2h, found '" + std::string(text) + "'");
  }
}

// Would catch: numbers beyond the limits, or what atoi() would make of them.
TEST(ValuesTest, NumbersAreWholeAndBounded) {
  EXPECT_EQ(*ParseNumber("0", 0, 5), 0U);
  EXPECT_EQ(*ParseNumber("5", 0, 5), 5U);
  for (const char* text : {"", "6", "-1", "1x", " 1", "0x1", "99999999999999999999"}) {
    EXPECT_FALSE(ParseNumber(text, 0, 5)) << text;
  }
  EXPECT_EQ(ParseNumber("6", 1, 5).error().message, "expected a whole number from 1 to 5, found '6'");
}

// Would catch: a queue of 0, which the client would take for `latest`.
TEST(ValuesTest, PoliciesAreLatestOrQueue) {
  EXPECT_EQ(*ParsePolicy("latest"), 0U);
  EXPECT_EQ(*ParsePolicy("queue:1"), 1U);
  EXPECT_EQ(*ParsePolicy("queue:32"), 32U);
  for (const char* text : {"", "queue", "queue:", "queue:0", "queue:33", "queue:-1", "newest"}) {
    EXPECT_FALSE(ParsePolicy(text)) << text;
  }
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What is held back of a log that repeats itself, and when it is told.
#include "core/base/log_repeats.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace videostream {
namespace {

constexpr int64_t kWindow = LogRepeats::kWindowNs;

struct RepeatsTest : testing::Test {
  bool Pass(const std::string& text, int64_t now, int line = 1) {
    return sut.Pass({LogLevel::kError, "t", text, "a.cc", line, now}, due);
  }
  // "TEXT*COUNT" each.
  std::string Told() {
    std::string text;
    for (const LogRepeat& one : due) text += one.text + "*" + std::to_string(one.held) + " ";
    due.clear();
    return text;
  }
  LogRepeats sut;
  std::vector<LogRepeat> due;
};

// Bug: the window never ends, or begins anew with each message so that a steady error is never told again.
TEST_F(RepeatsTest, AMessageComesAgainAfterItsWindow) {
  EXPECT_TRUE(Pass("a", 0));
  EXPECT_FALSE(Pass("a", 1));
  EXPECT_FALSE(Pass("a", kWindow - 1));
  EXPECT_EQ(sut.held(), 2U);
  EXPECT_EQ(Told(), "");
  EXPECT_TRUE(Pass("a", kWindow));
  EXPECT_EQ(Told(), "a*2 ");
  EXPECT_EQ(sut.held(), 0U);
  EXPECT_FALSE(Pass("a", kWindow + 1));
}

// Bug: something else is held back too, or its coming does not tell what is due.
TEST_F(RepeatsTest, OthersPassAndTellWhatIsDue) {
  EXPECT_TRUE(Pass("a", 0));
  EXPECT_FALSE(Pass("a", 1));
  EXPECT_TRUE(Pass("a", 2, 2)) << "another place";
  EXPECT_TRUE(Pass("b", 3));
  EXPECT_TRUE(sut.Pass({LogLevel::kWarn, "t", "a", "a.cc", 1, 4}, due)) << "another level";
  EXPECT_TRUE(sut.Pass({LogLevel::kError, "t", "a", "b.cc", 1, 5}, due)) << "another file";
  EXPECT_EQ(Told(), "");
  EXPECT_TRUE(Pass("c", kWindow + 1));
  EXPECT_EQ(Told(), "a*1 ");
}

// Bug: a message that came once is told as repeated, or the end forgets one.
TEST_F(RepeatsTest, TheEndTellsEverythingThatWasHeldBack) {
  EXPECT_TRUE(Pass("a", 0));
  EXPECT_TRUE(Pass("b", 1));
  EXPECT_FALSE(Pass("b", 2));
  EXPECT_TRUE(Pass("c", 3));
  EXPECT_FALSE(Pass("c", 4));
  sut.TakeDue(5, true, due);
  EXPECT_EQ(Told(), "b*1 c*1 ");
  sut.TakeDue(5, true, due);
  EXPECT_EQ(Told(), "");
}

// Bug: memory that grows with every other text, or a text that is lost on the way out.
TEST_F(RepeatsTest, MemoryIsBounded) {
  EXPECT_TRUE(Pass("first", 0));
  EXPECT_FALSE(Pass("first", 0));
  for (size_t i = 0; i < LogRepeats::kMost; ++i) EXPECT_TRUE(Pass(std::to_string(i), 1));
  EXPECT_EQ(Told(), "first*1 ");
  const std::string huge(LogRepeats::kMaxText + 1, 'x');
  EXPECT_TRUE(Pass(huge, 2));
  EXPECT_TRUE(Pass(huge, 2));
}

}  // namespace
}  // namespace videostream

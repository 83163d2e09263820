// SPDX-License-Identifier: Apache-2.0
// Levels of topics: what is understood, and which one counts.
#include "core/base/log_levels.h"

#include <gtest/gtest.h>

#include <string>

namespace videostream {
namespace {

// Bug: a topic that only begins or ends like the one that is meant; a short name that wins over an exact one.
TEST(LogLevels, ATopicIsNamedByItsPartsAndTheLongestCounts) {
  const LogLevels levels = *ParseLogLevels("error,core=warn,planner=debug,core.planner.deep=trace,backend.v4l2=info");
  const std::pair<const char*, LogLevel> rows[] = {
      {"core", LogLevel::kWarn},
      {"core.pipeline", LogLevel::kWarn},
      {"core.planner", LogLevel::kDebug},
      {"core.planners", LogLevel::kWarn},
      {"core.planner.deep", LogLevel::kTrace},
      {"corex.y", LogLevel::kError},
      {"my.core", LogLevel::kWarn},
      {"backend.v4l2", LogLevel::kInfo},
      {"backend.v4l2x", LogLevel::kError},
      {"", LogLevel::kError},
      {"planner", LogLevel::kDebug},
      {"x.planner.y", LogLevel::kDebug},
  };
  for (const auto& [topic, level] : rows) EXPECT_STREQ(LogLevelName(levels.Of(topic)), LogLevelName(level)) << topic;
  EXPECT_EQ(levels.Least(), LogLevel::kTrace);
  EXPECT_EQ(*ParseLogLevels(levels.Text()), levels);
}

// Bug: the order decides, or the last word does not count.
TEST(LogLevels, TheLastOfTwoCounts) {
  EXPECT_EQ(ParseLogLevels("a=debug,warn,a=trace,info")->Text(), "info,a=trace");
  EXPECT_EQ(ParseLogLevels("a=debug")->Text(), "info,a=debug");
  EXPECT_EQ(ParseLogLevels("debug")->Text(), "debug");
}

// Bug: a slip that is taken for something, or text of a client that is not bounded.
TEST(LogLevels, SlipsAreExplained) {
  const auto said = [](const std::string& text) {
    const auto levels = ParseLogLevels(text);
    return levels ? "understood: " + levels->Text() : levels.error().message;
  };
  const std::string names = " is not one of trace, debug, info, warn, error";
  EXPECT_EQ(said(""), "log level ''" + names);
  EXPECT_EQ(said("info,"), "log level ''" + names);
  EXPECT_EQ(said("a=loud"), "log level 'loud'" + names);
  EXPECT_EQ(said("a=b=info"), "log level 'b=info'" + names);
  EXPECT_EQ(said("=info"), "log topic '': expected 1 to 64 of a-z, 0-9, '.', '_' and '-', such as planner");
  EXPECT_EQ(said("A b=info"), "log topic 'A b': expected 1 to 64 of a-z, 0-9, '.', '_' and '-', such as planner");
  EXPECT_NE(said(std::string(65, 'a') + "=info").find("expected 1 to 64"), std::string::npos);
  std::string many = "t0=info";
  for (int i = 1; i < 33; ++i) many += ",t" + std::to_string(i) + "=info";
  EXPECT_EQ(said(many), "log levels: more than 32 topics");
}

}  // namespace
}  // namespace videostream

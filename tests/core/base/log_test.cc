// SPDX-License-Identifier: Apache-2.0
// What the log writes to stderr, and when.
#include "core/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace videostream {
namespace {

using testing::MatchesRegex;

constexpr char kTime[] = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z";

class LogTest : public testing::Test {
 protected:
  ~LogTest() override {
    SetLogLevel(LogLevel::kInfo);
    SetLogFormat(LogFormat::kText);
  }

  static std::string Captured(LogLevel level, std::string_view topic, std::string_view text) {
    testing::internal::CaptureStderr();
    Log(level, topic, text);
    return testing::internal::GetCapturedStderr();
  }
};

// Catches a changed layout, and colour codes in a file.
TEST_F(LogTest, TextLineHasTimeLevelTopicText) {
  EXPECT_THAT(Captured(LogLevel::kWarn, "core.pipeline", "slot 'a': trying 'b'"),
              MatchesRegex(std::string(kTime) + " warn  core.pipeline: slot 'a': trying 'b'\n"));
  EXPECT_THAT(Captured(LogLevel::kError, "backend.v4l2", "x"),
              MatchesRegex(std::string(kTime) + " error backend.v4l2: x\n"));
}

// Catches JSON that is not one object on one line.
TEST_F(LogTest, JsonLineIsOneObject) {
  SetLogFormat(LogFormat::kJson);
  EXPECT_THAT(Captured(LogLevel::kInfo, "core.control", "two\nlines and \"quotes\""),
              MatchesRegex("\\{\"time\":\"" + std::string(kTime) +
                           "\",\"level\":\"info\",\"topic\":\"core.control\",\"text\":\"two\\\\nlines and "
                           "\\\\\"quotes\\\\\"\"\\}\n"));
}

// Catches a terminal escape of a foreign backend that gets through.
TEST_F(LogTest, ForeignControlCharactersAreEscaped) {
  const std::string line = Captured(LogLevel::kError, "backend.\x1b[31m", "\x1b]0;title\x07");
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(line.find("backend.\\x1b[31m: \\x1b]0;title\\x07"), std::string::npos) << line;
}

// Catches a level that is off by one, in either direction.
TEST_F(LogTest, OnlyTheLevelAndAboveIsWritten) {
  SetLogLevel(LogLevel::kWarn);
  EXPECT_EQ(Captured(LogLevel::kInfo, "t", "x"), "");
  EXPECT_NE(Captured(LogLevel::kWarn, "t", "x"), "");
  EXPECT_FALSE(LogEnabled(LogLevel::kDebug));
  SetLogLevel(LogLevel::kTrace);
  EXPECT_NE(Captured(LogLevel::kTrace, "t", "x"), "");
  EXPECT_TRUE(LogEnabled(LogLevel::kTrace));
}

// Catches a name that can be printed but not given on the command line.
TEST_F(LogTest, LevelNamesParseBack) {
  for (const LogLevel level :
       {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    const auto parsed = ParseLogLevel(LogLevelName(level));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(*parsed, level);
  }
  EXPECT_EQ(ParseLogLevel("warning").error().message,
            "log level 'warning' is not one of trace, debug, info, warn, error");
  EXPECT_EQ(*ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_EQ(ParseLogFormat("xml").error().message, "log format 'xml' is not one of text, json");
}

// Catches lines of two threads that are mixed into each other.
TEST_F(LogTest, LinesOfSeveralThreadsStayWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 100;
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < kLines; ++i) Log(LogLevel::kInfo, "t", "whole line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string all = testing::internal::GetCapturedStderr();
  size_t lines = 0;
  for (size_t start = 0; start < all.size(); ++lines) {
    const size_t end = all.find('\n', start);
    ASSERT_NE(end, std::string::npos);
    ASSERT_TRUE(all.substr(start, end - start).ends_with(" info  t: whole line")) << all.substr(start, end - start);
    start = end + 1;
  }
  EXPECT_EQ(lines, size_t{kThreads} * kLines);
}

}  // namespace
}  // namespace videostream

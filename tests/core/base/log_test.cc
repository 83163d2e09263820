// SPDX-License-Identifier: Apache-2.0
// What the log writes to stderr, and when.
#include "core/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "core/base/journal.h"
#include "core/base/log_levels.h"

namespace videostream {
namespace {

using testing::MatchesRegex;

constexpr char kTime[] = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z";

class LogTest : public testing::Test {
 protected:
  ~LogTest() override {
    FlushLog();
    SetLogLevel(LogLevel::kInfo);
    SetLogFormat(LogFormat::kText);
    SetJournalSocket(kJournalSocket);
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
  EXPECT_EQ(ParseLogFormat("xml").error().message, "log format 'xml' is not one of text, json, journal");
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

// Catches foreign text that passes for a message of its own.
TEST_F(LogTest, FurtherLinesAreIndented) {
  EXPECT_THAT(Captured(LogLevel::kInfo, "t", "one\n2024-01-01 error core: two"),
              MatchesRegex(std::string(kTime) + " info  t: one\n    2024-01-01 error core: two\n"));
}

// Catches control characters that JSON may hold and a terminal obeys.
TEST_F(LogTest, JsonHasNoControlCharacters) {
  SetLogFormat(LogFormat::kJson);
  const std::string line = Captured(LogLevel::kInfo, "t\x01", "a\x1b[2J\x7f\xc2\x9bz\xff");
  EXPECT_NE(line.find(R"("topic":"t\u0001","text":"a\u001b[2J\u007f\u009bz)"), std::string::npos) << line;
  for (const char c : line.substr(0, line.size() - 1)) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
}

// Catches a level that is not that of the topic, or one that needs a restart.
TEST_F(LogTest, TopicsHaveLevelsOfTheirOwn) {
  SetLogLevels(*ParseLogLevels("warn,planner=debug,core=error"));
  EXPECT_NE(Captured(LogLevel::kDebug, "core.planner", "x"), "");
  EXPECT_EQ(Captured(LogLevel::kTrace, "core.planner", "x"), "");
  EXPECT_EQ(Captured(LogLevel::kWarn, "core.pipeline", "x"), "");
  EXPECT_EQ(Captured(LogLevel::kInfo, "backend.v4l2", "x"), "");
  EXPECT_NE(Captured(LogLevel::kWarn, "backend.v4l2", "x"), "");
  EXPECT_TRUE(LogEnabled(LogLevel::kDebug));
  EXPECT_FALSE(LogEnabled(LogLevel::kTrace));
  EXPECT_EQ(GetLogLevels().Text(), "warn,planner=debug,core=error");
  SetLogLevel(LogLevel::kInfo);
  EXPECT_EQ(Captured(LogLevel::kDebug, "core.planner", "x"), "");
}

// Catches a flood of one error, a repetition that is not told, or another error that is held back with it.
TEST_F(LogTest, RepeatedErrorsAreCounted) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 58; ++i) {
    Log(LogLevel::kError, "t", "same");
    Log(LogLevel::kInfo, "t", "news");
  }
  for (int i = 0; i < 2; ++i) Log(LogLevel::kError, "t", "same");  // from another place
  Log(LogLevel::kError, "u", "same");
  FlushLog();
  const std::string all = testing::internal::GetCapturedStderr();
  const auto count = [&all](const std::string& text) {
    size_t times = 0;
    for (size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++times;
    return times;
  };
  EXPECT_EQ(count(" error t: same\n"), 2U) << all;
  EXPECT_EQ(count(" error u: same\n"), 1U) << all;
  EXPECT_EQ(count(" error t: same (repeated 57 times)\n"), 1U) << all;
  EXPECT_EQ(count(" error t: same (repeated once)\n"), 1U) << all;
  EXPECT_EQ(count(" info  t: news\n"), 58U) << "news are no errors";
}

// Catches a count that nobody hears of because the program ends first.
TEST_F(LogTest, TheEndTellsWhatWasHeldBack) {
  EXPECT_EXIT(
      {
        for (int i = 0; i < 3; ++i) Log(LogLevel::kWarn, "t", "again");
        std::exit(0);  // NOLINT(concurrency-mt-unsafe): one thread
      },
      testing::ExitedWithCode(0), "warn  t: again \\(repeated 2 times\\)");
}

// A journald that keeps what it gets.
class JournalTest : public LogTest {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(dir_.data()), nullptr);
    path_ = std::string(dir_.data()) + "/journal";
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(static_cast<char*>(address.sun_path), path_.c_str(), path_.size() + 1);
    ASSERT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
    SetJournalSocket(path_);
    SetLogFormat(LogFormat::kJournal);
  }
  ~JournalTest() override {
    close(fd_);
    unlink(path_.c_str());
    rmdir(dir_.data());
  }
  std::string Received() const {
    std::string datagram(1 << 17, '\0');
    const ssize_t got = recv(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT);
    datagram.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return datagram;
  }

  std::array<char, 32> dir_{"/tmp/vs-journal-XXXXXX"};
  std::string path_;
  int fd_ = -1;
};

// Catches fields that journald does not take, a message on stderr as well, or the place of log.cc in all of them.
TEST_F(JournalTest, AnEntryHasItsFields) {
  EXPECT_EQ(Captured(LogLevel::kWarn, "core.pipeline", "a\x1b[2J"), "");
  const std::string entry = Received();
  EXPECT_EQ(entry.find("MESSAGE=a\\x1b[2J\nPRIORITY=4\nSYSLOG_IDENTIFIER=videostream\nVIDEOSTREAM_TOPIC=core.pipeline\n"
                       "CODE_FILE="),
            0U)
      << entry;
  EXPECT_NE(entry.find("tests/core/base/log_test.cc\nCODE_LINE="), std::string::npos) << entry;
  (void)Captured(LogLevel::kError, "t", "two\nlines");
  const std::string lines = Received();
  EXPECT_EQ(lines.substr(0, lines.find("PRIORITY")), std::string("MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\n", 26))
      << lines;
  EXPECT_NE(lines.find("PRIORITY=3\n"), std::string::npos);
  (void)Captured(LogLevel::kInfo, "t", std::string(1 << 20, 'x'));
  EXPECT_EQ(Received().find("MESSAGE=xxx"), 0U) << "too large for the socket";
}

// Catches messages that are lost where there is no journald.
TEST_F(JournalTest, WithoutAJournalTheTextGoesToStderr) {
  SetJournalSocket(path_ + "-gone");
  EXPECT_THAT(Captured(LogLevel::kWarn, "t", "x"), MatchesRegex(std::string(kTime) + " warn  t: x\n"));
}

// Catches a log that goes to the journal although stderr is somewhere else by now.
TEST(StderrIsJournal, OnlyIfItIsTheStreamOfTheManager) {
  struct stat info {};
  ASSERT_EQ(fstat(STDERR_FILENO, &info), 0);
  const std::string mine = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  ASSERT_EQ(setenv("JOURNAL_STREAM", mine.c_str(), 1), 0);
  EXPECT_TRUE(StderrIsJournal());
  ASSERT_EQ(setenv("JOURNAL_STREAM", (mine + "0").c_str(), 1), 0);
  EXPECT_FALSE(StderrIsJournal());
  unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(StderrIsJournal());
}

// Catches a topic that is not the folder.
TEST(LogTopic, IsTheFolderOfTheSource) {
  constexpr auto kPlanner = LogTopic("core/planner/plan.cc");
  EXPECT_EQ(std::string_view(kPlanner), "core.planner");
  EXPECT_EQ(std::string_view(LogTopic("/home/core/src/core/base/log.cc")), "core.base");
  EXPECT_EQ(std::string_view(LogTopic("main.cc")), "");
}

}  // namespace
}  // namespace videostream

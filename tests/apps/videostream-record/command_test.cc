// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-record/command.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace videostream::record {
namespace {

struct Outcome {
  RecordOptions options;
  int exit_code = 0;
  std::string out, error;
  bool runs = false;
};

Outcome Parse(const std::vector<std::string>& arguments) {
  Outcome outcome;
  const VerbDef command = MakeCommand(outcome.options);
  const ParsedCommand parsed = ParseCommandLine(command, arguments);
  outcome.runs = parsed.verb != nullptr;
  outcome.exit_code = parsed.exit_code;
  outcome.out = parsed.out;
  outcome.error = parsed.error;
  return outcome;
}

// Catches an option that sets the wrong field, or none.
TEST(RecordCommandTest, EveryOptionReachesItsField) {
  const Outcome sut = Parse({"/run/a.sock", "a.mp4", "--duration", "90s", "--count", "7", "--fragment", "500ms",
                             "--timeout", "3s", "--queue", "8", "--overwrite", "--json", "--quiet"});
  ASSERT_TRUE(sut.runs) << sut.error;
  EXPECT_EQ(sut.options.socket, "/run/a.sock");
  EXPECT_EQ(sut.options.file, "a.mp4");
  EXPECT_EQ(sut.options.duration, std::chrono::seconds(90));
  EXPECT_EQ(sut.options.count, 7u);
  EXPECT_EQ(sut.options.fragment, std::chrono::milliseconds(500));
  EXPECT_EQ(sut.options.timeout, std::chrono::seconds(3));
  EXPECT_EQ(sut.options.queue, 8u);
  EXPECT_TRUE(sut.options.overwrite);
  EXPECT_TRUE(sut.options.json);
  EXPECT_TRUE(sut.options.quiet);
}

// Catches texts that do not say what is wrong or how to go on, and exit codes other than 2.
TEST(RecordCommandTest, WrongCommandLinesAreExplained) {
  const auto error = [](const std::vector<std::string>& arguments) {
    const Outcome outcome = Parse(arguments);
    EXPECT_FALSE(outcome.runs);
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.error.substr(0, outcome.error.find(" (see "));
  };
  EXPECT_EQ(error({"a.sock"}), "videostream record: FILE is missing");
  EXPECT_EQ(error({}), "videostream record: SOCKET is missing");
  EXPECT_EQ(error({"a.sock", "-"}),
            "videostream record: FILE: MP4 cannot go to stdout; see 'videostream receive --raw -'");
  EXPECT_EQ(error({"a.sock", "a.mp4", "--queue", "33"}),
            "videostream record: --queue: expected a whole number from 1 to 32, found '33'");
  EXPECT_EQ(error({"a.sock", "a.mp4", "--fragment", "1"}),
            "videostream record: --fragment: expected a time such as 10s, 500ms, 5m or 2h, found '1'");
  EXPECT_NE(error({"a.sock", "a.mp4", "--fragmet", "1s"}).find("--fragment"), std::string::npos);
}

// Catches a help that leaves an option out.
TEST(RecordCommandTest, HelpNamesEveryOption) {
  const Outcome sut = Parse({"--help"});
  EXPECT_EQ(sut.exit_code, 0);
  RecordOptions options;
  for (const OptionDef& option : MakeCommand(options).options) {
    EXPECT_NE(sut.out.find(option.flag), std::string::npos) << option.flag;
  }
}

}  // namespace
}  // namespace videostream::record

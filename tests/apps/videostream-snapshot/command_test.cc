// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-snapshot/command.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace videostream::snapshot {
namespace {

struct Outcome {
  SnapshotOptions options;
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
TEST(SnapshotCommandTest, EveryOptionReachesItsField) {
  const Outcome sut = Parse({"/run/a.sock", "a.jpg", "--quality", "77", "--timeout", "3s", "--overwrite", "--json"});
  ASSERT_TRUE(sut.runs) << sut.error;
  EXPECT_EQ(sut.options.socket, "/run/a.sock");
  EXPECT_EQ(sut.options.file, "a.jpg");
  EXPECT_EQ(sut.options.quality, 77u);
  EXPECT_EQ(sut.options.timeout, std::chrono::seconds(3));
  EXPECT_TRUE(sut.options.overwrite);
  EXPECT_TRUE(sut.options.json);
  EXPECT_TRUE(Parse({"a.sock", "-"}).runs);
}

// Catches texts that do not say what is wrong or how to go on, and exit codes other than 2.
TEST(SnapshotCommandTest, WrongCommandLinesAreExplained) {
  const auto error = [](const std::vector<std::string>& arguments) {
    const Outcome outcome = Parse(arguments);
    EXPECT_FALSE(outcome.runs);
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.error.substr(0, outcome.error.find(" (see "));
  };
  EXPECT_EQ(error({"a.sock"}), "videostream snapshot: FILE is missing");
  EXPECT_EQ(error({}), "videostream snapshot: SOCKET is missing");
  EXPECT_EQ(error({"a.sock", "a.bmp"}),
            "videostream snapshot: FILE: 'a.bmp' does not end in .png, .jpg or .jpeg; - is PNG to stdout");
  EXPECT_EQ(error({"a.sock", "a.jpg", "--quality", "0"}),
            "videostream snapshot: --quality: expected a whole number from 1 to 100, found '0'");
}

// Catches a help without an example or an exit code.
TEST(SnapshotCommandTest, HelpSaysHowItIsUsed) {
  const Outcome help = Parse({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* needed : {"front.png", "Exit codes", "--quality", "--overwrite", "--timeout", "--json"}) {
    EXPECT_NE(help.out.find(needed), std::string::npos) << needed;
  }
}

}  // namespace
}  // namespace videostream::snapshot

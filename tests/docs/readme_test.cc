// SPDX-License-Identifier: Apache-2.0
// The programs printed in README.md, compiled as they stand there, against each other and against a real runtime.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <regex>
#include <sstream>
#include <vector>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

// Lines that are not blank, of each block of C++.
std::vector<size_t> LinesOfBlocks(const std::string& readme) {
  std::vector<size_t> lines;
  std::istringstream text(readme);
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line == "```cpp") {
      inside = true;
      lines.push_back(0);
    } else if (line == "```") {
      inside = false;
    } else if (inside && line.find_first_not_of(' ') != std::string::npos) {
      ++lines.back();
    }
  }
  return lines;
}

// Would catch: first programs that grow until nobody reads them.
TEST(ReadmeTest, PrintedProgramsAreShort) {
  const std::vector<size_t> lines = LinesOfBlocks(ReadAll(Runfile("README.md")));
  ASSERT_GE(lines.size(), 2U);
  EXPECT_LE(lines[0], 12U) << "the producer";
  EXPECT_LE(lines[1], 10U) << "the consumer";
}

// Would catch: a README whose first lines of code do not compile, or do not find each other.
TEST(ReadmeTest, PrintedProgramsRunAgainstEachOther) {
  Watchdog(100);
  const TempDir dir;
  const std::string socket = dir / "cam.sock";
  Process consumer({Runfile("tests/docs/readme_consumer"), socket});
  {
    Process producer({Runfile("tests/docs/readme_producer"), socket});
    EXPECT_TRUE(consumer.WaitForText(": 640x480, first byte ")) << consumer.Out() << consumer.Err() << producer.Err();
    producer.Signal(SIGINT);
    EXPECT_EQ(producer.Wait().err, "");
  }
  const Outcome outcome = consumer.Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "no frame for 5 s\n");
  const std::regex line(R"((\d+): 640x480, first byte (\d+)\n)");
  size_t frames = 0;
  for (std::sregex_iterator it(outcome.out.begin(), outcome.out.end(), line), end; it != end; ++it, ++frames) {
    EXPECT_EQ(std::stoull((*it)[2]), (std::stoull((*it)[1]) - 1) % 256) << it->str();
  }
  EXPECT_GT(frames, 0U) << outcome.out;
}

// Would catch: a first program that fails in silence.
TEST(ReadmeTest, PrintedProgramsSayWhatIsWrong) {
  Watchdog(100);
  const Outcome producer = RunProgram({Runfile("tests/docs/readme_producer"), "/nonesuch/cam.sock"});
  EXPECT_NE(producer.err.find("'/nonesuch': No such file or directory"), std::string::npos) << producer.err;
  const Outcome consumer = RunProgram({Runfile("tests/docs/readme_consumer"), std::string(200, 'x')});
  EXPECT_NE(consumer.err.find("the kernel takes at most 107"), std::string::npos) << consumer.err;
}

// Would catch: a printed consumer that receives from a Host only.
TEST(ReadmeTest, PrintedConsumerReceivesFramesOfTheRuntime) {
  Watchdog(100);
  const TempDir dir;
  const std::string program = Install(dir, {"shm", "sw-fallback"});
  const std::string socket = dir / "run/front.sock";
  Process consumer({Runfile("tests/docs/readme_consumer"), socket});
  const Outcome run = RunProgram({program, "run", "--profile", Runfile("configs/dev-x86_64.yaml"), "--wait-for", "1",
                                  "--set", "sw-fallback.frames=10", "--quiet"},
                                 InstalledEnvironment(dir));
  ASSERT_EQ(run.code, 0) << run.err;
  const Outcome outcome = consumer.Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(": 1280x720, first byte "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.err.find("no frame for 5 s\n"), std::string::npos) << outcome.err;
}

// Would catch: examples that lag behind the verbs they show.
TEST(ReadmeTest, EveryVerbIsInTheTable) {
  Watchdog(100);
  const std::string help = RunProgram({Runfile("apps/videostream/videostream"), "--help"}).out;
  const std::string readme = ReadAll(Runfile("README.md"));
  for (const std::string verb : {"run", "explain", "backends", "profile", "status", "receive", "record"}) {
    EXPECT_NE(help.find("\n  " + verb + " "), std::string::npos) << help;
    EXPECT_TRUE(readme.find("\n| `" + verb + "`") != std::string::npos ||
                readme.find("\n| `" + verb + " ") != std::string::npos)
        << verb;
  }
}

}  // namespace
}  // namespace videostream::e2e

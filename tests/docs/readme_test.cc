// SPDX-License-Identifier: Apache-2.0
// The consumer printed in README.md, compiled as it stands there, against a real runtime.
#include <gtest/gtest.h>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

// Would catch: a README whose first lines of code do not compile, or do not receive anything.
TEST(ReadmeTest, PrintedConsumerReceivesFrames) {
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
  EXPECT_NE(outcome.out.find("no frame for 5 s\n"), std::string::npos) << outcome.out;
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

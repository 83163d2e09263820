// SPDX-License-Identifier: Apache-2.0
// An installation in which one backend's .so is missing: everything else works, and `explain` says what is missing.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

const std::vector<std::string> kBackends = {"shm", "sw-fallback"};

class MissingBackendTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    Watchdog(100);
    std::vector<std::string> others;
    for (const std::string& name : kBackends) {
      if (name != GetParam()) others.push_back(name);
    }
    program_ = Install(dir_, others);
  }

  Outcome Videostream(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    return RunProgram(arguments, InstalledEnvironment(dir_));
  }

  TempDir dir_;
  std::string program_;
  const std::string profile_ = Runfile("configs/dev-x86_64.yaml");
};

// Would catch: a program that needs a backend it does not use, and an explanation that blames something else.
TEST_P(MissingBackendTest, ExplainSaysNotInstalled) {
  const Outcome outcome = Videostream({"explain", "--profile", profile_, "--json"});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_FALSE(json["possible"]);
  int missing = 0;
  for (const auto& slot : json["slots"]) {
    for (const auto& candidate : slot["candidates"]) {
      const std::string verdict = candidate["verdict"];
      if (verdict == "not_needed") continue;
      EXPECT_EQ(verdict, candidate["backend"] == GetParam() ? "not_installed" : "taken") << candidate;
      if (verdict == "not_installed") ++missing;
    }
  }
  EXPECT_GT(missing, 0) << outcome.out;
  EXPECT_NE(outcome.err.find("'" + GetParam() + "'"), std::string::npos) << outcome.err;
}

// Would catch: a half-started runtime, and one that leaves a socket behind.
TEST_P(MissingBackendTest, RunRefusesAndLeavesNothing) {
  const Outcome outcome = Videostream({"run", "--profile", profile_, "--duration", "1s"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("'" + GetParam() + "': no such backend in the search path"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// Would catch: verbs that have nothing to do with the missing backend and fail all the same.
TEST_P(MissingBackendTest, EverythingElseWorks) {
  EXPECT_EQ(Videostream({"profile", "validate", profile_}).code, 0);
  const Outcome list = Videostream({"backends", "list"});
  EXPECT_EQ(list.code, 0) << list.err;
  for (const std::string& name : kBackends) {
    const bool listed = list.out.find("\n" + name + " ") != std::string::npos;
    EXPECT_EQ(listed, name != GetParam()) << list.out;
    EXPECT_EQ(Videostream({"backends", "inspect", name}).code, name == GetParam() ? 3 : 0);
  }
}

// Would catch: a search path in which --backend-dir and VIDEOSTREAM_BACKEND_PATH do not count.
TEST_P(MissingBackendTest, TheMissingOneMayLieElsewhere) {
  const std::string elsewhere = dir_ / "elsewhere";
  std::filesystem::create_directory(elsewhere);
  std::filesystem::copy_file(Runfile("backends/" + GetParam() + "/" + GetParam() + ".so"),
                             elsewhere + "/" + GetParam() + ".so");
  EXPECT_EQ(Videostream({"explain", "--profile", profile_, "--backend-dir", elsewhere}).code, 0);
  std::vector<std::string> environment = InstalledEnvironment(dir_);
  environment.push_back("VIDEOSTREAM_BACKEND_PATH=" + elsewhere);
  const Outcome outcome = RunProgram({program_, "explain", "--profile", profile_}, environment);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(Backends, MissingBackendTest, testing::ValuesIn(kBackends), [](const auto& parameter) {
  std::string name = parameter.param;
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace videostream::e2e

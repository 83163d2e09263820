// SPDX-License-Identifier: Apache-2.0
// Machines as files: written down by `doctor --record`, read by `explain` and `profile which`; and the profile that is
// found where none is named.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

class MachineTest : public testing::Test {
 protected:
  void SetUp() override { Watchdog(100); }

  Outcome Videostream(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), program_);
    environment.push_back("RUNTIME_DIRECTORY=" + dir_.path());
    environment.emplace_back("VIDEOSTREAM_PROFILE");
    return RunProgram(arguments, environment);
  }

  TempDir dir_;
  const std::string program_ = Runfile("apps/videostream/videostream");
  const std::string profile_ = Runfile("configs/dev-x86_64.yaml");
  const std::string board_ = Runfile("tests/machines/imx8mp.yaml");
};

// Would catch: a recording that another verb cannot read, or with which a plan comes out that is not this machine's.
TEST_F(MachineTest, ARecordedMachineIsPlannedForAsIfItWereHere) {
  const std::string file = dir_ / "here.yaml";
  const mode_t before = umask(022);
  const Outcome recorded = Videostream({"doctor", "--record", file});
  umask(before);
  ASSERT_EQ(recorded.code, 0) << recorded.err;
  EXPECT_EQ(recorded.err, "");
  EXPECT_NE(recorded.out.find("'" + file + "': "), std::string::npos) << recorded.out;
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0644U);
  EXPECT_EQ(ReadAll(file).rfind("# A machine as data", 0), 0U);

  const auto slots = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"explain", "--profile", profile_, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = Videostream(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["slots"];
  };
  EXPECT_EQ(slots({"--machine", file}), slots({}));
}

// Would catch: a file that is overwritten unasked, and a second answer on the stdout of a pipe.
TEST_F(MachineTest, RecordingOverwritesNothingUnasked) {
  const std::string file = dir_ / "here.yaml";
  WriteAll(file, "mine");
  const Outcome refused = Videostream({"doctor", "--record", file});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("'" + file + "' exists; choose another name, or add --overwrite"), std::string::npos)
      << refused.err;
  EXPECT_EQ(ReadAll(file), "mine");
  EXPECT_EQ(Videostream({"doctor", "--record", file, "--overwrite"}).code, 0);
  const Outcome piped = Videostream({"doctor", "--record", "-"});
  EXPECT_EQ(piped.code, 0) << piped.err;
  EXPECT_EQ(piped.out.rfind("# A machine as data", 0), 0U) << piped.out;
  EXPECT_NE(piped.out.find("\n  sw-fallback:\n"), std::string::npos) << piped.out;
  EXPECT_EQ(piped.err, "");
  const Outcome json = Videostream({"doctor", "--record", "-", "--json"});
  EXPECT_EQ(json.code, 2);
  EXPECT_EQ(json.out, "");
}

// Would catch: an answer for another board that does not say how it is known, or that looks at this machine.
TEST_F(MachineTest, WhichSaysHowTheProfileOfABoardIsFound) {
  const Outcome text = Videostream({"profile", "which", "--machine", board_});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out.rfind("machine 'imx8mp': composed from documentation, so unverified", 0), 0U) << text.out;
  EXPECT_NE(text.out.find("\nprofile 'imx8mp' fits best: 84049 points\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("\n  compatible  fsl,imx8mp  fsl,imx8mp   84049\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("\n  generic-arm64: fits less well, 149 points (arch 'aarch64')\n"), std::string::npos);
  EXPECT_NE(text.out.find("\n  generic-x86_64: arch 'x86_64' does not fit, there is 'aarch64'\n"), std::string::npos);
  const Outcome outcome = Videostream({"profile", "which", "--machine", board_, "--json"});
  EXPECT_EQ(outcome.out.rfind("{\n  \"schema\": \"videostream.profile-which/1\",\n", 0), 0U) << outcome.out;
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json["machine"]["verified"], false);
  EXPECT_FALSE(json["machine"]["cites"]["v4l2 encoder platform:vsi_v4l2enc"].empty());
  EXPECT_EQ(json["profile"]["name"], "imx8mp");
  EXPECT_EQ(json["candidates"][0]["fate"], "chosen");
  EXPECT_EQ(json["candidates"][0]["keys"][0]["fact"], "fsl,imx8mp");
  EXPECT_EQ(json["error"], nullptr);
}

// Would catch: verbs that need a profile where the machine's own is meant, or that take different ones.
TEST_F(MachineTest, WithoutAProfileTheMachinesOwnIsTaken) {
  const Outcome which = Videostream({"profile", "which", "--json"});
  ASSERT_EQ(which.code, 0) << which.err;
  const nlohmann::json json = nlohmann::json::parse(which.out);
  EXPECT_EQ(json["machine"]["name"], "this machine");
  const std::string path = json["profile"]["path"], name = json["profile"]["name"];
  EXPECT_EQ(Videostream({"profile", "validate"}).out, path + ": profile '" + name + "' is valid\n");
  EXPECT_EQ(Videostream({"profile", "show"}).out, Videostream({"profile", "show", path}).out);
  const Outcome explain = Videostream({"explain", "--json"});
  EXPECT_EQ(nlohmann::json::parse(explain.out)["profile"]["name"], name) << explain.err;
  const Outcome run = Videostream({"run", "--duration", "200ms", "--quiet", "--json"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(nlohmann::json::parse(run.out)["profile"]["name"], name) << run.out;
}

// Would catch: a variable that decides in silence.
TEST_F(MachineTest, WhichNamesTheVariableThatComesFirst) {
  std::vector<std::string> arguments = {program_, "profile", "which"};
  const Outcome text = RunProgram(arguments, {"VIDEOSTREAM_PROFILE=" + profile_});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("VIDEOSTREAM_PROFILE"), std::string::npos) << text.out;
  arguments.emplace_back("--json");
  const Outcome json = RunProgram(arguments, {"VIDEOSTREAM_PROFILE=" + profile_});
  EXPECT_EQ(nlohmann::json::parse(json.out)["variable"], profile_) << json.out;
  arguments.insert(arguments.end(), {"--machine", board_});
  const Outcome other = RunProgram(arguments, {"VIDEOSTREAM_PROFILE=" + profile_});
  EXPECT_EQ(nlohmann::json::parse(other.out)["variable"], nullptr) << other.out;
}

// Would catch: a description with a mistake that is used, or a mistake without its place.
TEST_F(MachineTest, AWrongDescriptionEndsWithTwoAndTheLine) {
  const std::string file = dir_ / "board.yaml";
  WriteAll(file, "version: 1\nprovenance: recorded\nsource: x\nfacts: {arsh: aarch64}\nbackends: {}\n");
  for (const std::vector<std::string>& verb : {std::vector<std::string>{"profile", "which"}, {"explain"}}) {
    std::vector<std::string> arguments = verb;
    arguments.insert(arguments.end(), {"--machine", file});
    const Outcome outcome = Videostream(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err.rfind(file + ":4:9: error: unknown key 'arsh' in 'facts'; did you mean 'arch'?\n", 0), 0U)
        << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

// Would catch: a machine that fits nothing, told as a success or without the candidates.
TEST_F(MachineTest, AMachineWithoutAProfileEndsWithThree) {
  const std::string file = dir_ / "board.yaml";
  WriteAll(file, "version: 1\nprovenance: recorded\nsource: x\nfacts: {arch: riscv64}\nbackends: {}\n");
  const Outcome outcome = Videostream({"profile", "which", "--machine", file});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("no profile fits this machine"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("\n  generic-arm64: arch 'aarch64' does not fit, there is 'riscv64'\n"), std::string::npos)
      << outcome.out;
}

}  // namespace
}  // namespace videostream::e2e

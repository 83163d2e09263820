// SPDX-License-Identifier: Apache-2.0
// The command line of the real program: texts, exit codes, and JSON that can be relied on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

class CliTest : public testing::Test {
 protected:
  void SetUp() override { Watchdog(100); }

  Outcome Videostream(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    return RunProgram(arguments, {"RUNTIME_DIRECTORY=" + dir_.path()});
  }

  // A profile in a file of its own, sockets in the folder of the test.
  std::string ProfileFile(const std::string& text) {
    WriteAll(dir_ / "p.yaml", text);
    return dir_ / "p.yaml";
  }

  TempDir dir_;
  const std::string program_ = Runfile("apps/videostream/videostream");
  const std::string profile_ = Runfile("configs/dev-x86_64.yaml");
};

struct Wrong {
  std::vector<std::string> arguments;
  std::string error;
};

// Would catch: a wrong command line that does something, or is refused without saying what to write instead.
TEST_F(CliTest, WrongCommandLinesAreRefusedWithTheNearestWord) {
  const Wrong cases[] = {
      {{},
       "videostream: a verb is missing, one of: run, explain, devices, doctor, backends, profile, status, reload, "
       "events, receive, record, snapshot, man, completion (see "
       "'videostream --help')\n"},
      {{"rnu"}, "videostream: unknown verb 'rnu'; did you mean 'run'? (see 'videostream --help')\n"},
      {{"xyzzy"},
       "videostream: unknown verb 'xyzzy', expected one of: run, explain, devices, doctor, backends, profile, "
       "status, reload, events, receive, record, snapshot, man, completion (see 'videostream --help')\n"},
      {{"backends", "lst"},
       "videostream backends: unknown verb 'lst'; did you mean 'list'? (see 'videostream backends --help')\n"},
      {{"run", "--profil", "x"},
       "videostream run: unknown option '--profil'; did you mean '--profile'? (see 'videostream run --help')\n"},
      {{"run", "--profile"}, "videostream run: --profile: its value is missing (see 'videostream run --help')\n"},
      {{"run", "--profile", "a", "--profile", "b"},
       "videostream run: --profile is given more than once (see 'videostream run --help')\n"},
      {{"run", "--profile", "x", "--duration", "fast"},
       "videostream run: --duration: expected a time such as 10s, 500ms, 5m or 2h, found 'fast' (see 'videostream run "
       "--help')\n"},
      {{"run", "--profile", "x", "--wait-for", "-1"},
       "videostream run: --wait-for: expected a whole number from 0 to 4096, found '-1' (see 'videostream run "
       "--help')\n"},
      {{"status", "now"}, "videostream status: unexpected argument 'now' (see 'videostream status --help')\n"},
      {{"receive"}, "videostream receive: SOCKET is missing (see 'videostream receive --help')\n"},
      {{"receive", "/x.sock", "--policy", "queue"},
       "videostream receive: --policy: expected latest or queue:N with N from 1 to 32, found 'queue' (see 'videostream "
       "receive --help')\n"},
      {{"--log-level", "loud", "status"},
       "videostream status: --log-level: log level 'loud' is not one of trace, debug, info, warn, error (see "
       "'videostream status --help')\n"},
  };
  for (const Wrong& wrong : cases) {
    const Outcome outcome = Videostream(wrong.arguments);
    EXPECT_EQ(outcome.code, 2) << wrong.error;
    EXPECT_EQ(outcome.err, wrong.error);
    EXPECT_EQ(outcome.out, "");
  }
}

// Would catch: a verb without help, or help without an example.
TEST_F(CliTest, EveryVerbHasHelpWithExamples) {
  const std::vector<std::vector<std::string>> verbs = {{},
                                                       {"run"},
                                                       {"explain"},
                                                       {"backends"},
                                                       {"backends", "list"},
                                                       {"backends", "inspect"},
                                                       {"profile"},
                                                       {"status"},
                                                       {"receive"},
                                                       {"record"},
                                                       {"profile", "show"},
                                                       {"profile", "validate"},
                                                       {"profile", "which"},
                                                       {"profile", "schema"}};
  for (std::vector<std::string> verb : verbs) {
    verb.emplace_back("--help");
    const Outcome outcome = Videostream(verb);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("\nExamples:\n  videostream "), std::string::npos) << verb.front() << "\n"
                                                                                  << outcome.out;
  }
  EXPECT_EQ(Videostream({"--version"}).out, "videostream 0.1.0\n");
}

// Would catch: scripts that cannot tell the verbs' answers apart, or cannot parse them.
TEST_F(CliTest, JsonBeginsWithItsSchema) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"explain", "--profile", profile_}, "explain"},
      {{"backends", "list"}, "backends-list"},
      {{"backends", "inspect", "shm"}, "backends-inspect"},
      {{"profile", "validate", profile_}, "profile-validate"},
      {{"profile", "show", profile_}, "profile-show"},
      {{"profile", "which"}, "profile-which"},
      {{"devices"}, "devices"},
      {{"doctor"}, "doctor"},
  };
  for (auto [arguments, name] : cases) {
    arguments.emplace_back("--json");
    const Outcome outcome = Videostream(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out.rfind("{\n  \"schema\": \"videostream." + name + "/1\",\n", 0), 0U) << outcome.out;
    EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << outcome.out;
  }
}

// Would catch: devices that the probes find and `devices` does not show, and a filter that does not filter.
TEST_F(CliTest, DevicesShowsWhatTheProbesFind) {
  const auto ids = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = Videostream(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::set<std::string> found;
    const nlohmann::json json = nlohmann::json::parse(outcome.out);
    for (const auto& device : json["devices"]) {
      found.insert(device["backend"].get<std::string>() + "/" + device["id"].get<std::string>());
    }
    return found;
  };
  const std::set<std::string> shm = {"shm/memfd", "shm/native"};
  const std::set<std::string> all = ids({"devices", "--json"});
  EXPECT_TRUE(all.contains("sw-fallback/pattern"));
  EXPECT_TRUE(std::includes(all.begin(), all.end(), shm.begin(), shm.end()));
  EXPECT_EQ(ids({"devices", "--json", "--backend", "shm"}), shm);
  EXPECT_EQ(Videostream({"devices", "--backend", "none"}).code, 3);
}

// Would catch: a doctor that fails a machine on which everything else here works, and colours that no terminal asked
// for.
TEST_F(CliTest, DoctorFindsThisMachineFit) {
  const Outcome outcome = Videostream({"doctor"});
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_NE(outcome.out.find("\n0 failures, "), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find('\033'), std::string::npos);
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120U) << line;
}

// Would catch: an explanation in which a slot, a candidate or its reason is missing.
TEST_F(CliTest, ExplainNamesEverySlotAndCandidate) {
  const Outcome outcome = Videostream({"explain", "--profile", profile_, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const nlohmann::json json = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(json["possible"]);
  std::vector<std::string> slots;
  for (const auto& slot : json["slots"]) {
    slots.push_back(slot["slot"]);
    for (const auto& candidate : slot["candidates"]) {
      EXPECT_NE(candidate["reason"], "") << slot;
      EXPECT_TRUE(candidate["line"].is_number()) << slot;
    }
  }
  const std::vector<std::string> expected = {"front.capture", "front.full.converter", "front.full.encoder",
                                             "front.full.allocator", "front.full.transport"};
  EXPECT_EQ(slots, expected);
  const Outcome text = Videostream({"explain", "--profile", profile_});
  EXPECT_NE(text.out.find("\nfront.capture: sw-fallback\n  sw-fallback/pattern: taken (line "), std::string::npos)
      << text.out;
}

// Would catch: a wrong profile that is accepted by one verb and refused by another, or without its place in the file.
TEST_F(CliTest, WrongProfilesEndWithTwoAndTheLine) {
  const std::string file = ProfileFile("version: 1\nname: x\nbackends: {capture: [sw-fallback]}\nstreems: {}\n");
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
           {"profile", "validate"}, {"profile", "show"}, {"run", "--profile"}, {"explain", "--profile"}}) {
    std::vector<std::string> arguments = verb;
    arguments.push_back(file);
    const Outcome outcome = Videostream(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_EQ(outcome.err.rfind(file + ":", 0), 0U) << outcome.err;
    EXPECT_NE(outcome.err.find(file + ":4:1: error: unknown key 'streems' in a profile; did you mean 'streams'?\n"),
              std::string::npos)
        << outcome.err;
    EXPECT_NE(outcome.err.find("\n   4 | streems: {}\n"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  const Outcome json = Videostream({"profile", "validate", file, "--json"});
  EXPECT_EQ(json.code, 2);
  EXPECT_EQ(nlohmann::json::parse(json.out)["valid"], false);
  const Outcome missing = Videostream({"profile", "validate", dir_ / "nothing.yaml"});
  EXPECT_EQ(missing.code, 2) << missing.err;
}

// Would catch: `profile show` that prints what cannot be read back.
TEST_F(CliTest, ShownProfileShowsTheSame) {
  const Outcome first = Videostream({"profile", "show", profile_});
  ASSERT_EQ(first.code, 0) << first.err;
  const Outcome second = Videostream({"profile", "show", ProfileFile(first.out)});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
}

// Would catch: the wrong exit code for what is simply not there.
TEST_F(CliTest, WhatIsNotThereEndsWithThree) {
  const Outcome status = Videostream({"status"});
  EXPECT_EQ(status.code, 3);
  EXPECT_EQ(status.err, "videostream status: control socket '" + (dir_ / "control.sock") +
                            "': no runtime serves it (No such file or directory); start 'videostream run', or name its "
                            "socket with --control\n");
  const Outcome inspect = Videostream({"backends", "inspect", "nothing"});
  EXPECT_EQ(inspect.code, 3) << inspect.err;
  EXPECT_EQ(inspect.err.rfind("videostream backends inspect: backend 'nothing': not found", 0), 0U) << inspect.err;
}

// Would catch: a listing that loads or hides what the loader would refuse.
TEST_F(CliTest, RefusedFilesAreListedWithTheReason) {
  WriteAll(dir_ / "broken.so", "not a library");
  const Outcome text = Videostream({"--backend-dir", dir_.path(), "backends", "list"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("\nshm "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("\nrefused: " + (dir_ / "broken.so") + ": "), std::string::npos) << text.out;
  const Outcome json = Videostream({"backends", "list", "--json", "--backend-dir", dir_.path()});
  EXPECT_NE(nlohmann::json::parse(json.out)["backends"][0]["refused"], nullptr) << json.out;
}

// Would catch: arguments of the recorder that are parsed, or lost, on their way to it.
TEST_F(CliTest, RecordPassesItsArgumentsOn) {
  const Outcome outcome = Videostream({"--log-level", "debug", "record", "--no-such-option"});
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_NE(outcome.err.find("unknown option '--no-such-option'"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace videostream::e2e

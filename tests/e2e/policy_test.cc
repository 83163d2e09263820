// SPDX-License-Identifier: Apache-2.0
// Consumers of other users, as the profile and the command line have it: who is let in, and what the others are told.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

using Json = nlohmann::json;

class PolicyTest : public testing::Test {
 protected:
  void SetUp() override {
    Watchdog(110);
    program_ = Install(dir_, {"shm", "sw-fallback"});
  }

  // The profile of development machines with these keys for its publication.
  std::string Profile(const std::vector<std::string>& keys) {
    std::string text = ReadAll(Runfile("configs/dev-x86_64.yaml"));
    const size_t at = text.find("            buffers: 8");
    EXPECT_NE(at, std::string::npos) << text;
    std::string lines;
    for (const std::string& key : keys) lines += "            " + key + "\n";
    if (at != std::string::npos) text.insert(at, lines);
    WriteAll(dir_ / "profile.yaml", text);
    return dir_ / "profile.yaml";
  }
  std::vector<std::string> Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    return arguments;
  }
  Outcome Videostream(std::vector<std::string> arguments) {
    return RunProgram(Command(std::move(arguments)), InstalledEnvironment(dir_));
  }
  // The same as another user, with these options of setpriv.
  Outcome VideostreamAs(std::vector<std::string> who, const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {"/usr/bin/setpriv"};
    for (std::string& option : who) command.push_back(std::move(option));
    for (const std::string& word : Command(arguments)) command.push_back(word);
    return RunProgram(command, InstalledEnvironment(dir_));
  }
  // Other users may look into every folder of the test.
  void OpenFolders() {
    namespace fs = std::filesystem;
    constexpr auto kOthers = fs::perms::others_read | fs::perms::others_exec;
    fs::permissions(dir_.path(), kOthers, fs::perm_options::add);
    for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
      if (!entry.is_socket()) fs::permissions(entry.path(), kOthers, fs::perm_options::add);
    }
  }
  static std::vector<std::string> Stranger() { return {"--reuid=65534", "--regid=65534", "--clear-groups"}; }

  TempDir dir_;
  std::string program_;
};

// Would catch: a stranger who is let in, who waits for ever, or who fails without a word of what to change; a refusal
// that is not counted, or one that fills the log.
TEST_F(PolicyTest, AStrangerIsRefusedWithExitCode4) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become other users";
  const std::string profile = Profile({"mode: \"0666\"", "group: 1", "allow: {uid: [12345], gid: [23456]}"});
  Process run(Command({"run", "--profile", profile, "--json"}), InstalledEnvironment(dir_));
  ASSERT_TRUE(run.WaitForText(" published")) << run.Err();
  OpenFolders();
  const std::string socket = dir_ / "run/front.sock";
  struct stat file {};
  ASSERT_EQ(::lstat(socket.c_str(), &file), 0);
  EXPECT_EQ(file.st_gid, 1U);
  EXPECT_EQ(file.st_mode & 0777U, 0666U);
  const std::vector<std::string> receive = {"receive", socket, "--count", "3", "--json", "--timeout", "30s"};
  if (VideostreamAs(Stranger(), {"--version"}).code != 0) GTEST_SKIP() << "user 65534 cannot run programs here";
  for (int i = 0; i < 3; ++i) {
    const Outcome refused = VideostreamAs(Stranger(), receive);
    EXPECT_EQ(refused.code, 4) << refused.err;
    EXPECT_NE(refused.err.find("refused: user 65534 is not let in; add it or a group of it to the producer's "
                               "'allow' lists"),
              std::string::npos)
        << refused.err;
  }
  for (const std::vector<std::string>& who :
       {std::vector<std::string>{"--reuid=12345", "--regid=1", "--clear-groups"},
        std::vector<std::string>{"--reuid=54321", "--regid=1", "--groups=7,23456"}}) {
    const Outcome listed = VideostreamAs(who, receive);
    EXPECT_EQ(listed.code, 0) << who[0] << ": " << listed.err;
  }
  EXPECT_EQ(Videostream(receive).code, 0) << "root is always let in";
  const Json status = Json::parse(Videostream({"status", "--json"}).out);
  EXPECT_EQ(status["streams"][0]["consumers_refused"], 3) << status;
  const std::string events = Videostream({"events", "--json"}).out;
  size_t told = 0;
  for (size_t at = events.find("consumer_refused"); at != events.npos; at = events.find("consumer_refused", at + 1)) {
    ++told;
  }
  EXPECT_EQ(told, 1U) << events;
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
}

// Would catch: a misspelt group found out by the consumers, one after the other.
TEST_F(PolicyTest, UnknownNamesEndTheStart) {
  const std::pair<const char*, const char*> rows[] = {
      {"group: no-such-group-here", "group 'no-such-group-here': there is no group of this name here"},
      {"allow: {uid: [root, no-such-user-here]}", "allow-uid 'no-such-user-here': there is no user of this name here"},
      {"allow: {gid: [no-such-group-here]}", "allow-gid 'no-such-group-here': there is no group of this name here"}};
  for (const auto& [keys, text] : rows) {
    const Outcome outcome = Videostream({"run", "--profile", Profile({keys})});
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find("slot 'front.full.transport'"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(text), std::string::npos) << outcome.err;
    EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
  }
}

// Would catch: copies that consumers do not get, or that nobody is told of.
TEST_F(PolicyTest, CopiesAreShownAndReceived) {
  const std::string profile = Profile({"protect: copy", "allow: {uid: [1000]}"});
  const Outcome shown = Videostream({"profile", "show", profile});
  EXPECT_NE(shown.out.find("protect: copy"), std::string::npos) << shown.out << shown.err;
  EXPECT_NE(shown.out.find("uid: [1000]"), std::string::npos) << shown.out;
  const Json json = Json::parse(Videostream({"profile", "show", profile, "--json"}).out);
  EXPECT_NE(json.dump().find("\"allow\":{\"uid\":[\"1000\"]}"), std::string::npos) << json;
  EXPECT_NE(json.dump().find("\"protect\":\"copy\""), std::string::npos) << json;
  const std::string explained = Videostream({"explain", "--profile", profile, "--json"}).out;
  EXPECT_NE(explained.find("every frame is copied once for consumers ('protect: copy')"), std::string::npos)
      << explained;
  Process run(Command({"run", "--profile", profile, "--json"}), InstalledEnvironment(dir_));
  ASSERT_TRUE(run.WaitForText(" published")) << run.Err();
  const std::vector<std::string> receive = {"receive", dir_ / "run/front.sock", "--count", "10", "--json"};
  for (const bool packets : {false, true}) {
    std::vector<std::string> arguments = receive;
    if (packets) arguments.emplace_back("--packets");
    const Outcome received = Videostream(arguments);
    EXPECT_EQ(received.code, 0) << received.err;
  }
  const Json status = Json::parse(Videostream({"status", "--json"}).out);
  EXPECT_NE(status["streams"][0]["pool_sum"].get<std::string>().find("copied for consumers"), std::string::npos)
      << status;
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
}

}  // namespace
}  // namespace videostream::e2e

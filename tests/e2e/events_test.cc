// SPDX-License-Identifier: Apache-2.0
// `videostream events` as a process, against runtimes that run, end, and are not there.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

using Json = nlohmann::json;

class EventsTest : public testing::Test {
 protected:
  void SetUp() override {
    Watchdog(110);
    program_ = Install(dir_, {"shm", "sw-fallback"});
    WriteAll(dir_ / "profile.yaml", ReadAll(Runfile("configs/dev-x86_64.yaml")));
  }

  std::vector<std::string> Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    return arguments;
  }
  Outcome Videostream(std::vector<std::string> arguments) {
    return RunProgram(Command(std::move(arguments)), InstalledEnvironment(dir_));
  }
  std::vector<std::string> Run(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"run", "--profile", dir_ / "profile.yaml", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Command(arguments);
  }
  // All events in lines of JSON, each of which must be a document of its own.
  static std::vector<Json> Events(const std::string& lines) {
    std::vector<Json> events;
    for (size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
      const std::string line = lines.substr(at, lines.find('\n', at) - at);
      EXPECT_EQ(line.rfind("{\"schema\":\"videostream.events/1\",", 0), 0U) << line;
      const Json json = Json::parse(line, nullptr, false);
      EXPECT_TRUE(json.is_object()) << line;
      if (!json.is_object()) break;
      for (const Json& event : json["events"]) events.push_back(event);
    }
    return events;
  }
  // A runtime whose control socket answers, so that clients may come.
  void AwaitStarted() {
    while (Videostream({"events"}).out.find(": started: ") == std::string::npos) {
    }
  }

  TempDir dir_;
  std::string program_;
};

// Would catch: events that a follower misses, gets twice or in the wrong order: in particular the last one.
TEST_F(EventsTest, FollowingTellsTheWholeStory) {
  Process run(Run(), InstalledEnvironment(dir_));
  AwaitStarted();
  Process text(Command({"events", "--follow"}), InstalledEnvironment(dir_));
  Process json(Command({"events", "--follow", "--json"}), InstalledEnvironment(dir_));
  ASSERT_TRUE(text.WaitForText(": started: captures NV12 1280x720")) << text.Err();
  EXPECT_EQ(Videostream({"receive", dir_ / "run/front.sock", "--count", "3", "--quiet"}).code, 0);
  ASSERT_TRUE(text.WaitForText("disconnected")) << text.Err();
  ASSERT_TRUE(json.WaitForText("consumer_disconnected")) << json.Err();
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
  const Outcome lines = json.Wait();
  EXPECT_EQ(lines.code, 0);
  EXPECT_EQ(lines.err, "videostream events: the runtime has ended\n");
  std::vector<std::string> types;
  for (const Json& event : Events(lines.out)) {
    types.push_back(event["type"]);
    EXPECT_EQ(event["sequence"], types.size());
  }
  EXPECT_EQ(types, (std::vector<std::string>{"stream_started", "consumer_connected", "consumer_disconnected",
                                             "stream_stopped"}));
  const Outcome people = text.Wait();
  EXPECT_EQ(people.code, 0);
  EXPECT_EQ(people.err, "videostream events: the runtime has ended\n");
  EXPECT_NE(people.out.find("   front.full: consumer 1 connected: "), std::string::npos) << people.out;
  EXPECT_NE(people.out.find("   front: stopped: "), std::string::npos) << people.out;
  EXPECT_EQ(people.out.find('\033'), std::string::npos) << "colour in a file";
}

// Would catch: an end of the source of which followers do not hear because the runtime is gone so soon.
TEST_F(EventsTest, TheEndOfTheSourceIsTold) {
  Process run(Run({"--set", "sw-fallback.frames=10", "--wait-for", "1"}), InstalledEnvironment(dir_));
  // Not an error before there are events: the socket answers from the start.
  while (Videostream({"status"}).code != 0) {
  }
  Process follow(Command({"events", "--follow"}), InstalledEnvironment(dir_));
  const Outcome receive = Videostream({"receive", dir_ / "run/front.sock", "--quiet"});
  EXPECT_EQ(receive.code, 0) << receive.err;
  EXPECT_EQ(run.Wait().code, 0);
  const Outcome outcome = follow.Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(" front: ended: "), std::string::npos) << outcome.out;
}

// Would catch: a verb that does not end by itself, forgets --after, or prints nothing for scripts when there is
// nothing.
TEST_F(EventsTest, WithoutFollowItPrintsWhatIsKept) {
  Process run(Run(), InstalledEnvironment(dir_));
  AwaitStarted();
  const Outcome all = Videostream({"events", "--json"});
  EXPECT_EQ(all.code, 0) << all.err;
  ASSERT_EQ(Events(all.out).size(), 1U) << all.out;
  const Json document = Json::parse(all.out);
  EXPECT_EQ(document["pid"], run.pid());
  EXPECT_EQ(document["next"], 1);
  EXPECT_EQ(document["over"], false);
  const Outcome none = Videostream({"events", "--json", "--after", "1"});
  EXPECT_EQ(none.code, 0) << none.err;
  EXPECT_EQ(Events(none.out).size(), 0U);
  EXPECT_EQ(Json::parse(none.out)["next"], 1);
  EXPECT_EQ(Videostream({"events", "--after", "1"}).out, "");
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
}

// Would catch: a follower that Ctrl-C does not end, or ends with an error; and one that outlives a runtime which was
// killed.
TEST_F(EventsTest, SignalsAndCrashesEndAFollowerInOrder) {
  Process run(Run(), InstalledEnvironment(dir_));
  AwaitStarted();
  for (const int signal : {SIGINT, SIGTERM}) {
    Process follow(Command({"events", "--follow"}), InstalledEnvironment(dir_));
    ASSERT_TRUE(follow.WaitForText("started")) << follow.Err();
    follow.Signal(signal);
    const Outcome outcome = follow.Wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
  }
  Process follow(Command({"events", "--follow"}), InstalledEnvironment(dir_));
  ASSERT_TRUE(follow.WaitForText("started")) << follow.Err();
  run.Signal(SIGKILL);
  run.Wait();
  const Outcome outcome = follow.Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "videostream events: the runtime has ended\n");
}

// Would catch: followers that keep the runtime from ending, or from answering others.
TEST_F(EventsTest, FollowersAreInNobodysWay) {
  Process run(Run(), InstalledEnvironment(dir_));
  AwaitStarted();
  std::vector<std::unique_ptr<Process>> followers;
  for (int i = 0; i < 6; ++i) {
    followers.push_back(std::make_unique<Process>(Command({"events", "--follow"}), InstalledEnvironment(dir_)));
    ASSERT_TRUE(followers.back()->WaitForText("started")) << followers.back()->Err();
  }
  EXPECT_EQ(Videostream({"status", "--json"}).code, 0);
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
  int refused = 0;
  for (const auto& follower : followers) {
    const Outcome outcome = follower->Wait();
    if (outcome.code == 0) continue;
    ++refused;
    EXPECT_NE(outcome.err.find("too many others follow the events already"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(refused, 2);
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// Would catch: a missing runtime that is taken for one that has ended.
TEST_F(EventsTest, WithoutARuntimeItSaysSo) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"events"}, std::vector<std::string>{"events", "--follow"}}) {
    const Outcome outcome = Videostream(arguments);
    EXPECT_EQ(outcome.code, 3);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("no runtime serves it"), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace videostream::e2e

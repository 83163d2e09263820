// SPDX-License-Identifier: Apache-2.0
// Reloads over the real backends: what differs is changed, what does not is not touched, and what fails changes
// nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/runtime/two_streams.h"
#include "videostream/client.hpp"
#include "videostream/runtime.hpp"

namespace videostream {
namespace {

using std::chrono::seconds;

class ReloadTest : public testing::Test {
 protected:
  void SetUp() override { e2e::Watchdog(100); }

  std::string Yaml(const StreamText& moving) { return ProfileOf(ToYaml({}, dir_) + ToYaml(moving, dir_)); }
  static StreamText Moving() { return {.name = "moving", .socket = "moving.sock", .bitrate = "1M"}; }

  Runtime MustStart(const std::string& yaml) {
    Runtime runtime = Runtime::open_text(yaml, "mine.yaml");
    EXPECT_TRUE(runtime.start()) << runtime.error();
    return runtime;
  }

  static ReloadReport Reload(Runtime& runtime, const std::string& yaml, bool dry_run = false) {
    return runtime.reload({.dry_run = dry_run, .text = yaml});
  }

  // "still unchanged, moving restart"
  static std::string Actions(const ReloadReport& report) {
    std::string text;
    for (const StreamReload& stream : report.streams) {
      text += (text.empty() ? "" : ", ") + stream.stream + " " + stream.action;
    }
    return text;
  }

  static StreamStatus Of(const Runtime& runtime, const std::string& name) {
    for (const StreamStatus& stream : runtime.streams()) {
      if (stream.name == name) return stream;
    }
    return {};
  }
  static std::vector<std::string> Names(const Runtime& runtime) {
    std::vector<std::string> names;
    for (const StreamStatus& stream : runtime.streams()) names.push_back(stream.name + "." + stream.output);
    return names;
  }
  // Until the stream has published in its present life.
  static void AwaitFrames(const Runtime& runtime, const std::string& name) {
    while (Of(runtime, name).frames.published == 0) std::this_thread::yield();
  }
  // Its frames come, and one after the other.
  static void ExpectNextFrames(Client& client, uint64_t& last) {
    for (int i = 0; i < 3; ++i) {
      const Frame frame = client.wait_for_frame(seconds(60));
      ASSERT_TRUE(frame) << client.error();
      if (last != 0) {
        ASSERT_EQ(frame.sequence(), last + 1);
      }
      last = frame.sequence();
    }
  }
  static void ExpectBooksBalance(const Runtime& runtime) {
    for (const StreamStatus& stream : runtime.streams()) {
      for (const FlowStatus* flow : {&stream.frames, &stream.packets}) {
        EXPECT_EQ(flow->in, std::accumulate(flow->dropped.begin(), flow->dropped.end(), flow->published))
            << stream.name;
      }
    }
  }

  e2e::TempDir dir_;
};

// Bug: a stream that stays is restarted with the other one; the changed one keeps its old size, or half of it.
TEST_F(ReloadTest, OnlyTheStreamThatDiffersIsRestarted) {
  Runtime sut = MustStart(Yaml(Moving()));
  Client still(dir_ / "still.sock", {.queue = 20, .reconnect = false});
  Client moving(dir_ / "moving.sock");
  uint64_t last = 0;
  ExpectNextFrames(still, last);
  ASSERT_TRUE(moving.wait_for_frame(seconds(60))) << moving.error();
  StreamText smaller = Moving();
  smaller.size = "64x64";
  const ReloadReport report = Reload(sut, Yaml(smaller));
  ASSERT_TRUE(report) << report.error;
  EXPECT_TRUE(report.applied);
  EXPECT_EQ(report.generation, 1U);
  EXPECT_EQ(Actions(report), "still unchanged, moving restart");
  ASSERT_EQ(report.streams[1].reasons.size(), 1U);
  EXPECT_EQ(report.streams[1].reasons[0], "moving: capture size 128x96 -> 64x64 (restart)");
  ExpectNextFrames(still, last);
  Frame frame;
  while (!frame || frame.width() != 64) frame = moving.wait_for_frame(seconds(60));
  EXPECT_EQ(frame.height(), 64U);
  EXPECT_GE(moving.stats().reconnects, 1U);
  EXPECT_EQ(Of(sut, "moving").frames.width, 64U);
  EXPECT_TRUE(sut.stop()) << sut.error();
  ExpectBooksBalance(sut);
  const std::vector<RuntimeEvent> events = sut.events();
  const auto applied =
      std::find_if(events.begin(), events.end(), [](const auto& e) { return e.type == "reload_applied"; });
  ASSERT_NE(applied, events.end());
  EXPECT_FALSE(applied->warning);
  EXPECT_EQ(applied->text, "profile 'test', generation 1: still unchanged, moving restart");
}

// Bug: a reload of the same profile restarts something.
TEST_F(ReloadTest, TheSameProfileChangesNothing) {
  Runtime sut = MustStart(Yaml(Moving()));
  AwaitFrames(sut, "moving");
  const ReloadReport report = sut.reload();
  EXPECT_TRUE(report.applied) << report.error;
  EXPECT_EQ(Actions(report), "still unchanged, moving unchanged");
  EXPECT_EQ(report.file, "mine.yaml");
  EXPECT_EQ(sut.reloads().generation, 1U);
  for (const RuntimeEvent& event : sut.events()) EXPECT_NE(event.type, "stream_stopped");
}

// Bug: a bit rate restarts the stream, or does not reach the encoder.
TEST_F(ReloadTest, TheBitrateChangesWhileFramesFlow) {
  Runtime sut = MustStart(Yaml(Moving()));
  Client packets(dir_ / "moving.sock", {.stream = Stream::kPackets, .queue = 4, .reconnect = false});
  ASSERT_TRUE(packets.wait_for_frame(seconds(60))) << packets.error();
  StreamText faster = Moving();
  faster.bitrate = "2M";
  const ReloadReport report = Reload(sut, Yaml(faster));
  EXPECT_TRUE(report.applied) << report.error;
  EXPECT_EQ(Actions(report), "still unchanged, moving live");
  EXPECT_EQ(report.streams.at(1).reasons.at(0), "moving.full.encoder: bitrate 1000000 -> 2000000 (live)");
  EXPECT_TRUE(packets.wait_for_frame(seconds(60))) << packets.error();
  // Told by the encoder: this one is too low for it.
  StreamText slow = Moving();
  slow.bitrate = "1000";
  const ReloadReport refused = Reload(sut, Yaml(slow));
  EXPECT_FALSE(refused);
  EXPECT_NE(refused.error.find("slot 'moving.full.encoder'"), std::string::npos) << refused.error;
  EXPECT_TRUE(packets.wait_for_frame(seconds(60))) << packets.error();
  EXPECT_EQ(Actions(Reload(sut, Yaml(faster), true)), "still unchanged, moving unchanged") << "it is not 2M any more";
}

// Bug: streams cannot come and go, leave their socket behind, or come back as what they were.
TEST_F(ReloadTest, StreamsComeAndGo) {
  Runtime sut = MustStart(ProfileOf(ToYaml({}, dir_)));
  Client still(dir_ / "still.sock", {.queue = 20, .reconnect = false});
  uint64_t last = 0;
  ExpectNextFrames(still, last);
  EXPECT_EQ(Actions(Reload(sut, ProfileOf(ToYaml(Moving(), dir_) + ToYaml({}, dir_)))),
            "moving added, still unchanged");
  EXPECT_EQ(Names(sut), (std::vector<std::string>{"moving.full", "still.full"}));
  EXPECT_EQ(sut.choices().front().slot, "moving.capture");
  AwaitFrames(sut, "moving");
  ExpectNextFrames(still, last);
  EXPECT_EQ(Actions(Reload(sut, ProfileOf(ToYaml({}, dir_)))), "still unchanged, moving removed");
  EXPECT_EQ(Names(sut), std::vector<std::string>{"still.full"});
  EXPECT_FALSE(std::filesystem::exists(dir_ / "moving.sock"));
  ExpectNextFrames(still, last);
  EXPECT_TRUE(sut.stop()) << sut.error();
}

// Bug: a socket that goes from one stream to another is in use by the one that had it.
TEST_F(ReloadTest, TwoStreamsMaySwapTheirSockets) {
  StreamText a = {.name = "a", .size = "64x64", .socket = "a.sock"};
  StreamText b = {.name = "b", .size = "96x64", .socket = "b.sock"};
  Runtime sut = MustStart(ProfileOf(ToYaml({}, dir_) + ToYaml(a, dir_) + ToYaml(b, dir_)));
  AwaitFrames(sut, "a");
  std::swap(a.socket, b.socket);
  const ReloadReport report = Reload(sut, ProfileOf(ToYaml({}, dir_) + ToYaml(a, dir_) + ToYaml(b, dir_)));
  EXPECT_TRUE(report.applied) << report.error;
  EXPECT_EQ(Actions(report), "still unchanged, a restart, b restart");
  Client client(dir_ / "a.sock");
  const Frame frame = client.wait_for_frame(seconds(60));
  ASSERT_TRUE(frame) << client.error();
  EXPECT_EQ(frame.width(), 96U);
}

// Bug: a mistake stops something, is not told, or is forgotten although nothing better came.
TEST_F(ReloadTest, AWrongProfileIsRefusedAndKept) {
  Runtime sut = MustStart(Yaml(Moving()));
  Client still(dir_ / "still.sock", {.queue = 20, .reconnect = false});
  Client moving(dir_ / "moving.sock", {.queue = 20, .reconnect = false});
  uint64_t still_last = 0;
  uint64_t moving_last = 0;
  ExpectNextFrames(still, still_last);
  ExpectNextFrames(moving, moving_last);
  EXPECT_FALSE(sut.reloads().refused);
  std::string unknown = Yaml(Moving());
  unknown.replace(unknown.find("capture: [sw-fallback]"), 22, "capture: [nonesuch]");
  const std::pair<std::string, int> wrong[] = {{"version: 1\nname: test\nstrems: {}\n", VSTREAM_E_INVALID},
                                               {"", VSTREAM_E_INVALID},
                                               {unknown, VSTREAM_E_UNSUPPORTED}};
  uint64_t told = 0;
  for (const auto& [yaml, code] : wrong) {
    const ReloadReport report = sut.reload({.text = yaml, .name = "new.yaml"});
    EXPECT_FALSE(report);
    EXPECT_FALSE(report.applied);
    EXPECT_EQ(report.error_code, code) << report.error;
    const ReloadStatus status = sut.reloads();
    ASSERT_TRUE(status.refused);
    EXPECT_EQ(status.generation, 0U);
    EXPECT_EQ(status.refused->file, "new.yaml");
    EXPECT_EQ(status.refused->error, report.error);
    EXPECT_EQ(status.refused->text, yaml);
    EXPECT_GT(status.refused->time_ns, 0);
    const std::vector<RuntimeEvent> events = sut.events(told);
    const auto event = std::ranges::find(events, std::string("reload_refused"), &RuntimeEvent::type);
    ASSERT_NE(event, events.end());
    EXPECT_TRUE(event->warning);
    told = event->sequence;
  }
  ExpectNextFrames(still, still_last);
  ExpectNextFrames(moving, moving_last);
  EXPECT_EQ(sut.error(), "") << "a refused reload is no failure of the runtime";
  EXPECT_TRUE(sut.reload()) << "what is read anew is what runs";
  EXPECT_FALSE(sut.reloads().refused);
}

// Bug: a stream that cannot be opened is gone afterwards, or takes those with it that could.
TEST_F(ReloadTest, WhatCannotBeOpenedIsTakenBack) {
  StreamText other = {.name = "other", .size = "64x64", .socket = "other.sock"};
  Runtime sut = MustStart(ProfileOf(ToYaml({}, dir_) + ToYaml(other, dir_) + ToYaml(Moving(), dir_)));
  Client still(dir_ / "still.sock", {.queue = 20, .reconnect = false});
  uint64_t last = 0;
  ExpectNextFrames(still, last);
  StreamText broken = Moving();
  broken.socket = dir_ / "missing/moving.sock";
  other.size = "80x64";  // this one could
  const ReloadReport report = Reload(sut, ProfileOf(ToYaml({}, dir_) + ToYaml(other, dir_) + ToYaml(broken, dir_)));
  EXPECT_FALSE(report);
  EXPECT_NE(report.error.find("slot 'moving.full.transport': "), std::string::npos) << report.error;
  EXPECT_NE(report.error.find("; back to what ran before, with an interruption of 'other', 'moving'"),
            std::string::npos)
      << report.error;
  EXPECT_EQ(Names(sut), (std::vector<std::string>{"still.full", "other.full", "moving.full"}));
  ExpectNextFrames(still, last);
  for (const auto& [socket, width] : {std::pair("other.sock", 64U), std::pair("moving.sock", 128U)}) {
    Client client(dir_ / socket);
    const Frame frame = client.wait_for_frame(seconds(60));
    ASSERT_TRUE(frame) << client.error();
    EXPECT_EQ(frame.width(), width);
  }
  EXPECT_TRUE(sut.stop()) << sut.error();
  ExpectBooksBalance(sut);
}

// Bug: a dry run does something, or says something else than what would be done.
TEST_F(ReloadTest, ADryRunTouchesNothing) {
  Runtime sut = MustStart(Yaml(Moving()));
  AwaitFrames(sut, "moving");
  StreamText smaller = Moving();
  smaller.size = "64x64";
  ReloadReport report = Reload(sut, Yaml(smaller), true);
  EXPECT_TRUE(report) << report.error;
  EXPECT_TRUE(report.dry_run);
  EXPECT_FALSE(report.applied);
  EXPECT_EQ(Actions(report), "still unchanged, moving restart");
  report = Reload(sut, "version: 2", true);
  EXPECT_FALSE(report);
  EXPECT_EQ(Of(sut, "moving").frames.width, 128U);
  EXPECT_EQ(sut.reloads().generation, 0U);
  EXPECT_FALSE(sut.reloads().refused);
  for (const RuntimeEvent& event : sut.events()) EXPECT_EQ(event.type, "stream_started");
}

// Bug: the options of open() are forgotten, so that a reload of the same file changes what they had set.
TEST_F(ReloadTest, SettingsOfTheOpeningHoldForReloadsToo) {
  const std::string path = dir_ / "p.yaml";
  e2e::WriteAll(path, Yaml(Moving()));
  Runtime sut = Runtime::open(path, {.set = {"sw-fallback.frames=1000000"}});
  ASSERT_TRUE(sut.start()) << sut.error();
  AwaitFrames(sut, "moving");
  EXPECT_EQ(Actions(sut.reload()), "still unchanged, moving unchanged");
  e2e::WriteAll(path, "broken: [");
  EXPECT_FALSE(sut.reload());
  EXPECT_EQ(sut.reloads().refused->text, "broken: [");
  EXPECT_EQ(sut.reloads().refused->file, path);
  std::filesystem::remove(path);
  EXPECT_FALSE(sut.reload());
  EXPECT_EQ(sut.reloads().refused->text, "");
}

// Bug: a reload of what has not begun starts it, or loses the wait for consumers; one of what has ended brings it back.
TEST_F(ReloadTest, BeforeTheStartAndAfterTheEnd) {
  Runtime sut = Runtime::open_text(Yaml(Moving()), "mine.yaml", {.wait_for_consumers = 1});
  ASSERT_TRUE(sut) << sut.error();
  StreamText smaller = Moving();
  smaller.size = "64x64";
  EXPECT_TRUE(Reload(sut, Yaml(smaller)).applied);
  EXPECT_EQ(Of(sut, "moving").state, StreamState::kStarting);
  EXPECT_TRUE(sut.events(1).empty()) << sut.events(1).front().type;
  ASSERT_TRUE(sut.start()) << sut.error();
  smaller.size = "80x64";
  EXPECT_TRUE(Reload(sut, Yaml(smaller)).applied);
  EXPECT_EQ(Of(sut, "moving").frames.in, 0U) << "nobody has subscribed";
  Client client(dir_ / "moving.sock");
  const Frame frame = client.wait_for_frame(seconds(60));
  ASSERT_TRUE(frame) << client.error();
  EXPECT_EQ(frame.width(), 80U);
  EXPECT_TRUE(sut.stop()) << sut.error();
  const ReloadReport late = Reload(sut, Yaml(Moving()));
  EXPECT_FALSE(late);
  EXPECT_EQ(late.error, "runtime: it has been stopped");
  EXPECT_FALSE(sut.reloads().refused);
  EXPECT_EQ(Runtime().reload().error, "runtime: it is not open");
}

// Bug: whoever asks for the numbers, the events or the end meets a reload half done (run under the thread sanitizer).
TEST_F(ReloadTest, OthersMayAskAndStopMeanwhile) {
  Runtime sut = MustStart(Yaml(Moving()));
  AwaitFrames(sut, "moving");
  std::atomic<bool> over{false};
  std::atomic<uint64_t> asked{0};
  std::vector<std::thread> askers;
  for (int i = 0; i < 2; ++i) {
    askers.emplace_back([&] {
      while (!over) {
        const auto streams = sut.streams();
        EXPECT_EQ(streams.size(), 2U);
        for (const StreamStatus& stream : streams) EXPECT_NE(stream.state, StreamState::kFailed) << stream.error;
        (void)sut.events();
        (void)sut.reloads();
        ++asked;
      }
    });
  }
  std::thread reloader([&] {
    StreamText other = Moving();
    for (int i = 0; !over; ++i) {
      other.size = i % 2 == 0 ? "64x64" : "80x64";
      const ReloadReport report = Reload(sut, Yaml(other));
      EXPECT_TRUE(report || over || report.error == "runtime: it has been stopped") << report.error;
    }
  });
  while (sut.reloads().generation < 5 || asked < 10) std::this_thread::yield();
  EXPECT_TRUE(sut.stop()) << sut.error();
  over = true;
  reloader.join();
  for (std::thread& asker : askers) asker.join();
  ExpectBooksBalance(sut);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path())) << "a socket is left behind";
}

}  // namespace
}  // namespace videostream

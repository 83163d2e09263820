// SPDX-License-Identifier: Apache-2.0
// The public Runtime over the real backends: what it promises to the program around it.
#include "videostream/runtime.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include "tests/core/base/no_threads.h"
#include "tests/core/runtime/embedder.h"
#include "tests/e2e/process.h"
#include "videostream/client.hpp"

namespace videostream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

size_t Entries(const std::string& folder) {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

class RuntimeTest : public testing::Test {
 protected:
  void SetUp() override { e2e::Watchdog(100); }

  // `frames` 0: for ever. `more`: of the first output, in front of `publish`.
  std::string Yaml(int frames = 0, const std::string& socket = "a.sock", const std::string& more = "",
                   const std::string& outputs = "") {
    return "version: 1\nname: test\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n"
           "  converter: [sw-fallback]\n  encoder: [sw-fallback]\n  transport: [shm]\n"
           "options:\n  sw-fallback: { frames: " +
           std::to_string(frames) +
           " }\nstreams:\n  front:\n    capture: { device: pattern, format: NV12, size: 128x96, rate: 100 }\n"
           "    outputs:\n      full:\n" +
           more + "        publish: [ { transport: shm, socket: " + (dir_ / socket) + " } ]\n" + outputs;
  }

  static std::vector<std::string> Types(const Runtime& runtime) {
    std::vector<std::string> types;
    for (const RuntimeEvent& event : runtime.events()) types.push_back(event.type);
    return types;
  }

  e2e::TempDir dir_;
};

// Would catch: a life that does not go from open to stop, numbers that do not add up, or a socket that stays.
TEST_F(RuntimeTest, RunsFromOpenToStop) {
  std::ofstream(dir_ / "p.yaml") << Yaml(20);
  Runtime sut = Runtime::open(dir_ / "p.yaml");
  ASSERT_TRUE(sut) << sut.error();
  EXPECT_EQ(sut.error(), "");
  EXPECT_EQ(sut.error_code(), VSTREAM_OK);
  EXPECT_EQ(sut.profile_name(), "test");
  EXPECT_EQ(sut.profile_file(), dir_ / "p.yaml");
  EXPECT_TRUE(std::filesystem::exists(dir_ / "a.sock"));
  const auto capture = std::find_if(sut.choices().begin(), sut.choices().end(),
                                    [](const SlotChoice& c) { return c.slot == "front.capture"; });
  ASSERT_NE(capture, sut.choices().end());
  EXPECT_EQ(capture->backend, "sw-fallback");
  EXPECT_NE(capture->reason, "");
  ASSERT_EQ(sut.streams().size(), 1U);
  EXPECT_EQ(sut.streams()[0].state, StreamState::kStarting);

  ASSERT_TRUE(sut.start()) << sut.error();
  ASSERT_TRUE(sut.wait(seconds(60)));
  pollfd ended{sut.event_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 60000), 1) << "wait() knows of an end that event_fd() does not";
  EXPECT_TRUE(sut.stop()) << sut.error();
  EXPECT_TRUE(sut.stop()) << "twice";
  const StreamStatus status = sut.streams().at(0);
  EXPECT_EQ(status.state, StreamState::kEnded);
  EXPECT_EQ(status.frames.in, 20U);
  EXPECT_EQ(status.frames.in,
            std::accumulate(status.frames.dropped.begin(), status.frames.dropped.end(), status.frames.published));
  EXPECT_TRUE(sut.wait(seconds(60))) << "after the end there is nothing to wait for";
  EXPECT_FALSE(std::filesystem::exists(dir_ / "a.sock"));
  EXPECT_EQ(sut.error(), "");
}

// Would catch: a header that needs more than the standard library, or that does not suffice for a program.
TEST_F(RuntimeTest, TheHeaderIsEnoughForAProgram) {
  const embedder::Outcome outcome = embedder::RunToTheEnd(Yaml(10));
  EXPECT_TRUE(outcome.good) << outcome.error;
  EXPECT_GT(outcome.published, 0U);
}

// Would catch: an error without its line, or without its kind.
TEST_F(RuntimeTest, AWrongProfileIsExplainedWithItsLine) {
  const Runtime sut = Runtime::open_text("version: 1\nname: test\nstrems: {}\n", "mine.yaml");
  EXPECT_FALSE(sut);
  EXPECT_EQ(sut.error_code(), VSTREAM_E_INVALID);
  EXPECT_NE(sut.error().find("mine.yaml:3:1: error: "), std::string::npos) << sut.error();
  EXPECT_NE(sut.error().find("'streams'"), std::string::npos) << sut.error();
  EXPECT_TRUE(sut.streams().empty());
  EXPECT_TRUE(sut.events().empty());
  EXPECT_TRUE(sut.choices().empty());
  EXPECT_EQ(sut.event_fd(), -1);
  const Runtime missing = Runtime::open(dir_ / "none.yaml");
  EXPECT_FALSE(missing);
  EXPECT_EQ(missing.error_code(), VSTREAM_E_INVALID);
  EXPECT_NE(missing.error().find("'" + (dir_ / "none.yaml") + "'"), std::string::npos) << missing.error();
}

// Would catch: a refusal that leaves the name of the backend out, or the plan open.
TEST_F(RuntimeTest, AnUnknownBackendIsNamed) {
  std::string yaml = Yaml();
  yaml.replace(yaml.find("capture: [sw-fallback]"), 22, "capture: [nonesuch]");
  const Runtime sut = Runtime::open_text(yaml, "mine.yaml");
  EXPECT_FALSE(sut);
  EXPECT_EQ(sut.error_code(), VSTREAM_E_UNSUPPORTED) << sut.error();
  EXPECT_NE(sut.error().find("'nonesuch'"), std::string::npos) << sut.error();
  EXPECT_EQ(Entries(dir_.path()), 0U) << "a socket is left behind";
}

// Would catch: two runtimes that take each other's socket away, in one process or in two.
TEST_F(RuntimeTest, ASocketInUseIsRefusedAndItsOwnerGoesOn) {
  Runtime first = Runtime::open_text(Yaml(), "first.yaml");
  ASSERT_TRUE(first.start()) << first.error();
  const Runtime second = Runtime::open_text(Yaml(), "second.yaml");
  EXPECT_FALSE(second);
  EXPECT_EQ(second.error_code(), VSTREAM_E_BUSY) << second.error();
  EXPECT_NE(second.error().find("a.sock"), std::string::npos) << second.error();
  Client client(dir_ / "a.sock");
  EXPECT_TRUE(client.wait_for_frame(seconds(60))) << client.error();
  EXPECT_TRUE(first.stop()) << first.error();
}

// Would catch: state that is shared by all runtimes of a process.
TEST_F(RuntimeTest, TwoInOneProcessDoNotMeet) {
  Runtime a = Runtime::open_text(Yaml(7, "a.sock"), "a.yaml");
  Runtime b = Runtime::open_text(Yaml(9, "b.sock"), "b.yaml");
  ASSERT_TRUE(a.start()) << a.error();
  ASSERT_TRUE(b.start()) << b.error();
  ASSERT_TRUE(a.wait(seconds(60)));
  ASSERT_TRUE(b.wait(seconds(60)));
  EXPECT_TRUE(a.stop());
  EXPECT_EQ(b.streams().at(0).frames.in, 9U);
  EXPECT_TRUE(b.stop());
  EXPECT_EQ(a.streams().at(0).frames.in, 7U);
  EXPECT_EQ(a.events().front().sequence, 1U);
  EXPECT_EQ(b.events().front().sequence, 1U);
}

// Would catch: settings that do not reach the backend, or are not checked.
TEST_F(RuntimeTest, SettingsReplaceThoseOfTheProfile) {
  Runtime sut = Runtime::open_text(Yaml(), "mine.yaml", {.set = {"sw-fallback.frames=3", "sw-fallback.pace=max"}});
  ASSERT_TRUE(sut.start()) << sut.error();
  ASSERT_TRUE(sut.wait(seconds(60)));
  EXPECT_TRUE(sut.stop());
  EXPECT_EQ(sut.streams().at(0).frames.in, 3U);
  for (const char* wrong : {"sw-fallback.frames=three", "sw-fallback.frmes=3", "nonesuch.frames=3", "frames"}) {
    const Runtime refused = Runtime::open_text(Yaml(), "mine.yaml", {.set = {wrong}});
    EXPECT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error_code(), VSTREAM_E_INVALID) << wrong << ": " << refused.error();
  }
}

// Would catch: footage that is not played, or played at the size of the camera.
TEST_F(RuntimeTest, InputIsPlayedInPlaceOfTheCamera) {
  std::ofstream file(dir_ / "in.y4m");
  file << "YUV4MPEG2 W64 H48 F50:1 C420\n";
  for (int i = 0; i < 5; ++i) file << "FRAME\n" << std::string(64 * 48 * 3 / 2, '\x50');
  file.close();
  Runtime sut = Runtime::open_text(Yaml(), "mine.yaml", {.input = dir_ / "in.y4m"});
  ASSERT_TRUE(sut.start()) << sut.error();
  ASSERT_TRUE(sut.wait(seconds(60)));
  EXPECT_TRUE(sut.stop()) << sut.error();
  EXPECT_EQ(sut.streams().at(0).frames.in, 5U);
  EXPECT_EQ(sut.streams().at(0).frames.width, 64U);
  EXPECT_EQ(sut.streams().at(0).capture, "sw-fallback/file");
  const Runtime missing = Runtime::open_text(Yaml(), "mine.yaml", {.input = dir_ / "none.y4m"});
  EXPECT_EQ(missing.error(), "input '" + (dir_ / "none.y4m") + "': No such file or directory");
  EXPECT_EQ(missing.error_code(), VSTREAM_E_INVALID);
}

// Would catch: a moved runtime that stops, or a moved-from one that crashes.
TEST_F(RuntimeTest, MovingKeepsItRunning) {
  Runtime first = Runtime::open_text(Yaml(), "mine.yaml");
  ASSERT_TRUE(first.start()) << first.error();
  Runtime second = std::move(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): what it promises
  EXPECT_TRUE(first.streams().empty());
  EXPECT_TRUE(first.stop());
  Client client(dir_ / "a.sock");
  EXPECT_TRUE(client.wait_for_frame(seconds(60))) << client.error();
  second = Runtime();
  EXPECT_FALSE(second);
  EXPECT_EQ(Entries(dir_.path()), 0U) << "assigning over it has not stopped it";
}

// Would catch: a crash, a hang or success where there is no runtime.
TEST_F(RuntimeTest, AnEmptyOneRefusesEverything) {
  Runtime sut;
  EXPECT_FALSE(sut);
  EXPECT_EQ(sut.error(), "");
  EXPECT_EQ(sut.profile_name(), "");
  EXPECT_EQ(sut.profile_file(), "");
  EXPECT_TRUE(sut.stop());
  EXPECT_FALSE(sut.wait_event(0, seconds(1000)));
  EXPECT_FALSE(sut.wait(seconds(1000)));
  EXPECT_FALSE(sut.start());
  EXPECT_EQ(sut.error(), "runtime: it is not open");
  EXPECT_EQ(sut.error_code(), VSTREAM_E_INVALID);
  // One that could not be opened says why, whatever is asked of it.
  Runtime broken = Runtime::open_text("", "mine.yaml");
  const std::string why = broken.error();
  EXPECT_FALSE(broken.start());
  EXPECT_FALSE(broken.wait(seconds(1000)));
  EXPECT_EQ(broken.error(), why);
}

// Would catch: a stop that waits for what was never started, and a second start that replaces a running thread.
TEST_F(RuntimeTest, StopsWithoutStartAndStartsOnce) {
  Runtime idle = Runtime::open_text(Yaml(), "mine.yaml");
  EXPECT_FALSE(idle.wait(milliseconds(1)));
  EXPECT_EQ(idle.error(), "") << "running out of time is no failure";
  EXPECT_TRUE(idle.stop()) << idle.error();
  EXPECT_EQ(idle.streams().at(0).state, StreamState::kStopped);
  EXPECT_FALSE(idle.start());
  EXPECT_EQ(idle.error(), "runtime: it has been stopped; open it anew");
  EXPECT_EQ(Entries(dir_.path()), 0U);

  Runtime running = Runtime::open_text(Yaml(), "mine.yaml");
  ASSERT_TRUE(running.start()) << running.error();
  EXPECT_FALSE(running.start());
  EXPECT_EQ(running.error(), "runtime: it has been started already");
  EXPECT_TRUE(running.stop());
  EXPECT_EQ(running.streams().at(0).state, StreamState::kStopped);
}

// Would catch: descriptors, threads or sockets that outlive a runtime which was never stopped.
TEST_F(RuntimeTest, TheDestructorStops) {
  { const Runtime warm = Runtime::open_text(Yaml(), "mine.yaml"); }  // the libraries stay loaded
  const size_t fds = Entries("/proc/self/fd");
  const size_t threads = Entries("/proc/self/task");
  {
    Runtime sut = Runtime::open_text(Yaml(), "mine.yaml");
    ASSERT_TRUE(sut.start()) << sut.error();
    ASSERT_TRUE(sut.wait_event(0, seconds(60)));
  }
  EXPECT_EQ(Entries("/proc/self/fd"), fds);
  EXPECT_EQ(Entries("/proc/self/task"), threads);
  EXPECT_EQ(Entries(dir_.path()), 0U);
}

// Would catch: events that are missing, out of order or of the wrong consumer.
TEST_F(RuntimeTest, EventsTellWhoCameAndWentAndHowItEnded) {
  Runtime sut = Runtime::open_text(Yaml(), "mine.yaml", {.set = {"sw-fallback.frames=300"}});
  ASSERT_TRUE(sut.start()) << sut.error();
  ASSERT_TRUE(sut.wait_event(0, seconds(60)));  // it captures
  {
    Client client(dir_ / "a.sock");
    ASSERT_TRUE(client.wait_for_frame(seconds(60))) << client.error();
  }
  ASSERT_TRUE(sut.wait(seconds(60)));
  ASSERT_TRUE(sut.stop());
  uint64_t sequence = 0;
  int64_t time_ns = 0;
  for (const RuntimeEvent& event : sut.events()) {
    EXPECT_EQ(event.sequence, ++sequence);
    EXPECT_GE(event.time_ns, time_ns);
    EXPECT_EQ(event.stream, "front");
    EXPECT_FALSE(event.warning) << event.type << ": " << event.text;
    time_ns = event.time_ns;
  }
  EXPECT_EQ(Types(sut), (std::vector<std::string>{"stream_started", "consumer_connected", "consumer_disconnected",
                                                  "stream_ended"}));
  const auto tail = sut.events(1);
  ASSERT_EQ(tail.size(), 3U);
  EXPECT_EQ(tail[0].consumer, tail[1].consumer);
  EXPECT_NE(tail[0].consumer, 0U);
  EXPECT_EQ(tail[0].output, "full");
  EXPECT_TRUE(sut.events(4).empty());
}

// Would catch: a wait for events that no event ends, or that the end does not end.
TEST_F(RuntimeTest, WaitingForEventsEndsWithOneOrWithTheRuntime) {
  Runtime sut = Runtime::open_text(Yaml(), "mine.yaml");
  EXPECT_FALSE(sut.wait_event(0, milliseconds(1)));
  std::atomic<uint64_t> seen{0};
  std::thread follower([&] {
    while (sut.wait_event(seen, std::chrono::hours(1))) seen = sut.events(seen).back().sequence;
  });
  ASSERT_TRUE(sut.start()) << sut.error();
  while (seen == 0) std::this_thread::yield();
  EXPECT_TRUE(sut.stop());
  follower.join();
  EXPECT_EQ(seen, sut.events().back().sequence);
  EXPECT_EQ(sut.events().back().type, "stream_stopped");
}

// Would catch: several outputs that are one record, or the reason for frames left out lost on the way.
TEST_F(RuntimeTest, EveryOutputIsARecord) {
  const std::string second =
      "      small:\n        format: RGB24\n        size: 64x48\n        rate: 10\n"
      "        publish: [ { transport: shm, socket: " +
      (dir_ / "b.sock") + " } ]\n";
  Runtime sut = Runtime::open_text(Yaml(100, "a.sock", "", second), "mine.yaml");
  ASSERT_TRUE(sut.start()) << sut.error();
  ASSERT_TRUE(sut.wait(seconds(60)));
  ASSERT_TRUE(sut.stop()) << sut.error();
  const std::vector<StreamStatus> streams = sut.streams();
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].output, "full");
  EXPECT_EQ(streams[1].output, "small");
  EXPECT_EQ(streams[1].name, "front");
  EXPECT_EQ(streams[1].frames.fourcc, VSTREAM_FORMAT_RGB24);
  EXPECT_EQ(streams[1].frames.width, 64U);
  EXPECT_GT(streams[1].frames.dropped[VSTREAM_DROP_RATE_LIMIT], 0U);
  for (const StreamStatus& stream : streams) {
    EXPECT_EQ(stream.state, StreamState::kEnded);
    EXPECT_EQ(stream.frames.in,
              std::accumulate(stream.frames.dropped.begin(), stream.frames.dropped.end(), stream.frames.published))
        << stream.output;
  }
  EXPECT_EQ(streams[0].frames.in, streams[1].frames.in);
}

// Would catch: a folder for sockets that the embedding program has to make, or that stays.
TEST_F(RuntimeTest, TheFolderOfTheSocketsIsMadeAndRemoved) {
  const std::string folder = dir_ / "run";
  ASSERT_EQ(setenv("RUNTIME_DIRECTORY", folder.c_str(), 1), 0);
  std::string yaml = Yaml(5);
  yaml.replace(yaml.find(dir_ / "a.sock"), (dir_ / "a.sock").size(), "'${RUNTIME}/a.sock'");
  {
    Runtime sut = Runtime::open_text(yaml, "mine.yaml");
    EXPECT_TRUE(sut) << sut.error();
    EXPECT_TRUE(std::filesystem::exists(folder + "/a.sock"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
  unsetenv("RUNTIME_DIRECTORY");
}

// Would catch: a folder that a runtime which could not be opened leaves behind.
TEST_F(RuntimeTest, AFailedOpenLeavesNoFolder) {
  const std::string folder = dir_ / "run";
  ASSERT_EQ(setenv("RUNTIME_DIRECTORY", folder.c_str(), 1), 0);
  std::string yaml = Yaml();
  yaml.replace(yaml.find(dir_ / "a.sock"), (dir_ / "a.sock").size(), "'${RUNTIME}/a.sock'");
  yaml.replace(yaml.find("capture: [sw-fallback]"), 22, "capture: [nonesuch]");
  const Runtime sut = Runtime::open_text(yaml, "mine.yaml");
  EXPECT_FALSE(sut);
  EXPECT_FALSE(std::filesystem::exists(folder)) << sut.error();
  unsetenv("RUNTIME_DIRECTORY");
}

// Would catch: an exception where the header promises none, or a runtime that is half open.
TEST_F(RuntimeTest, WithoutThreadsItSaysSo) {
  { const Runtime warm = Runtime::open_text(Yaml(), "mine.yaml"); }  // the libraries stay loaded
  Runtime idle = Runtime::open_text(Yaml(), "idle.yaml");
  ASSERT_TRUE(idle) << idle.error();
  const NoThreads none;
  EXPECT_FALSE(idle.start());
  EXPECT_EQ(idle.error_code(), VSTREAM_E_NO_MEMORY) << idle.error();
  EXPECT_TRUE(idle.error().starts_with("stream 'front': start a thread: ")) << idle.error();
  EXPECT_TRUE(idle.stop());
  const Runtime sut = Runtime::open_text(Yaml(), "mine.yaml");
  EXPECT_FALSE(sut);
  EXPECT_EQ(sut.error_code(), VSTREAM_E_NO_MEMORY) << sut.error();
  EXPECT_EQ(Entries(dir_.path()), 0U) << "a socket is left behind";
}

// Would catch: signals of the program that end up in threads it knows nothing of.
TEST_F(RuntimeTest, ItsThreadsTakeNoSignals) {
  std::thread([] {}).join();  // from the first thread on a sanitizer has one of its own
  std::set<std::string> before;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) before.insert(task.path().filename());
  Runtime sut = Runtime::open_text(Yaml(), "mine.yaml");
  ASSERT_TRUE(sut.start()) << sut.error();
  ASSERT_TRUE(sut.wait_event(0, seconds(60)));  // all of them run
  sigset_t own;
  sigprocmask(SIG_SETMASK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGTERM), 0) << "the mask of the caller has changed";
  size_t others = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (before.contains(task.path().filename())) continue;
    std::ifstream status(task.path() / "status");
    std::string name;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Name:")) name = line.substr(6);
      if (!line.starts_with("SigBlk:")) continue;
      const uint64_t blocked = std::stoull(line.substr(8), nullptr, 16);
      // Signals 32 and 33 are the C library's own, which nobody above it can block: a thread that has not begun yet.
      constexpr uint64_t kInternal = uint64_t{3} << 31U;
      if ((blocked & kInternal) != 0) continue;
      EXPECT_NE(blocked & (uint64_t{1} << (SIGTERM - 1)), 0U) << name;
      EXPECT_EQ(blocked & (uint64_t{1} << (SIGSEGV - 1)), 0U) << name << " blocks its own faults";
      ++others;
    }
  }
  EXPECT_GT(others, 1U);
  EXPECT_TRUE(sut.stop());
}

}  // namespace
}  // namespace videostream

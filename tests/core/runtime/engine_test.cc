// SPDX-License-Identifier: Apache-2.0
// The runtime over the real backends: what it opens it closes, and what it cannot open leaves nothing behind.
#include "core/runtime/engine.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <numeric>

#include "core/profile/parse.h"
#include "tests/e2e/process.h"

namespace videostream {
namespace {

size_t OpenFds() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

class EngineTest : public testing::Test {
 protected:
  void SetUp() override { e2e::Watchdog(50); }

  // `streams`: number of streams; `extra`: more lines for the first one's capture.
  Profile MakeProfile(int streams, const std::string& device = "pattern") {
    std::string text =
        "version: 1\nname: test\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n  encoder: [sw-fallback]\n"
        "  transport: [shm]\noptions:\n  sw-fallback: { frames: 5 }\nstreams:\n";
    for (int i = 0; i < streams; ++i) {
      text += "  s" + std::to_string(i) + ":\n    capture: { device: " + device +
              ", format: NV12, size: 128x96, rate: 100 }\n    outputs:\n      o:\n"
              "        encoder: { codec: h264, bitrate: 1M, gop: 10 }\n        publish:\n"
              "          - { transport: shm, socket: " +
              (dir_ / ("s" + std::to_string(i) + ".sock")) + " }\n";
    }
    auto profile = ParseProfile(text, "test.yaml");
    EXPECT_TRUE(profile) << profile.error().message;
    return *profile;
  }

  static void AwaitEnd(const Engine& runtime) {
    pollfd fd{runtime.event_fd(), POLLIN, 0};
    ASSERT_EQ(poll(&fd, 1, 30000), 1) << "no stream ends";
  }

  e2e::TempDir dir_;
};

// Bug: two streams share something that they must not, or frames and packets do not add up at the end.
TEST_F(EngineTest, RunsItsStreamsToTheEndOfTheirSources) {
  auto sut = Engine::Open(MakeProfile(2), {});
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_TRUE(std::filesystem::exists(dir_ / "s0.sock"));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "s1.sock"));
  ASSERT_TRUE((*sut)->Start());
  for (bool running = true; running;) {
    AwaitEnd(**sut);
    running = false;
    for (const StreamStatus& stream : (*sut)->Snapshot()) running = running || stream.state == StreamState::kRunning;
  }
  EXPECT_TRUE((*sut)->Stop());
  for (const StreamStatus& stream : (*sut)->Snapshot()) {
    EXPECT_EQ(stream.state, StreamState::kEnded) << stream.name;
    EXPECT_EQ(stream.frames.in, 5u);
    for (const FlowStatus* flow : {&stream.frames, &stream.packets}) {
      EXPECT_EQ(flow->in, flow->published + std::accumulate(flow->dropped.begin(), flow->dropped.end(), uint64_t{0}));
    }
    EXPECT_EQ(stream.capture, "sw-fallback/pattern");
    EXPECT_EQ(stream.transport, "shm/native");
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path())) << "a socket is left behind";
}

// Bug: descriptors or sockets of the first stream stay when the second cannot be opened.
TEST_F(EngineTest, LeavesNothingWhenOneStreamCannotBeOpened) {
  { auto warm = Engine::Open(MakeProfile(1), {}); }  // the libraries stay loaded
  const size_t before = OpenFds();
  Profile profile = MakeProfile(2);
  profile.streams[1].outputs[0].publish[0].socket_path = dir_ / "missing/s.sock";
  auto sut = Engine::Open(std::move(profile), {});
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().message, "slot 's1.o.transport': backend 'shm': socket '" + (dir_ / "missing/s.sock") +
                                     "': folder '" + (dir_ / "missing") + "': No such file or directory");
  EXPECT_EQ(OpenFds(), before);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path())) << "a socket is left behind";
}

// Bug: a device that is not there is found out only when frames should flow.
TEST_F(EngineTest, RefusesAPlanThatNothingHereCanServe) {
  auto sut = Engine::Open(MakeProfile(1, "webcam"), {});
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().code, Code::kUnsupported);
  EXPECT_EQ(sut.error().message,
            "no backend can serve slot 's0.capture': 'sw-fallback': it has no usable device 'webcam'");
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The runtime over the real backends: what it opens it closes, and what it cannot open leaves nothing behind.
#include "core/runtime/engine.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <numeric>
#include <string>
#include <vector>

#include "core/profile/parse.h"
#include "tests/backends/sw-fallback/jpeg_files.h"
#include "tests/e2e/process.h"
#include "videostream/client.hpp"

namespace videostream {
namespace {

size_t OpenFds() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// What a consumer got from its subscription to the goodbye.
struct Received {
  uint32_t fourcc = 0, width = 0, height = 0;  // of the last frame
  vstream_ratio rate{};
  std::vector<uint64_t> sequences;  // of the frames taken
  uint64_t published = 0, skipped = 0;
  std::string error;  // empty: it ended in good order
};

// Takes every frame that it can with a queue of three. Waits for the socket to appear, and returns when the producer
// has gone.
Received ReceiveAll(const std::string& socket) {
  Received received;
  Client client(socket, {.queue = 3, .reconnect = false});
  while (client.state() != Client::State::kEnded && client.state() != Client::State::kFailed) {
    const Frame frame = client.wait_for_frame(std::chrono::seconds(1));
    if (!frame) continue;
    received.fourcc = frame.format();
    received.width = frame.width();
    received.height = frame.height();
    received.rate = frame.rate();
    received.sequences.push_back(frame.sequence());
  }
  const ClientStats stats = client.stats();
  received.published = stats.published;
  received.skipped = std::accumulate(stats.skipped.begin(), stats.skipped.end(), uint64_t{0});
  if (client.state() == Client::State::kFailed) received.error = client.error();
  return received;
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

// Bug: the second output of a stream is a copy of the first, has its rate, or its consumers get frames of the other.
TEST_F(EngineTest, PublishesTwoPicturesOfOneCapture) {
  const std::string text =
      "version: 1\nname: test\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n  converter: [sw-fallback]\n"
      "  transport: [shm]\noptions:\n  sw-fallback: { frames: 60 }\nstreams:\n  front:\n"
      "    capture: { device: pattern, format: NV12, size: 128x96, rate: 50 }\n    outputs:\n"
      "      full:\n        publish: [ { transport: shm, socket: " +
      (dir_ / "full.sock") + " } ]\n      small:\n        format: GREY\n        size: 64x48\n        rate: 10\n" +
      "        publish: [ { transport: shm, socket: " + (dir_ / "small.sock") + " } ]\n";
  auto profile = ParseProfile(text, "test.yaml");
  ASSERT_TRUE(profile) << profile.error().message;
  auto sut = Engine::Open(*profile, {.backend_dirs = {}, .wait_for_consumers = 2});
  ASSERT_TRUE(sut) << sut.error().message;
  ASSERT_TRUE((*sut)->Start());
  auto full = std::async(std::launch::async, ReceiveAll, dir_ / "full.sock");
  auto small = std::async(std::launch::async, ReceiveAll, dir_ / "small.sock");
  AwaitEnd(**sut);
  EXPECT_TRUE((*sut)->Stop());

  const std::vector<StreamStatus> status = (*sut)->Snapshot();
  ASSERT_EQ(status.size(), 2U);
  const Received received[] = {full.get(), small.get()};
  for (size_t i = 0; i < 2; ++i) {
    const FlowStatus& flow = status[i].frames;
    SCOPED_TRACE(status[i].output);
    EXPECT_EQ(status[i].state, StreamState::kEnded) << status[i].error;
    EXPECT_EQ(flow.in, status[0].frames.in);
    EXPECT_LE(flow.in, 60U);  // fewer on a machine so busy that the last ones are not drawn in time
    EXPECT_EQ(flow.in, flow.published + std::accumulate(flow.dropped.begin(), flow.dropped.end(), uint64_t{0}));
    EXPECT_EQ(received[i].error, "");
    EXPECT_EQ(received[i].published, flow.published);
    EXPECT_EQ(received[i].sequences.size() + received[i].skipped, flow.published);
    EXPECT_GT(received[i].sequences.size(), 0U);
    EXPECT_TRUE(std::is_sorted(received[i].sequences.begin(), received[i].sequences.end()));
    EXPECT_EQ(received[i].width, i == 0 ? 128U : 64U);
    EXPECT_EQ(received[i].height, i == 0 ? 96U : 48U);
    EXPECT_EQ(received[i].fourcc, i == 0 ? VSTREAM_FORMAT_NV12 : VSTREAM_FORMAT_GREY);
    EXPECT_EQ(received[i].rate.num, i == 0 ? 50U : 10U);
  }
  EXPECT_EQ(status[0].converter, "");
  EXPECT_EQ(status[1].converter.substr(0, status[1].converter.find('/')), "sw-fallback");
  EXPECT_EQ(status[0].frames.dropped[VSTREAM_DROP_RATE_LIMIT], 0U);
  EXPECT_LE(status[1].frames.published, 13U);  // 12 periods, which need not begin with the first frame
  EXPECT_GT(status[1].frames.dropped[VSTREAM_DROP_RATE_LIMIT], 0U);

  std::vector<std::string> events;
  for (const RuntimeEvent& event : (*sut)->events().Since(0)) events.push_back(event.type);
  EXPECT_EQ(std::count(events.begin(), events.end(), "consumer_connected"), 2);
  EXPECT_EQ(std::count(events.begin(), events.end(), "stream_started"), 1);
  EXPECT_EQ(events.back(), "stream_ended");
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path())) << "a socket is left behind";
}

// Bug: coded pictures reach no output, or one that is broken ends the stream (a webcam sends some).
TEST_F(EngineTest, DecodesARecordingAndDropsItsBrokenPicture) {
  const std::string whole = sw_fallback::MakeJpeg({.width = 64, .height = 48});
  const std::string broken = sw_fallback::WithoutSegments(whole, 0xDB);  // nobody knows its quantization
  e2e::WriteAll(dir_ / "a.mjpeg", whole + whole + whole + broken + whole + whole);
  const std::string text =
      "version: 1\nname: test\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n  converter: [sw-fallback]\n"
      "  transport: [shm]\noptions:\n  sw-fallback: { path: " +
      (dir_ / "a.mjpeg") +
      " }\nstreams:\n  front:\n    capture: { device: file, format: MJPEG, rate: 10 }\n    outputs:\n" +
      "      full:\n        format: NV12\n        publish: [ { transport: shm, socket: " + (dir_ / "full.sock") +
      " } ]\n      small:\n        format: RGB24\n        size: 32x24\n        publish: [ { transport: shm, socket: " +
      (dir_ / "small.sock") + " } ]\n";
  auto profile = ParseProfile(text, "test.yaml");
  ASSERT_TRUE(profile) << profile.error().message;
  auto sut = Engine::Open(*profile, {});
  ASSERT_TRUE(sut) << sut.error().message;
  ASSERT_TRUE((*sut)->Start());
  AwaitEnd(**sut);
  EXPECT_TRUE((*sut)->Stop());
  const std::vector<StreamStatus> status = (*sut)->Snapshot();
  ASSERT_EQ(status.size(), 2U);
  for (const StreamStatus& output : status) {
    SCOPED_TRACE(output.output);
    EXPECT_EQ(output.state, StreamState::kEnded) << output.error;
    EXPECT_EQ(output.frames.in, 6U);
    EXPECT_EQ(output.frames.dropped[VSTREAM_DROP_CONVERT_ERROR], 1U);
    EXPECT_EQ(output.frames.published, 5U);
  }
  EXPECT_EQ(status[0].frames.width, 64U);  // as the file has it
  EXPECT_EQ(status[1].frames.width, 32U);
  EXPECT_EQ(status[1].frames.colorimetry.matrix, 0);
  EXPECT_EQ(status[1].frames.colorimetry.range, VSTREAM_RANGE_FULL);
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

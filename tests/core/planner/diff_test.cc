// SPDX-License-Identifier: Apache-2.0
// The difference of two plans: one row per thing that can differ.
#include "core/planner/diff.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace videostream {
namespace {

OutputPlan Output(const std::string& name) {
  OutputPlan output;
  output.name = name;
  output.allocator = {"shm", "memfd", {}};
  output.transport = {"shm", "native", {{"socket", "/run/" + name + ".sock"}, {"buffers", "6"}}};
  output.publish.socket_path = "/run/" + name + ".sock";
  return output;
}

OutputPlan Encoded(OutputPlan output) {
  output.encoder = Choice{"soft", "h264", {}};
  output.encoding = EncoderSpec{};
  output.encoding->bitrate.value = 5000000;
  output.codec = VSTREAM_FORMAT_H264;
  return output;
}

StreamPlan Stream(const std::string& name) {
  StreamPlan stream;
  stream.name = name;
  stream.capture = {"cam", "cam0", {{"path", "/dev/video0"}, {"heap", "a"}, {"heap", "b"}}};
  stream.captured = {VSTREAM_FORMAT_NV12, 1280, 720, {30, 1}};
  stream.outputs = {Encoded(Output("full")), Output("small")};
  stream.outputs[1].converter = Choice{"soft", "cpu", {}};
  stream.outputs[1].published = {VSTREAM_FORMAT_RGB24, 640, 640, {10, 1}};
  return stream;
}

Plan TwoStreams() { return {{Stream("front"), Stream("rear")}}; }

struct Row {
  const char* name;
  std::function<void(StreamPlan&)> change;
  ChangeKind kind;
  std::vector<std::string> reasons;
};

// Bug: something that differs is not seen, so that the running stream is not what the profile says.
TEST(Diff, EachDifferenceIsSeenAndNamed) {
  const ChangeKind restart = ChangeKind::kRestart;
  const std::vector<Row> rows = {
      {"capture size",
       [](StreamPlan& s) { s.captured.width = 640, s.captured.height = 480; },
       restart,
       {"front: capture size 1280x720 -> 640x480 (restart)"}},
      {"capture size, which the first output follows",
       [](StreamPlan& s) {
         s.captured.width = s.outputs[0].published.width = 640;
         s.captured.height = s.outputs[0].published.height = 480;
       },
       restart,
       {"front: capture size 1280x720 -> 640x480 (restart)"}},
      {"capture format",
       [](StreamPlan& s) { s.captured.fourcc = 0; },
       restart,
       {"front: capture format NV12 -> any (restart)"}},
      {"capture rate",
       [](StreamPlan& s) {
         s.captured.rate = {30000, 1001};
       },
       restart,
       {"front: capture rate 30 -> 30000/1001 (restart)"}},
      {"capture device",
       [](StreamPlan& s) {
         s.capture = {"soft", "pattern", {}};
       },
       restart,
       {"front.capture: cam/cam0 -> soft/pattern (restart)"}},
      {"capture option",
       [](StreamPlan& s) { s.capture.options[0].second = "/dev/video1"; },
       restart,
       {"front.capture: option 'path' '/dev/video0' -> '/dev/video1' (restart)"}},
      {"list option",
       [](StreamPlan& s) { s.capture.options.pop_back(); },
       restart,
       {"front.capture: option 'heap' 'a', 'b' -> 'a' (restart)"}},
      {"option gone",
       [](StreamPlan& s) { s.capture.options.erase(s.capture.options.begin()); },
       restart,
       {"front.capture: option 'path' '/dev/video0' -> default (restart)"}},
      {"allocator",
       [](StreamPlan& s) { s.outputs[0].allocator.backend = "dmabuf-heap"; },
       restart,
       {"front.full.allocator: shm/memfd -> dmabuf-heap/memfd (restart)"}},
      {"converter gone",
       [](StreamPlan& s) { s.outputs[1].converter.reset(); },
       restart,
       {"front.small.converter: soft/cpu -> none (restart)"}},
      {"encoder comes",
       [](StreamPlan& s) { s.outputs[1] = Encoded(s.outputs[1]); },
       restart,
       {"front.small.encoder: none -> soft/h264 (restart)"}},
      {"published size",
       [](StreamPlan& s) { s.outputs[1].published.width = 320; },
       restart,
       {"front.small: size 640x640 -> 320x640 (restart)"}},
      {"crop",
       [](StreamPlan& s) {
         s.outputs[1].crop = {8, 4, 64, 32};
       },
       restart,
       {"front.small: crop none -> 64x32+8+4 (restart)"}},
      {"transform",
       [](StreamPlan& s) { s.outputs[1].transform = 1; },
       restart,
       {"front.small: transform 0 -> 1 (restart)"}},
      {"color",
       [](StreamPlan& s) { s.outputs[1].color.matrix = 1; },
       restart,
       {"front.small: color matrix 0 range 0 -> matrix 1 range 0 (restart)"}},
      {"filter",
       [](StreamPlan& s) { s.outputs[1].filter = s.outputs[1].filter + 1; },
       restart,
       {"front.small.converter: filter " + std::to_string(VSTREAM_FILTER_BILINEAR) + " -> " +
        std::to_string(VSTREAM_FILTER_BILINEAR + 1) + " (restart)"}},
      {"gop",
       [](StreamPlan& s) { s.outputs[0].encoding->gop.value = 60; },
       restart,
       {"front.full.encoder: gop 30 -> 60 (restart)"}},
      {"bitrate",
       [](StreamPlan& s) { s.outputs[0].encoding->bitrate.value = 8000000; },
       ChangeKind::kLive,
       {"front.full.encoder: bitrate 5000000 -> 8000000 (live)"}},
      {"bitrate and gop",
       [](StreamPlan& s) {
         s.outputs[0].encoding->bitrate.value = 8000000;
         s.outputs[0].encoding->gop.value = 60;
       },
       restart,
       {"front.full.encoder: gop 30 -> 60 (restart)", "front.full.encoder: bitrate 5000000 -> 8000000 (live)"}},
      {"quality of h264, which has none",
       [](StreamPlan& s) { s.outputs[0].encoding->quality.value = 1; },
       ChangeKind::kUnchanged,
       {}},
      {"socket, also an option of the transport",
       [](StreamPlan& s) {
         s.outputs[0].publish.socket_path = "/run/new.sock";
         s.outputs[0].transport.options[0].second = "/run/new.sock";
       },
       restart,
       {"front.full.transport: socket '/run/full.sock' -> '/run/new.sock' (restart)"}},
      {"mode",
       [](StreamPlan& s) { s.outputs[0].publish.mode.value = 0600; },
       restart,
       {"front.full.transport: mode 0660 -> 0600 (restart)"}},
      {"allow",
       [](StreamPlan& s) {
         s.outputs[0].publish.allow_uid = {{"pi", {}}, {"7", {}}};
       },
       restart,
       {"front.full.transport: allow uid [] -> [pi, 7] (restart)"}},
      {"group",
       [](StreamPlan& s) { s.outputs[0].publish.group.value = "video"; },
       restart,
       {"front.full.transport: group none -> 'video' (restart)"}},
      {"option of the transport alone",
       [](StreamPlan& s) { s.outputs[0].transport.options[1].second = "7"; },
       restart,
       {"front.full.transport: option 'buffers' '6' -> '7' (restart)"}},
      {"output gone", [](StreamPlan& s) { s.outputs.pop_back(); }, restart, {"front.small: output removed (restart)"}},
      {"output comes",
       [](StreamPlan& s) { s.outputs.push_back(Output("third")); },
       restart,
       {"front.third: output added (restart)"}},
      {"order of outputs",
       [](StreamPlan& s) { std::swap(s.outputs[0], s.outputs[1]); },
       restart,
       {"front: order of the outputs (restart)"}},
      {"what is spelt otherwise",
       [](StreamPlan& s) {
         s.outputs[0].publish.socket.value = "${RUNTIME}/full.sock";
         s.outputs[0].publish.pos.line = 7;
       },
       ChangeKind::kUnchanged,
       {}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Plan to = TwoStreams();
    row.change(to.streams[0]);
    const auto changes = DiffPlans(TwoStreams(), to, {"front.full.encoder", "front.small.encoder"});
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].stream, "front");
    EXPECT_EQ(ChangeKindName(changes[0].kind), ChangeKindName(row.kind));
    EXPECT_EQ(changes[0].reasons, row.reasons);
    EXPECT_EQ(changes[0].bitrates.size(), row.kind == ChangeKind::kLive ? 1U : 0U);
    EXPECT_EQ(changes[1].kind, ChangeKind::kUnchanged) << changes[1].reasons.at(0);
  }
}

// Bug: an encoder is told what it cannot do, or one that can is restarted.
TEST(Diff, TheBitrateIsLiveOnlyWhereTheEncoderTakesIt) {
  Plan to = TwoStreams();
  to.streams[1].outputs[0].encoding->bitrate.value = 1000;
  auto changes = DiffPlans(TwoStreams(), to, {"front.full.encoder"});
  EXPECT_EQ(changes[1].kind, ChangeKind::kRestart);
  EXPECT_EQ(changes[1].reasons.at(0), "rear.full.encoder: bitrate 5000000 -> 1000 (restart)");
  changes = DiffPlans(TwoStreams(), to, {"rear.full.encoder"});
  EXPECT_EQ(changes[1].kind, ChangeKind::kLive);
  EXPECT_EQ(changes[1].bitrates, (std::vector<BitrateChange>{{"full", 5000000, 1000}}));
}

// Bug: the quality of JPEG, which no encoder takes while it runs, is lost; or its bit rate, which it has not, restarts.
TEST(Diff, JpegHasAQualityAndNoBitrate) {
  Plan from = TwoStreams();
  from.streams[0].outputs[0].codec = VSTREAM_FORMAT_MJPEG;
  Plan to = from;
  to.streams[0].outputs[0].encoding->bitrate.value = 1000;
  EXPECT_EQ(DiffPlans(from, to, {})[0].kind, ChangeKind::kUnchanged);
  to.streams[0].outputs[0].encoding->quality.value = 50;
  EXPECT_EQ(DiffPlans(from, to, {})[0].reasons.at(0), "front.full.encoder: quality 85 -> 50 (restart)");
}

// Bug: a stream that comes or goes is taken for another one, or the order of the answer is that of a hash.
TEST(Diff, StreamsComeAndGoInTheOrderOfTheProfiles) {
  const Plan from = {{Stream("b"), Stream("a"), Stream("gone"), Stream("also-gone")}};
  const Plan to = {{Stream("new"), Stream("a"), Stream("b")}};
  std::string text;
  for (const StreamChange& change : DiffPlans(from, to, {})) {
    text += change.stream + " " + std::string(ChangeKindName(change.kind)) + "\n";
    for (const std::string& reason : change.reasons) text += "  " + reason + "\n";
  }
  EXPECT_EQ(text,
            "new added\n  new: added\na unchanged\nb unchanged\ngone removed\n  gone: removed\n"
            "also-gone removed\n  also-gone: removed\n");
}

}  // namespace
}  // namespace videostream

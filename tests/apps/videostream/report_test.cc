// SPDX-License-Identifier: Apache-2.0
// What is known about a runtime: as JSON and back, and as text.
#include "apps/videostream/report.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

namespace videostream {
namespace {

RuntimeReport Example() {
  RuntimeReport report;
  report.version = "1.2.3";
  report.pid = 42;
  report.uptime_ms = 5000;
  report.now_ns = 99;
  report.profile = "dev";
  report.profile_file = "configs/dev.yaml";
  report.chosen = {{"front.capture", "sw", "pattern", "it fits"}, {"front.full.converter", "", "", "not needed"}};
  StreamStatus stream;
  stream.name = "front";
  stream.output = "full";
  stream.state = StreamState::kFailed;
  stream.error = "capture: unplugged";
  stream.started_ns = 10;
  stream.first_frame_ns = 20;
  stream.capture = "sw/pattern";
  stream.encoder = "sw/h264";
  stream.allocator = stream.transport = "shm/x";
  stream.socket = "/run/x.sock";
  stream.pool_sum = "3 = 1 + 2";
  stream.frames.in = 100;
  stream.frames.published = 97;
  stream.frames.in_flight = 1;
  stream.frames.dropped[VSTREAM_DROP_DEVICE_GAP] = 2;
  stream.frames.bytes = 1500000;
  stream.frames.buffers = 8;
  stream.frames.buffers_free = 3;
  stream.frames.fourcc = VSTREAM_FORMAT_NV12;
  stream.frames.width = 64;
  stream.frames.height = 48;
  stream.frames.rate = {30000, 1001};
  stream.packets.published = 5;
  vstream_consumer consumer{};
  consumer.struct_size = sizeof consumer;
  consumer.id = 7;
  consumer.stream = VSTREAM_STREAM_PACKETS;
  consumer.policy = VSTREAM_CONSUMER_POLICY_QUEUE;
  consumer.queue_depth = 4;
  consumer.leases_held = 1;
  consumer.pid = 1234;
  consumer.published = 50;
  consumer.taken = 45;
  consumer.skipped[VSTREAM_DROP_OVERRUN] = 5;
  std::memcpy(consumer.name, "viewer", 7);
  stream.consumers = {consumer};
  stream.consumers_refused = 2;
  stream.stuck = {{"front.capture", "dequeue", 77}};
  report.streams = {stream};
  return report;
}

// Would catch: a field that is lost between `run` and `status`.
TEST(ReportTest, JsonAndBackIsTheSame) {
  const std::string json = ReportToJson(Example(), "videostream.status/1");
  EXPECT_EQ(json.rfind("{\n  \"schema\": \"videostream.status/1\",\n", 0), 0U) << json;
  const Result<RuntimeReport> back = ReportFromJson(json);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(ReportToJson(*back, "videostream.status/1"), json);
  EXPECT_EQ(back->streams[0].frames.dropped[VSTREAM_DROP_DEVICE_GAP], 2U);
  EXPECT_EQ(back->streams[0].state, StreamState::kFailed);
  EXPECT_STREQ(back->streams[0].consumers[0].name, "viewer");
}

// Would catch: a foreign process behind the socket that crashes `status`.
TEST(ReportTest, HostileJsonIsAnErrorOrHarmless) {
  const char* refused[] = {"", "[]", "1", "{", "{\"streams\": 1}", "\"x\"", "{\"streams\": [}"};
  for (const char* text : refused) EXPECT_FALSE(ReportFromJson(text)) << text;
  const char* harmless[] = {
      "{\"streams\": [1, null, \"x\", []]}",
      "{\"streams\": [{\"consumers\": 5, \"stuck\": {\"a\": 1}, \"frames\": [], \"name\": 3}]}",
      "{\"streams\": [{\"frames\": {\"in\": -1, \"rate\": [1, 0], \"dropped\": \"no\"}}], \"pid\": 1e300}",
      "{\"streams\": [{\"consumers\": [{\"name\": "
      "\"a name that is far longer than the thirty-one bytes which the record has for it\"}]}]}",
  };
  for (const char* text : harmless) {
    const Result<RuntimeReport> report = ReportFromJson(text);
    ASSERT_TRUE(report) << text;
    (void)StreamsText(report->streams);
    (void)ProgressText(report->streams);
  }
  EXPECT_FALSE(ReportFromJson(std::string(100000, '[')));
}

// Would catch: bytes of a consumer's name, which it chooses itself, that break the document.
TEST(ReportTest, NamesThatAreNotTextStayValidJson) {
  RuntimeReport report = Example();
  std::memcpy(report.streams[0].consumers[0].name, "\xff\xfe\x1b[2J\"", 8);
  EXPECT_TRUE(nlohmann::json::accept(ReportToJson(report, "s")));
  EXPECT_EQ(StreamsText(report.streams).find('\x1b'), std::string::npos);
}

// Would catch: counters under the wrong heading.
TEST(ReportTest, TextIsATableOfStreamsAndConsumers) {
  EXPECT_EQ(StreamsText(Example().streams),
            "STREAM      FLOW     CONTENT                     IN  PUBLISHED   BYTES  DROPPED\n"
            "front.full  frames   NV12 64x48 30000/1001 fps  100         97  1.5 MB  2 device_gap\n"
            "front.full  packets                               0          5     0 B  0\n"
            "\n"
            "CONSUMER  PID   OF                  POLICY   PUBLISHED  TAKEN  SKIPPED\n"
            "viewer    1234  front.full packets  queue:4         50     45  5 overrun\n"
            "(taken and skipped as reported by each consumer)\n"
            "\n"
            "  front.full: capture: unplugged\n"
            "  front.capture: stuck in 'dequeue', abandoned\n"
            "  front.full: 2 consumers refused\n");
  EXPECT_EQ(ChosenText(Example().chosen),
            "  front.capture         sw/pattern  it fits\n"
            "  front.full.converter  -           not needed\n");
  EXPECT_EQ(ProgressText(Example().streams), "front.full 97 published, 2 dropped, 1 consumer");
}

// Would catch: a table at the end that forgets who has left before.
TEST(ReportTest, ConsumersThatLeftAreRemembered) {
  ConsumerHistory history;
  std::vector<StreamStatus> streams = Example().streams;
  history.Note(streams);
  streams[0].consumers[0].taken = 48;
  history.Note(streams);
  streams[0].consumers.clear();
  history.AddTo(streams);
  ASSERT_EQ(streams[0].consumers.size(), 1U);
  EXPECT_EQ(streams[0].consumers[0].taken, 48U);
  history.AddTo(streams);
  EXPECT_EQ(streams[0].consumers.size(), 1U);
}

// Would catch: a slot that was filled and is shown as empty, or the other way round.
TEST(ReportTest, ChosenIsTakenFromThePlanning) {
  Planning planning;
  Candidate refused{.backend = "v4l2",
                    .device = {},
                    .verdict = Verdict::kNoDevice,
                    .reason = "none",
                    .evidence = {},
                    .fix = {},
                    .pos = {}};
  Candidate taken{.backend = "sw",
                  .device = "pattern",
                  .verdict = Verdict::kTaken,
                  .reason = "fits",
                  .evidence = {},
                  .fix = {},
                  .pos = {}};
  Candidate idle{.backend = "sw",
                 .device = {},
                 .verdict = Verdict::kNotNeeded,
                 .reason = "as captured",
                 .evidence = {},
                 .fix = {},
                 .pos = {}};
  planning.slots = {
      {.name = "a.capture", .kind = BackendKind::kCapture, .candidates = {refused, taken}, .would_change = {}},
      {.name = "a.b.converter", .kind = BackendKind::kConverter, .candidates = {idle}, .would_change = {}},
      {.name = "a.b.encoder", .kind = BackendKind::kEncoder, .candidates = {refused}, .would_change = {}}};
  const std::vector<Chosen> chosen = ChosenOf(planning);
  ASSERT_EQ(chosen.size(), 2U);
  EXPECT_EQ(chosen[0].device, "pattern");
  EXPECT_EQ(chosen[1].backend, "");
  EXPECT_EQ(chosen[1].reason, "as captured");
}

// Would catch: the recorder's or the receiver's JSON misread by the table of tools/run.
TEST(ReportTest, ConsumersSummaryIsRead) {
  const Result<ConsumerSummary> summary = ConsumerSummaryFromJson(
      "{\"schema\": \"videostream.receive/1\", \"frames\": 9, \"skipped\": {\"overrun\": 2}, \"latency_us\": {\"p50\": "
      "1.5, \"p99\": null}}");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->taken, 9U);
  EXPECT_EQ(summary->skipped[VSTREAM_DROP_OVERRUN], 2U);
  EXPECT_EQ(summary->p50_us, 1.5);
  EXPECT_EQ(summary->p99_us, std::nullopt);
  EXPECT_FALSE(ConsumerSummaryFromJson("{}"));
  EXPECT_FALSE(ConsumerSummaryFromJson("{\"frames\": \"x\", \"skipped\": []}"));
}

}  // namespace
}  // namespace videostream

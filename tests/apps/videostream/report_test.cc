// SPDX-License-Identifier: Apache-2.0
// What is known about a runtime: as JSON and back, and as text.
#include "apps/videostream/report.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  report.reloads.generation = 3;
  report.reloads.refused = RefusedProfile{
      .file = "a.yaml", .time_ns = 17, .error = "no\nway", .error_code = VSTREAM_E_BUSY, .text = "version: 1\n"};
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
  stream.frames.colorimetry.matrix = 1;
  stream.frames.colorimetry.range = VSTREAM_RANGE_LIMITED;
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
            "STREAM      FLOW     CONTENT                 IN  PUBLISHED   BYTES  DROPPED\n"
            "front.full  frames   NV12 64x48@30000/1001  100         97  1.5 MB  2 device_gap\n"
            "front.full  packets                           0          5     0 B  0\n"
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

// A camera of full size and what is made of it: the widest that is usual.
std::vector<StreamStatus> TwoOutputs() {
  StreamStatus full = Example().streams[0];
  full.error.clear();
  full.stuck.clear();
  full.consumers_refused = 0;
  full.state = StreamState::kRunning;
  full.frames.width = 1920;
  full.frames.height = 1080;
  full.frames.rate = {30, 1};
  full.frames.in = 12345;
  full.frames.bytes = 38000000000;
  full.packets.fourcc = VSTREAM_FORMAT_H264;
  StreamStatus detector = full;
  detector.output = "detector";
  detector.encoder.clear();
  detector.frames.dropped = {};
  detector.frames.dropped[VSTREAM_DROP_RATE_LIMIT] = 8230;
  detector.frames.dropped[VSTREAM_DROP_NO_FREE_BUFFER] = 12;
  detector.consumers[0].stream = VSTREAM_STREAM_FRAMES;
  detector.consumers[0].skipped[VSTREAM_DROP_VOID_LEASE] = 3;
  std::memcpy(detector.consumers[0].name, "videostream", 12);
  return {full, detector};
}

size_t Widest(const std::string& text) {
  size_t widest = 0;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    widest = std::max(widest, text.find('\n', at) - at);
  }
  return widest;
}

// Would catch: tables of several outputs that wrap on an ordinary terminal, or lose the reasons for it.
TEST(ReportTest, SeveralOutputsAreReadableAtEightyColumns) {
  const std::string text = StreamsText(TwoOutputs());
  EXPECT_EQ(text,
            "STREAM          FLOW     CONTENT               IN  PUBLISHED    BYTES  DROPPED\n"
            "front.full      frames   NV12 1920x1080@30  12345         97  38.0 GB  2\n"
            "front.full      packets  H264                   0          5      0 B  0\n"
            "front.detector  frames   NV12 1920x1080@30  12345         97  38.0 GB  8242\n"
            "  front.full frames dropped: 2 device_gap\n"
            "  front.detector frames dropped: 12 no_free_buffer, 8230 rate_limit\n"
            "\n"
            "CONSUMER     PID   OF                     POLICY   PUBLISHED  TAKEN  SKIPPED\n"
            "viewer       1234  front.full packets     queue:4         50     45  5\n"
            "videostream  1234  front.detector frames  queue:4         50     45  8\n"
            "  viewer (1234) skipped: 5 overrun\n"
            "  videostream (1234) skipped: 5 overrun, 3 void_lease\n"
            "(taken and skipped as reported by each consumer)\n");
  EXPECT_LE(Widest(text), 80U) << text;
  const std::string progress = ProgressText(TwoOutputs());
  EXPECT_EQ(progress, "front.full 97, front.detector 97 published, 14 dropped, 2 consumers");
}

// Would catch: reasons that run off the screen, or are squeezed into a column of a few characters.
TEST(ReportTest, LongReasonsOfChoicesAreWrapped) {
  const std::string reason = "the first of the profile that can turn NV12 1920x1080 into RGB24 640x640";
  EXPECT_EQ(ChosenText({{"front.capture", "sw", "pattern", reason}}),
            "  front.capture  sw/pattern  the first of the profile that can turn NV12\n"
            "                             1920x1080 into RGB24 640x640\n");
  EXPECT_EQ(ChosenText({{"front.detector.converter", "sw-fallback", "convert", reason},
                        {"front.detector.encoder", "imx-vpu-hantro-enc", "0123456789", reason},
                        {"front.x.encoder", "", "", ""}}),
            "  front.detector.converter  sw-fallback/convert\n"
            "      the first of the profile that can turn NV12 1920x1080 into RGB24 640x640\n"
            "  front.detector.encoder    imx-vpu-hantro-enc/0123456789\n"
            "      the first of the profile that can turn NV12 1920x1080 into RGB24 640x640\n"
            "  front.x.encoder           -\n");
}

// Would catch: colours that are told wrongly, or told where nobody knows them.
TEST(ReportTest, ColourIsToldByName) {
  struct Case {
    uint8_t matrix, range;
    const char* json;
  };
  const Case cases[] = {{1, VSTREAM_RANGE_LIMITED, R"({"matrix":"bt709","range":"limited"})"},
                        {6, VSTREAM_RANGE_FULL, R"({"matrix":"bt601","range":"full"})"},
                        {5, VSTREAM_RANGE_FULL, R"({"matrix":"bt601","range":"full"})"},
                        {9, VSTREAM_RANGE_UNSPECIFIED, R"({"matrix":"bt2020","range":null})"},
                        {0, VSTREAM_RANGE_FULL, R"({"matrix":"rgb","range":"full"})"},
                        {0, VSTREAM_RANGE_UNSPECIFIED, R"({"matrix":null,"range":null})"},
                        {2, VSTREAM_RANGE_UNSPECIFIED, R"({"matrix":null,"range":null})"},
                        {77, 99, R"({"matrix":null,"range":null})"}};
  for (const Case& c : cases) {
    RuntimeReport report = Example();
    report.streams[0].frames.colorimetry.matrix = c.matrix;
    report.streams[0].frames.colorimetry.range = c.range;
    const std::string json = ReportToJson(report, "s");
    EXPECT_EQ(nlohmann::ordered_json::parse(json)["streams"][0]["frames"]["color"].dump(), c.json);
    const Result<RuntimeReport> back = ReportFromJson(json);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(ReportToJson(*back, "s"), json);
  }
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

// Would catch: a consumer of one output that is shown at the end under another, whose consumers have the same numbers.
TEST(ReportTest, ConsumersAreRememberedPerOutput) {
  ConsumerHistory history;
  std::vector<StreamStatus> streams = TwoOutputs();
  history.Note(streams);
  for (StreamStatus& stream : streams) stream.consumers.clear();
  history.AddTo(streams);
  ASSERT_EQ(streams[0].consumers.size(), 1U);
  ASSERT_EQ(streams[1].consumers.size(), 1U);
  EXPECT_STREQ(streams[0].consumers[0].name, "viewer");
  EXPECT_STREQ(streams[1].consumers[0].name, "videostream");
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

// SPDX-License-Identifier: Apache-2.0
// A runtime's numbers as JSON, and back.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "apps/videostream/report.h"
#include "apps/videostream/report_reload.h"
#include "core/frame/format.h"

namespace videostream {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kStates = {StreamState::kStarting, StreamState::kRunning, StreamState::kEnded,
                                StreamState::kFailed, StreamState::kStopped};

Json CountsToJson(const uint64_t* counts) {
  Json json = Json::object();
  for (size_t i = 0; i < VSTREAM_DROP_REASONS; ++i) json[DropName(i)] = counts[i];
  return json;
}

Json RatioToJson(const vstream_ratio& ratio) {
  if (ratio.den == 0) return nullptr;
  return Json::array({ratio.num, ratio.den});
}

struct MatrixName {
  uint8_t code;  // of vstream_colorimetry::matrix
  const char* name;
};
// In the order of preference for the way back.
constexpr std::array<MatrixName, 5> kMatrices = {{{0, "rgb"}, {1, "bt709"}, {6, "bt601"}, {5, "bt601"}, {9, "bt2020"}}};
constexpr std::array<const char*, 3> kRanges = {nullptr, "limited", "full"};

Json ColorToJson(const FlowStatus& flow) {
  Json matrix = nullptr;
  for (const MatrixName& known : kMatrices) {
    if (known.code == flow.colorimetry.matrix) matrix = known.name;
  }
  const uint8_t range = flow.colorimetry.range;
  // All 0 means that nobody said anything, rather than RGB.
  if (flow.colorimetry.matrix == 0 && range == VSTREAM_RANGE_UNSPECIFIED) matrix = nullptr;
  const bool known = range < kRanges.size() && kRanges.at(range) != nullptr;
  return {{"matrix", matrix}, {"range", known ? Json(kRanges.at(range)) : Json(nullptr)}};
}

Json FlowToJson(const FlowStatus& flow) {
  return {{"format", flow.fourcc == 0 ? Json(nullptr) : Json(FormatName(flow.fourcc))},
          {"width", flow.width},
          {"height", flow.height},
          {"rate", RatioToJson(flow.rate)},
          {"color", ColorToJson(flow)},
          {"in", flow.in},
          {"published", flow.published},
          {"in_flight", flow.in_flight},
          {"dropped", CountsToJson(flow.dropped.data())},
          {"bytes", flow.bytes},
          {"buffers", flow.buffers},
          {"buffers_free", flow.buffers_free}};
}

const char* FlowName(uint32_t stream) { return stream == VSTREAM_STREAM_PACKETS ? "packets" : "frames"; }

Json ConsumerToJson(const vstream_consumer& consumer) {
  const bool queue = consumer.policy == VSTREAM_CONSUMER_POLICY_QUEUE;
  return {{"id", consumer.id},
          {"name", static_cast<const char*>(consumer.name)},
          {"pid", consumer.pid},
          {"uid", consumer.uid},
          {"gid", consumer.gid},
          {"flow", FlowName(consumer.stream)},
          {"policy", queue ? "queue" : "latest"},
          {"queue_depth", consumer.queue_depth},
          {"leases_held", consumer.leases_held},
          {"first_sequence", consumer.first_sequence},
          {"published", consumer.published},
          {"revocations", consumer.revocations},
          {"reported", {{"taken", consumer.taken}, {"skipped", CountsToJson(consumer.skipped)}}}};
}

Json StreamToJson(const StreamStatus& stream) {
  const auto slot = [](const std::string& who) { return who.empty() ? Json(nullptr) : Json(who); };
  Json consumers = Json::array();
  for (const vstream_consumer& consumer : stream.consumers) consumers.push_back(ConsumerToJson(consumer));
  Json stuck = Json::array();
  for (const StuckCall& call : stream.stuck) {
    stuck.push_back({{"slot", call.slot}, {"call", call.call}, {"since_ns", call.since_ns}});
  }
  return {{"name", stream.name},
          {"output", stream.output},
          {"state", StreamStateName(stream.state)},
          {"error", slot(stream.error)},
          {"socket", stream.socket},
          {"started_ns", stream.started_ns},
          {"first_frame_ns", stream.first_frame_ns},
          {"backends",
           {{"capture", slot(stream.capture)},
            {"converter", slot(stream.converter)},
            {"encoder", slot(stream.encoder)},
            {"allocator", slot(stream.allocator)},
            {"transport", slot(stream.transport)}}},
          {"pool_sum", stream.pool_sum},
          {"frames", FlowToJson(stream.frames)},
          {"packets", stream.encoder.empty() ? Json(nullptr) : FlowToJson(stream.packets)},
          {"consumers", consumers},
          {"consumers_refused", stream.consumers_refused},
          {"stuck", stuck}};
}

// ---- Reading. A member that is missing or of another type counts as absent: a newer runtime may have changed it.

template <class T>
T Get(const Json& json, const char* key, T absent = {}) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  if (found == json.end()) return absent;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->template get<T>() : absent;
  } else {
    return found->is_number_integer() ? found->template get<T>() : absent;
  }
}

const Json& Member(const Json& json, const char* key) {
  static const Json kNothing;
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found == json.end() ? kNothing : *found;
}

void CountsFromJson(const Json& json, uint64_t* counts) {
  for (size_t i = 0; i < VSTREAM_DROP_REASONS; ++i) counts[i] = Get<uint64_t>(json, DropName(i));
}

vstream_colorimetry ColorFromJson(const Json& json) {
  constexpr uint8_t kUnspecified = 2;
  vstream_colorimetry color{};
  const std::string matrix = Get<std::string>(json, "matrix");
  const std::string range = Get<std::string>(json, "range");
  const auto* const known =
      std::find_if(kMatrices.begin(), kMatrices.end(), [&](const MatrixName& m) { return matrix == m.name; });
  color.matrix = known == kMatrices.end() ? kUnspecified : known->code;
  for (size_t i = 1; i < kRanges.size(); ++i) {
    if (range == kRanges.at(i)) color.range = static_cast<uint8_t>(i);
  }
  return color;
}

FlowStatus FlowFromJson(const Json& json) {
  FlowStatus flow;
  const Format* format = FindFormat(std::string_view(Get<std::string>(json, "format")));
  flow.fourcc = format == nullptr ? 0 : format->fourcc;
  flow.width = Get<uint32_t>(json, "width");
  flow.height = Get<uint32_t>(json, "height");
  const Json& rate = Member(json, "rate");
  if (rate.is_array() && rate.size() == 2 && rate[0].is_number_integer() && rate[1].is_number_integer()) {
    flow.rate = {rate[0].get<uint32_t>(), rate[1].get<uint32_t>()};
  }
  flow.colorimetry = ColorFromJson(Member(json, "color"));
  flow.in = Get<uint64_t>(json, "in");
  flow.published = Get<uint64_t>(json, "published");
  flow.in_flight = Get<uint64_t>(json, "in_flight");
  CountsFromJson(Member(json, "dropped"), flow.dropped.data());
  flow.bytes = Get<uint64_t>(json, "bytes");
  flow.buffers = Get<uint32_t>(json, "buffers");
  flow.buffers_free = Get<uint32_t>(json, "buffers_free");
  return flow;
}

vstream_consumer ConsumerFromJson(const Json& json) {
  vstream_consumer consumer{};
  consumer.struct_size = sizeof consumer;
  consumer.id = Get<uint32_t>(json, "id");
  const std::string name = Get<std::string>(json, "name");
  std::memcpy(consumer.name, name.data(), std::min(name.size(), sizeof consumer.name - 1));
  consumer.pid = Get<int32_t>(json, "pid");
  consumer.uid = Get<uint32_t>(json, "uid");
  consumer.gid = Get<uint32_t>(json, "gid");
  consumer.stream = Get<std::string>(json, "flow") == "packets" ? VSTREAM_STREAM_PACKETS : VSTREAM_STREAM_FRAMES;
  consumer.policy =
      Get<std::string>(json, "policy") == "queue" ? VSTREAM_CONSUMER_POLICY_QUEUE : VSTREAM_CONSUMER_POLICY_LATEST;
  consumer.queue_depth = Get<uint32_t>(json, "queue_depth");
  consumer.leases_held = Get<uint32_t>(json, "leases_held");
  consumer.first_sequence = Get<uint64_t>(json, "first_sequence");
  consumer.published = Get<uint64_t>(json, "published");
  consumer.revocations = Get<uint64_t>(json, "revocations");
  const Json& reported = Member(json, "reported");
  consumer.taken = Get<uint64_t>(reported, "taken");
  CountsFromJson(Member(reported, "skipped"), consumer.skipped);
  return consumer;
}

StreamStatus StreamFromJson(const Json& json) {
  StreamStatus stream;
  stream.name = Get<std::string>(json, "name");
  stream.output = Get<std::string>(json, "output");
  const std::string state = Get<std::string>(json, "state");
  for (const StreamState known : kStates) {
    if (state == StreamStateName(known)) stream.state = known;
  }
  stream.error = Get<std::string>(json, "error");
  stream.socket = Get<std::string>(json, "socket");
  stream.started_ns = Get<int64_t>(json, "started_ns");
  stream.first_frame_ns = Get<int64_t>(json, "first_frame_ns");
  const Json& backends = Member(json, "backends");
  stream.capture = Get<std::string>(backends, "capture");
  stream.converter = Get<std::string>(backends, "converter");
  stream.encoder = Get<std::string>(backends, "encoder");
  stream.allocator = Get<std::string>(backends, "allocator");
  stream.transport = Get<std::string>(backends, "transport");
  stream.pool_sum = Get<std::string>(json, "pool_sum");
  stream.frames = FlowFromJson(Member(json, "frames"));
  stream.packets = FlowFromJson(Member(json, "packets"));
  for (const Json& consumer : Member(json, "consumers")) stream.consumers.push_back(ConsumerFromJson(consumer));
  stream.consumers_refused = Get<uint64_t>(json, "consumers_refused");
  for (const Json& call : Member(json, "stuck")) {
    stream.stuck.push_back(
        {Get<std::string>(call, "slot"), Get<std::string>(call, "call"), Get<int64_t>(call, "since_ns")});
  }
  return stream;
}

Json ReloadsToJson(const ReloadStatus& reloads) {
  Json refused = nullptr;
  if (reloads.refused) {
    refused = {
        {"file", reloads.refused->file},
        {"time_ns", reloads.refused->time_ns},
        {"error", {{"code", CodeName(CodeFromAbi(reloads.refused->error_code))}, {"message", reloads.refused->error}}},
        {"text", reloads.refused->text}};
  }
  return {{"generation", reloads.generation}, {"refused", refused}};
}

ReloadStatus ReloadsFromJson(const Json& json) {
  ReloadStatus reloads;
  reloads.generation = Get<uint64_t>(json, "generation");
  const Json& refused = Member(json, "refused");
  if (!refused.is_object()) return reloads;
  const Json& error = Member(refused, "error");
  reloads.refused = RefusedProfile{.file = Get<std::string>(refused, "file"),
                                   .time_ns = Get<int64_t>(refused, "time_ns"),
                                   .error = Get<std::string>(error, "message"),
                                   .error_code = ErrorCodeNamed(Get<std::string>(error, "code")),
                                   .text = Get<std::string>(refused, "text")};
  return reloads;
}

}  // namespace

std::string ReportToJson(const RuntimeReport& report, std::string_view schema) {
  Json chosen = Json::array();
  for (const SlotChoice& entry : report.chosen) {
    const Json backend = entry.backend.empty() ? Json(nullptr) : Json(entry.backend);
    chosen.push_back({{"slot", entry.slot}, {"backend", backend}, {"device", entry.device}, {"reason", entry.reason}});
  }
  Json streams = Json::array();
  for (const StreamStatus& stream : report.streams) streams.push_back(StreamToJson(stream));
  const Json json = {{"schema", schema},
                     {"version", report.version},
                     {"pid", report.pid},
                     {"uptime_ms", report.uptime_ms},
                     {"now_ns", report.now_ns},
                     {"profile", {{"name", report.profile}, {"file", report.profile_file}}},
                     {"reload", ReloadsToJson(report.reloads)},
                     {"chosen", chosen},
                     {"streams", streams}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RuntimeReport> ReportFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !Member(json, "streams").is_array()) {
    return Fail(Code::kIo, "not the status of a runtime");
  }
  RuntimeReport report;
  report.version = Get<std::string>(json, "version");
  report.pid = Get<int64_t>(json, "pid");
  report.uptime_ms = Get<int64_t>(json, "uptime_ms");
  report.now_ns = Get<int64_t>(json, "now_ns");
  report.profile = Get<std::string>(Member(json, "profile"), "name");
  report.profile_file = Get<std::string>(Member(json, "profile"), "file");
  report.reloads = ReloadsFromJson(Member(json, "reload"));
  for (const Json& entry : Member(json, "chosen")) {
    report.chosen.push_back({Get<std::string>(entry, "slot"), Get<std::string>(entry, "backend"),
                             Get<std::string>(entry, "device"), Get<std::string>(entry, "reason")});
  }
  for (const Json& stream : Member(json, "streams")) report.streams.push_back(StreamFromJson(stream));
  return report;
}

Result<ConsumerSummary> ConsumerSummaryFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!Member(json, "frames").is_number_integer() || !Member(json, "skipped").is_object()) {
    return Fail(Code::kIo, "not the summary of a consumer");
  }
  ConsumerSummary summary;
  summary.taken = Get<uint64_t>(json, "frames");
  CountsFromJson(Member(json, "skipped"), summary.skipped.data());
  const Json& latency = Member(json, "latency_us");
  const auto time = [&](const char* key) {
    const Json& value = Member(latency, key);
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
  };
  summary.p50_us = time("p50");
  summary.p99_us = time("p99");
  return summary;
}

}  // namespace videostream

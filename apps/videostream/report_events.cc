// SPDX-License-Identifier: Apache-2.0
// Events as JSON, back, and as text.
#include "apps/videostream/report_events.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "apps/videostream/table.h"
#include "apps/videostream/terminal.h"
#include "core/base/clock.h"

namespace videostream {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "videostream.events/1";

Json EventToJson(const RuntimeEvent& event) {
  const auto text = [](const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); };
  return {{"sequence", event.sequence},
          {"time_ns", event.time_ns},
          {"warning", event.warning},
          {"type", event.type},
          {"stream", text(event.stream)},
          {"output", text(event.output)},
          {"consumer", event.consumer == 0 ? Json(nullptr) : Json(event.consumer)},
          {"text", event.text}};
}

const Json& Member(const Json& json, const char* key) {
  static const Json kNothing;
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found == json.end() ? kNothing : *found;
}

template <class T>
T Number(const Json& json, const char* key) {
  const Json& value = Member(json, key);
  return value.is_number_integer() ? value.get<T>() : T{};
}

std::string Text(const Json& json, const char* key) {
  const Json& value = Member(json, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool Flag(const Json& json, const char* key) {
  const Json& value = Member(json, key);
  return value.is_boolean() && value.get<bool>();
}

std::string ClockText(int64_t wall_ns) {
  const time_t seconds = wall_ns / kNsPerSecond;
  tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>(wall_ns % kNsPerSecond / kNsPerMs));
  return text.data();
}

// "front.full: consumer 3 connected", "front: ended".
std::string Headline(const RuntimeEvent& event) {
  constexpr std::string_view kStream = "stream_";
  constexpr std::string_view kConsumer = "consumer_";
  const std::string who = event.consumer == 0 ? "" : "consumer " + std::to_string(event.consumer);
  std::string what = event.type;
  if (what.starts_with(kStream)) {
    what.erase(0, kStream.size());
  } else if (what.starts_with(kConsumer) && !who.empty()) {
    what.replace(0, kConsumer.size(), who + " ");
  } else if (!who.empty()) {
    what = who + ": " + what;
  }
  std::replace(what.begin(), what.end(), '_', ' ');
  if (what.find_first_not_of(' ') == std::string::npos) what = "(unnamed event)";
  const std::string where = event.stream + (event.output.empty() ? "" : "." + event.output);
  return where.empty() ? what : where + ": " + what;
}

}  // namespace

std::string EventsToJson(const EventsReport& report) {
  Json events = Json::array();
  for (const RuntimeEvent& event : report.events) events.push_back(EventToJson(event));
  const Json json = {{"schema", kSchema},   {"pid", report.pid},   {"now_ns", report.now_ns},
                     {"next", report.next}, {"over", report.over}, {"events", events}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<EventsReport> EventsFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (Text(json, "schema") != kSchema || !Member(json, "events").is_array()) {
    return Fail(Code::kIo, "not the events of a runtime");
  }
  EventsReport report;
  report.pid = Number<int64_t>(json, "pid");
  report.now_ns = Number<int64_t>(json, "now_ns");
  report.next = Number<uint64_t>(json, "next");
  report.over = Flag(json, "over");
  for (const Json& event : Member(json, "events")) {
    RuntimeEvent& back = report.events.emplace_back();
    back.sequence = Number<uint64_t>(event, "sequence");
    back.time_ns = Number<int64_t>(event, "time_ns");
    back.warning = Flag(event, "warning");
    back.type = Text(event, "type");
    back.stream = Text(event, "stream");
    back.output = Text(event, "output");
    back.consumer = Number<uint32_t>(event, "consumer");
    back.text = Text(event, "text");
  }
  return report;
}

std::string EventText(const RuntimeEvent& event, int64_t wall_ns, bool color) {
  constexpr size_t kIndent = 15;  // the time, the mark, and a space behind each
  const std::string what = Headline(event) + (event.text.empty() ? "" : ": " + event.text);
  const std::string line = ClockText(wall_ns) + (event.warning ? " ! " : "   ") + Wrap(what, kIndent, /*hanging=*/true);
  return event.warning ? Paint(line.substr(0, line.size() - 1), Ink::kWarning, color) + "\n" : line;
}

}  // namespace videostream

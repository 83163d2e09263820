// SPDX-License-Identifier: Apache-2.0
// See report_reload.h.
#include "apps/videostream/report_reload.h"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "apps/videostream/table.h"
#include "core/base/clock.h"

namespace videostream {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "videostream.reload/1";

const Json& Member(const Json& json, const char* key) {
  static const Json kNothing;
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found == json.end() ? kNothing : *found;
}

std::string Text(const Json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }
bool Flag(const Json& json) { return json.is_boolean() && json.get<bool>(); }

}  // namespace

std::string ReloadToJson(const ReloadReport& report) {
  Json streams = Json::array();
  for (const StreamReload& stream : report.streams) {
    streams.push_back({{"name", stream.stream}, {"action", stream.action}, {"reasons", stream.reasons}});
  }
  Json error = nullptr;
  if (report.error_code != VSTREAM_OK) {
    error = {{"code", CodeName(CodeFromAbi(report.error_code))}, {"message", report.error}};
  }
  const Json json = {{"schema", kSchema},
                     {"applied", report.applied},
                     {"dry_run", report.dry_run},
                     {"generation", report.generation},
                     {"profile", {{"name", report.profile}, {"file", report.file}}},
                     {"streams", streams},
                     {"error", error}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<ReloadReport> ReloadFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (Text(Member(json, "schema")) != kSchema || !Member(json, "streams").is_array()) {
    return Fail(Code::kIo, "not the answer to a reload");
  }
  ReloadReport report;
  report.applied = Flag(Member(json, "applied"));
  report.dry_run = Flag(Member(json, "dry_run"));
  const Json& generation = Member(json, "generation");
  if (generation.is_number_unsigned()) report.generation = generation.get<uint64_t>();
  report.profile = Text(Member(Member(json, "profile"), "name"));
  report.file = Text(Member(Member(json, "profile"), "file"));
  for (const Json& stream : Member(json, "streams")) {
    StreamReload& back = report.streams.emplace_back();
    back.stream = Text(Member(stream, "name"));
    back.action = Text(Member(stream, "action"));
    for (const Json& reason : Member(stream, "reasons")) back.reasons.push_back(Text(reason));
  }
  const Json& error = Member(json, "error");
  if (error.is_null()) return report;
  report.error = Text(Member(error, "message"));
  report.error_code = ErrorCodeNamed(Text(Member(error, "code")));
  return report;
}

int ErrorCodeNamed(std::string_view name) {
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    const auto known = static_cast<Code>(code);
    if (name == CodeName(known)) return AbiCode(known);
  }
  return AbiCode(Code::kInternal);
}

Error ReloadError(const ReloadReport& report) { return {CodeFromAbi(report.error_code), report.error}; }

std::string ReloadText(const ReloadReport& report) {
  const char* what = report.applied ? "applied" : report.dry_run ? "dry run" : "refused";
  std::string text = Wrap(std::string(what) + ": profile '" + report.profile + "' (" + report.file + "), generation " +
                              std::to_string(report.generation),
                          0);
  for (const StreamReload& stream : report.streams) {
    text += "  " + Printable(stream.stream + ": " + stream.action) + "\n";
    if (stream.reasons.size() == 1 && stream.reasons.front() == stream.stream + ": " + stream.action) continue;
    for (const std::string& reason : stream.reasons) text += Wrap(reason, 4);
  }
  return text;
}

std::string RefusedText(const RefusedProfile& refused) {
  const time_t seconds = refused.time_ns / kNsPerSecond;
  tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 64> when{};
  (void)std::strftime(when.data(), when.size(), "on %Y-%m-%d at %H:%M:%S", &local);
  // Lines of a profile with a caret below them stay as they are.
  return Printable("reload refused " + std::string(when.data()) + ": " + refused.file + "\n" + refused.error) + "\n";
}

}  // namespace videostream

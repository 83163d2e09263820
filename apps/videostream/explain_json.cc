// SPDX-License-Identifier: Apache-2.0
// The JSON of `explain`.
#include <nlohmann/json.hpp>

#include "apps/videostream/explain.h"

namespace videostream {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json OrNull(uint64_t number) { return number == 0 ? Json(nullptr) : Json(number); }

Json CandidateJson(const Profile& profile, const Candidate& candidate) {
  Json json = {{"backend", candidate.backend},
               {"device", OrNull(candidate.device)},
               {"verdict", VerdictName(candidate.verdict)},
               {"reason", candidate.reason},
               {"evidence", OrNull(candidate.evidence)},
               {"fix", OrNull(candidate.fix)},
               {"file", nullptr},
               {"line", nullptr},
               {"column", nullptr}};
  const SourcePos& pos = candidate.pos;
  if (!pos.in_file()) return json;
  const auto base = static_cast<size_t>(pos.file);
  json["file"] = base > 0 && base <= profile.bases.size() ? profile.bases[base - 1].file : profile.file;
  json["line"] = pos.line;
  json["column"] = pos.column;
  return json;
}

Json SlotsJson(const Profile& profile, const Planning& planning) {
  Json slots = Json::array();
  for (const Slot& slot : planning.slots) {
    Json candidates = Json::array();
    for (const Candidate& candidate : slot.candidates) candidates.push_back(CandidateJson(profile, candidate));
    slots.push_back({{"slot", slot.name},
                     {"kind", kBackendKindNames.at(static_cast<size_t>(slot.kind))},
                     {"candidates", candidates},
                     {"would_change", OrNull(slot.would_change)}});
  }
  return slots;
}

Json LinksJson(const Planning& planning) {
  Json links = Json::array();
  for (const Link& link : planning.links) {
    links.push_back({{"stream", link.stream},
                     {"output", link.output},
                     {"work", link.work == Link::Work::kCopy ? "copy" : "conversion"},
                     {"what", link.what},
                     {"forced_by", link.forced_by},
                     {"bytes", OrNull(link.bytes)}});
  }
  return links;
}

Json PoolsJson(const Planning& planning) {
  Json pools = Json::array();
  for (const PoolPlan& pool : planning.pools) {
    Json parts = Json::array();
    for (const auto& [what, count] : pool.parts) parts.push_back({{"what", what}, {"buffers", count}});
    pools.push_back({{"of", pool.output},
                     {"what", pool.what},
                     {"buffers", pool.count},
                     {"parts", parts},
                     {"buffer_bytes", OrNull(pool.bytes)},
                     {"contiguous", pool.contiguous}});
  }
  return pools;
}

Json MachineJson(const MachineDescription& machine) {
  const char* provenance = machine.provenance == Provenance::kHere       ? "here"
                           : machine.provenance == Provenance::kRecorded ? "recorded"
                                                                         : "composed";
  const MachineLimits& limits = machine.limits;
  return {{"name", machine.name},
          {"provenance", provenance},
          {"verified", machine.provenance != Provenance::kComposed},
          {"source", OrNull(machine.source)},
          {"memory_available", OrNull(limits.memory_available)},
          {"cma_free", OrNull(limits.cma_free)}};
}

Json WhyNotJson(const std::optional<WhyNot>& why) {
  if (!why) return nullptr;
  return {{"slot", why->question.slot},
          {"backend", why->question.backend},
          {"device", OrNull(why->question.device)},
          {"outcome", OutcomeName(why->outcome)},
          {"answer", why->answer},
          {"changes", why->changes}};
}

}  // namespace

std::string ExplainJson(const Explanation& explanation) {
  const Planning& planning = explanation.planning;
  const Profile& profile = explanation.profile;
  Json error = nullptr;
  if (planning.error) error = {{"code", CodeName(planning.error->code)}, {"message", planning.error->message}};
  Json bases = Json::array();
  for (const ProfileBase& base : profile.bases) bases.push_back({{"name", base.name}, {"file", base.file}});
  const Json json = {{"schema", "videostream.explain/1"},
                     {"profile", {{"name", profile.name.value}, {"file", profile.file}, {"extends", bases}}},
                     {"machine", MachineJson(explanation.machine)},
                     {"possible", planning.plan.has_value()},
                     {"error", error},
                     {"slots", SlotsJson(profile, planning)},
                     {"links", LinksJson(planning)},
                     {"pools", PoolsJson(planning)},
                     {"why_not", WhyNotJson(explanation.why_not)},
                     {"warnings", planning.warnings}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace videostream

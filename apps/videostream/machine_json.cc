// SPDX-License-Identifier: Apache-2.0
// JSON of `profile which`.
#include "apps/videostream/machine_json.h"

#include <nlohmann/json.hpp>

#include "core/machine/words.h"

namespace videostream {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json MachineJson(const MachineDescription& machine) {
  const MachineFacts& facts = machine.facts;
  Json cites = Json::object();
  for (const auto& [of, sources] : machine.cites) cites[of] = sources;
  return {{"name", machine.name},
          {"provenance", ProvenanceName(machine.provenance)},
          {"verified", machine.provenance != Provenance::kComposed},
          {"source", OrNull(machine.source)},
          {"facts",
           {{"compatible", facts.compatible},
            {"arch", OrNull(facts.arch)},
            {"soc", OrNull(facts.soc)},
            {"dmi", OrNull(facts.dmi)},
            {"kernel", OrNull(facts.kernel)},
            {"nodes", facts.nodes}}},
          {"cites", cites}};
}

Json CandidateJson(const ProfileCandidate& candidate) {
  Json keys = Json::array();
  for (const KeyMatch& key : candidate.match.keys) {
    keys.push_back(
        {{"key", key.key}, {"fits", key.fits}, {"pattern", key.pattern}, {"fact", key.fact}, {"points", key.points}});
  }
  return {{"name", candidate.name},           {"path", candidate.path}, {"fate", FateName(candidate.fate)},
          {"points", candidate.match.points}, {"keys", keys},           {"error", OrNull(candidate.error)}};
}

}  // namespace

std::string ProfileWhichJson(const MachineDescription& machine, const ProfileSelection& selection,
                             const std::string& variable) {
  Json candidates = Json::array();
  for (const ProfileCandidate& candidate : selection.candidates) candidates.push_back(CandidateJson(candidate));
  Json chosen = nullptr;
  Json error = nullptr;
  if (selection.error) {
    error = {{"code", CodeName(selection.error->code)}, {"message", selection.error->message}};
  } else {
    chosen = {{"name", selection.candidates.front().name}, {"path", selection.path}};
  }
  const Json json = {{"schema", "videostream.profile-which/1"},
                     {"machine", MachineJson(machine)},
                     {"profile", chosen},
                     {"variable", OrNull(variable)},
                     {"error", error},
                     {"candidates", candidates},
                     {"folders", selection.folders}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace videostream

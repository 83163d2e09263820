// SPDX-License-Identifier: Apache-2.0
// Text of `profile which`.
#include "apps/videostream/machine_text.h"

#include <algorithm>

#include "apps/videostream/table.h"
#include "core/base/environment.h"
#include "core/machine/words.h"

namespace videostream {
namespace {

using Fate = ProfileCandidate::Fate;

std::string Points(uint32_t points) { return std::to_string(points) + (points == 1 ? " point" : " points"); }

std::string HowItFits(const MatchResult& match) {
  Table table({"KEY", "PATTERN", "FITS", ">POINTS"});
  for (const KeyMatch& key : match.keys) table.Row({key.key, key.pattern, key.fact, std::to_string(key.points)});
  return table.Text(2);
}

// Why this one was not taken, without its name.
std::string WhyNot(const ProfileCandidate& candidate) {
  switch (candidate.fate) {
    case Fate::kChosen:
      return "chosen";
    case Fate::kLess:
    case Fate::kTied: {
      std::string keys;
      for (const KeyMatch& key : candidate.match.keys) {
        keys += (keys.empty() ? "" : ", ") + key.key + " '" + key.pattern + "'";
      }
      const char* how = candidate.fate == Fate::kLess ? "fits less well, " : "fits as well as another one, ";
      return how + Points(candidate.match.points) + " (" + keys + ")";
    }
    case Fate::kMisfit: {
      const auto miss = std::ranges::find(candidate.match.keys, false, &KeyMatch::fits);
      if (miss == candidate.match.keys.end()) return "its `match` has no key";
      return miss->key + " '" + miss->pattern + "' does not fit, there is " + miss->fact;
    }
    case Fate::kNoMatch:
      return "has no `match`: found by its name only";
    case Fate::kBase:
      return "has no streams: it is there to be extended";
    case Fate::kShadowed:
      return "'" + candidate.path + "' stands behind another one of this name";
    case Fate::kWrong:
      return "cannot be read: " + candidate.error.substr(0, candidate.error.find('\n'));
  }
  return "";
}

}  // namespace

std::string ProvenanceText(const MachineDescription& machine) {
  if (machine.provenance == Provenance::kHere) return "";
  std::string text =
      Wrap("machine '" + machine.name + "': " + std::string(ProvenanceName(machine.provenance)) +
               (machine.provenance == Provenance::kComposed ? ", so unverified: nobody has seen this on such a machine"
                                                            : ""),
           0);
  if (!machine.source.empty()) text += Wrap("source: " + machine.source, 2);
  for (const char* of : {"the machine", "facts"}) {
    const auto cites = machine.cites.find(of);
    if (cites == machine.cites.end()) continue;
    std::string all;
    for (const std::string& source : cites->second) all += (all.empty() ? "" : "; ") + source;
    text += Wrap(std::string(of) + " by: " + all, 2);
  }
  return text;
}

std::string ProfileWhichText(const MachineDescription& machine, const ProfileSelection& selection,
                             const std::string& variable) {
  std::string text = ProvenanceText(machine);
  if (!text.empty()) text += "\n";
  const auto& all = selection.candidates;
  if (!selection.error) {
    const ProfileCandidate& chosen = all.front();
    text += Wrap("profile '" + chosen.name + "' fits best: " + Points(chosen.match.points), 0);
    text += "  " + Printable(selection.path) + "\n\n" + HowItFits(chosen.match);
  } else {
    text += "no profile is chosen\n";
  }
  std::string others;
  for (const ProfileCandidate& candidate : all) {
    if (candidate.fate != Fate::kChosen) others += Wrap(candidate.name + ": " + WhyNot(candidate), 2);
  }
  if (!others.empty()) text += "\nThe others:\n" + others;
  if (all.empty()) {
    text += "\nNo profiles in:\n";
    for (const std::string& folder : selection.folders) text += "  " + Printable(folder) + "\n";
  }
  if (!variable.empty()) {
    text +=
        "\n" + Wrap(std::string(kProfileVar.name) + " is set to '" + variable + "', which comes before all of this", 0);
  }
  return text;
}

}  // namespace videostream

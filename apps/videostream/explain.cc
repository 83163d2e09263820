// SPDX-License-Identifier: Apache-2.0
// The verb `explain`.
#include <algorithm>

#include "apps/videostream/answers_json.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/table.h"
#include "apps/videostream/verbs.h"
#include "core/plugin/loader.h"
#include "core/runtime/engine.h"

namespace videostream {
namespace {

constexpr const char* kVerb = "explain";
constexpr size_t kIndent = 4;

std::string CandidateText(const Candidate& candidate) {
  std::string text = "  " + candidate.backend;
  if (!candidate.device.empty()) text += "/" + candidate.device;
  text += ": " + std::string(VerdictName(candidate.verdict));
  if (candidate.pos.in_file()) text += " (line " + std::to_string(candidate.pos.line) + ")";
  text = Printable(text) + "\n";
  text += Wrap(candidate.reason, kIndent);
  if (!candidate.evidence.empty()) text += Wrap("seen: " + candidate.evidence, kIndent);
  if (!candidate.fix.empty()) text += Wrap("fix: " + candidate.fix, kIndent);
  return text;
}

std::string Headline(const Slot& slot) {
  const auto taken = std::find_if(slot.candidates.begin(), slot.candidates.end(),
                                  [](const Candidate& c) { return c.verdict == Verdict::kTaken; });
  if (taken != slot.candidates.end()) return taken->backend;
  const bool needed = slot.candidates.empty() || slot.candidates.front().verdict != Verdict::kNotNeeded;
  return needed ? "NOTHING CAN SERVE IT" : "not needed";
}

std::string ExplainText(const Profile& profile, const Planning& planning) {
  std::string text = Printable("profile '" + profile.name.value + "' (" + profile.file + ")") + "\n";
  for (const Slot& slot : planning.slots) {
    text += "\n" + Printable(slot.name) + ": " + Printable(Headline(slot)) + "\n";
    if (slot.candidates.empty()) text += "  the profile names no backend for it\n";
    for (const Candidate& candidate : slot.candidates) text += CandidateText(candidate);
    if (!slot.would_change.empty()) text += Wrap("To change this: " + slot.would_change, 2);
  }
  for (const std::string& warning : planning.warnings) text += "\n" + Wrap("Warning: " + warning, 0);
  return text;
}

}  // namespace

int RunExplain(const GlobalOptions& global, const ExplainOptions& options) {
  const Result<Profile> profile = LoadProfileFor(options.profile, options.set, options.input);
  if (!profile) return ReportError(kVerb, profile.error());
  Loader loader(MakeSearchPath(global.backend_dirs));
  const Planning planning = MakePlan(*profile, TakeInventory(*profile, loader));
  const int printed =
      PrintAndEnd(kVerb, options.json ? ExplainJson(*profile, planning) : ExplainText(*profile, planning));
  if (printed != 0 || !planning.error) return printed;
  return ReportError(kVerb, *planning.error);
}

}  // namespace videostream

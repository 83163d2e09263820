// SPDX-License-Identifier: Apache-2.0
// The text of `explain`: slots, then copies and conversions, then pools, then memory.
#include <algorithm>

#include "apps/videostream/explain.h"
#include "apps/videostream/machine_text.h"
#include "apps/videostream/table.h"
#include "core/planner/words.h"

namespace videostream {
namespace {

constexpr size_t kIndent = 4;

std::string CandidateText(const Profile& profile, const Candidate& candidate) {
  std::string text = candidate.backend;
  if (!candidate.device.empty()) text += "/" + candidate.device;
  text += ": " + std::string(VerdictName(candidate.verdict)) + AtLine(profile, candidate.pos);
  text = Wrap(text, 2);
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

std::string SlotsText(const Profile& profile, const Planning& planning) {
  std::string text;
  for (const Slot& slot : planning.slots) {
    text += "\n" + Printable(slot.name) + ": " + Printable(Headline(slot)) + "\n";
    if (slot.candidates.empty()) text += "  the profile names no backend for it\n";
    for (const Candidate& candidate : slot.candidates) text += CandidateText(profile, candidate);
    if (!slot.would_change.empty()) text += Wrap("To change this: " + slot.would_change, 2);
  }
  return text;
}

std::string LinksText(const Planning& planning) {
  std::string text = "\nCopies and conversions, per frame\n";
  if (planning.links.empty()) text += "  none: what is captured is what is published\n";
  for (const Link& link : planning.links) {
    const char* work = link.work == Link::Work::kCopy ? "copy" : "conversion";
    std::string line = link.stream + "." + link.output + ": " + work + " of " + link.what;
    if (link.bytes != 0) line += ", " + FormatBytes(link.bytes);
    text += Wrap(line, 2) + Wrap("forced by " + link.forced_by, kIndent);
  }
  return text;
}

std::string PoolsText(const Planning& planning) {
  std::string text = "\nPools, in buffers\n";
  for (const PoolPlan& pool : planning.pools) {
    text += Wrap(pool.output + " " + pool.what + ": " + SumOf(pool), 2);
    text += Wrap(pool.bytes == 0 ? "their size is known when the device is open"
                                 : FormatBytes(pool.bytes) + " each, " + FormatBytes(pool.count * pool.bytes) +
                                       " in all" + (pool.contiguous ? ", contiguous" : ""),
                 kIndent);
  }
  return text;
}

std::string MemoryText(const Planning& planning, const MachineLimits& limits) {
  uint64_t all = 0, contiguous = 0;
  bool known = true;
  for (const PoolPlan& pool : planning.pools) {
    all += pool.count * pool.bytes;
    if (pool.contiguous) contiguous += pool.count * pool.bytes;
    known = known && pool.bytes != 0;
  }
  const auto line = [](const std::string& what, uint64_t need, uint64_t have) {
    std::string text = what + ": " + FormatBytes(need);
    text += have != 0 ? " of " + FormatBytes(have) + " that are free" : "; how much is free is unknown";
    return Wrap(text, 2);
  };
  std::string text = "\nMemory of the pools\n" + line("all", all, limits.memory_available);
  if (contiguous != 0) text += line("of it contiguous", contiguous, limits.cma_free);
  if (!known) text += "  without the pools whose size is not known yet\n";
  return text;
}

std::string WhyNotText(const WhyNot& why) {
  std::string who = why.question.backend;
  if (!why.question.device.empty()) who += "/" + why.question.device;
  std::string text = Wrap("Why not " + who + " for " + why.question.slot + "?", 0) + Wrap(why.answer, 2);
  if (!why.changes.empty()) text += "  With it there would also be\n";
  for (const std::string& change : why.changes) text += Wrap(change, kIndent);
  return "\n" + text;
}

}  // namespace

std::string ExplainText(const Explanation& explanation) {
  const Planning& planning = explanation.planning;
  const Profile& profile = explanation.profile;
  std::string text = Wrap("profile '" + profile.name.value + "' (" + profile.file + ")", 0);
  for (const ProfileBase& base : profile.bases) text += Wrap("extends '" + base.name + "' (" + base.file + ")", 2);
  text += ProvenanceText(explanation.machine);
  text += SlotsText(profile, planning);
  if (planning.plan || !planning.pools.empty()) {
    text += LinksText(planning) + PoolsText(planning) + MemoryText(planning, explanation.machine.limits);
  }
  if (explanation.why_not) text += WhyNotText(*explanation.why_not);
  for (const std::string& warning : planning.warnings) text += "\n" + Wrap("Warning: " + warning, 0);
  return text;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Plans with one slot forced, compared with the best one.
#include "core/planner/why_not.h"

#include <algorithm>
#include <utility>

#include "core/planner/rules.h"
#include "core/planner/solve.h"

namespace videostream {
namespace {

std::vector<std::string> SlotNames(const Profile& profile) {
  std::vector<std::string> names;
  for (const StreamSpec& stream : profile.streams) {
    names.push_back(CaptureSlot(stream).name);
    for (const OutputSpec& output : stream.outputs) {
      for (const BackendKind kind :
           {BackendKind::kConverter, BackendKind::kEncoder, BackendKind::kAllocator, BackendKind::kTransport}) {
        names.push_back(OutputSlot(stream, output, kind).name);
      }
    }
  }
  return names;
}

// The slot's whole name; as it is if there is none.
std::string WholeName(const Profile& profile, const std::string& name) {
  for (const StreamSpec& stream : profile.streams) {
    const std::string prefix = stream.name.value + ".";
    if (!name.starts_with(prefix) || stream.outputs.size() != 1 || name == prefix + "capture") continue;
    std::string whole = prefix + stream.outputs.front().name.value;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    if (rest.find('.') == std::string_view::npos) return whole.append(".").append(rest);
  }
  return name;
}

const Candidate* Taken(const Slot& slot) {
  const auto taken = std::find_if(slot.candidates.begin(), slot.candidates.end(),
                                  [](const Candidate& candidate) { return candidate.verdict == Verdict::kTaken; });
  return taken == slot.candidates.end() ? nullptr : &*taken;
}

std::string NameOf(const Candidate* candidate) {
  if (candidate == nullptr) return "nobody";
  return "'" + candidate->backend + (candidate->device.empty() ? "" : "/" + candidate->device) + "'";
}

const Slot* FindSlot(const Planning& planning, std::string_view name) {
  const auto found = std::find_if(planning.slots.begin(), planning.slots.end(),
                                  [name](const Slot& slot) { return slot.name == name; });
  return found == planning.slots.end() ? nullptr : &*found;
}

std::string Change(const std::string& slot, const std::string& is, const std::string& was) {
  return slot + ": " + is + ", not " + was;
}

// What differs between two plans but for the slot that was asked about.
std::vector<std::string> Changes(const Planning& best, const Planning& other, const std::string& but) {
  std::vector<std::string> changes;
  for (const Slot& slot : other.slots) {
    const Slot* before = FindSlot(best, slot.name);
    if (slot.name == but || before == nullptr) continue;
    const std::string was = NameOf(Taken(*before));
    const std::string is = NameOf(Taken(slot));
    if (was != is) changes.push_back(Change(slot.name, is, was));
  }
  return changes;
}

Cost CostWith(const Profile& profile, const Inventory& inventory, const PlanOptions& options) {
  const Rules rules(profile, inventory, options);
  const Solved solved = Solver(rules).Solve();
  return solved.solution ? solved.solution->cost : Cost{};
}

bool IsIt(const Slot& slot, const Forced& question) {
  const Candidate* taken = Taken(slot);
  return taken != nullptr && taken->backend == question.backend &&
         (question.device.empty() || question.device == taken->device);
}

}  // namespace

std::string_view OutcomeName(WhyNot::Outcome outcome) {
  if (outcome == WhyNot::Outcome::kTaken) return "taken";
  return outcome == WhyNot::Outcome::kPossible ? "possible" : "impossible";
}

Result<Forced> ParseWhyNot(const Profile& profile, std::string_view question) {
  const size_t equals = question.find('=');
  Forced forced;
  if (equals != std::string_view::npos) {
    forced.slot = WholeName(profile, std::string(question.substr(0, equals)));
    const std::string_view who = question.substr(equals + 1);
    const size_t slash = std::min(who.find('/'), who.size());
    forced.backend = who.substr(0, slash);
    forced.device = slash < who.size() ? who.substr(slash + 1) : "";
  }
  if (forced.backend.empty()) {
    return Fail(Code::kInvalidArgument, "'" + std::string(question) +
                                            "': expected SLOT=BACKEND or SLOT=BACKEND/DEVICE, such as "
                                            "'front.full.encoder=sw-fallback'");
  }
  const std::vector<std::string> names = SlotNames(profile);
  if (std::find(names.begin(), names.end(), forced.slot) != names.end()) return forced;
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return Fail(Code::kInvalidArgument, "no slot '" + forced.slot + "', expected one of: " + all);
}

WhyNot AskWhyNot(const Profile& profile, const Inventory& inventory, const PlanOptions& options,
                 const Forced& question) {
  WhyNot why{.question = question, .outcome = WhyNot::Outcome::kImpossible, .answer = {}, .changes = {}};
  const Planning best = MakePlan(profile, inventory, options);
  const Slot* slot = FindSlot(best, question.slot);
  const bool needed =
      slot == nullptr || slot->candidates.empty() || slot->candidates.front().verdict != Verdict::kNotNeeded;
  const std::string who = "'" + question.backend + (question.device.empty() ? "" : "/" + question.device) + "'";
  if (!needed) {
    why.answer = "the slot is empty: " + slot->candidates.front().reason;
    return why;
  }
  if (best.plan && slot != nullptr && IsIt(*slot, question)) {
    why.outcome = WhyNot::Outcome::kTaken;
    why.answer = who + " is taken: " + Taken(*slot)->reason;
    return why;
  }
  PlanOptions with = options;
  with.forced.push_back(question);
  const Planning other = MakePlan(profile, inventory, with);
  if (!other.plan) {
    why.answer = other.error->message;
    return why;
  }
  why.outcome = WhyNot::Outcome::kPossible;
  why.changes = Changes(best, other, question.slot);
  const std::string worse =
      best.plan ? WhatIsWorse(CostWith(profile, inventory, with), CostWith(profile, inventory, options)) : "";
  why.answer = !worse.empty() ? "it could be " + who + ", but the whole plan would cost more: " + worse
               : best.plan
                   ? "it could be " + who + " at the same cost; between equals the order of slots and names decides"
                   : "there is a plan with " + who + " only, and the profile does not name it for this slot";
  return why;
}

}  // namespace videostream

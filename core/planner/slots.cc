// SPDX-License-Identifier: Apache-2.0
// Candidates of a slot, their fates and reasons.
#include "core/planner/slots.h"

#include <algorithm>
#include <utility>

#include "core/planner/words.h"
#include "core/plugin/options.h"

namespace videostream {
namespace {

constexpr uint32_t kMaxQuestions = 64;  // plans made only to say what another candidate would cost

Error NobodyServes(const Rules& rules, const Slot& slot, const SlotRequest& request) {
  std::string text = "no backend can serve slot '" + slot.name + "'";
  if (slot.candidates.empty()) text += ": the profile names none under " + rules.ListName(request.slot);
  const char* separator = ": ";
  for (const Candidate& candidate : slot.candidates) {
    text += separator + ("'" + candidate.backend + "': ") + candidate.reason;
    if (!candidate.evidence.empty()) text += " (" + candidate.evidence + ")";
    separator = "; ";
  }
  if (!request.remedy.empty()) text += "; " + request.remedy;
  return {Code::kUnsupported, text};
}

std::string ComesFirst(const std::string& winner, const std::string& list) {
  return "'" + winner + "' comes first in " + list;
}

std::string PutBefore(const std::string& backend, const std::string& winner, const std::string& list) {
  return "put '" + backend + "' before '" + winner + "' in " + list + " to use it";
}

std::string WouldBeTaken(const Candidate& candidate) {
  return "'" + candidate.backend + "' would be taken: " + candidate.fix;
}

std::string TakenReason(const Rules& rules, const SlotRequest& request, const Slot& slot) {
  const std::string in_list = rules.ListName(request.slot);
  const bool passed_over = std::any_of(slot.candidates.begin(), slot.candidates.end(), [](const Candidate& candidate) {
    return candidate.verdict == Verdict::kCostsMore;
  });
  std::string reason = passed_over               ? "the whole plan costs least with it"
                       : slot.candidates.empty() ? "first in " + in_list + ", and it fits"
                                                 : "the first in " + in_list + " that fits";
  if (!request.demand.what.empty()) reason += ": " + request.demand.what;
  return reason;
}

}  // namespace

SlotFiller::SlotFiller(const Rules& rules, Solver& solver, const Solution* solution, Planning& planning)
    : rules_(rules), solver_(solver), solution_(solution), planning_(planning), questions_left_(kMaxQuestions) {
  if (solution == nullptr) return;
  const auto hold = [this](const Pick& pick, const SlotRef& slot) {
    if (!pick.empty()) holders_[{pick.report->name, pick.device->id}].push_back(slot.name);
  };
  for (size_t i = 0; i < solution->streams.size(); ++i) {
    const StreamSpec& stream = rules.profile().streams[i];
    hold(solution->streams[i].capture, CaptureSlot(stream));
    for (size_t j = 0; j < stream.outputs.size(); ++j) {
      for (const BackendKind kind :
           {BackendKind::kConverter, BackendKind::kEncoder, BackendKind::kAllocator, BackendKind::kTransport}) {
        hold(solution->streams[i].outputs[j].at(kind), OutputSlot(stream, stream.outputs[j], kind));
      }
    }
  }
}

void SlotFiller::FailWith(Error error) {
  if (!planning_.error) planning_.error = std::move(error);
}

std::vector<std::pair<std::string, std::string>> SlotFiller::OptionsFor(const std::string& backend,
                                                                        BackendKind kind) const {
  const BackendReport& report = *rules_.Report(backend);
  const auto abi_kind = static_cast<uint32_t>(kind);
  OptionList raw;
  for (const Option& option : rules_.profile().OptionsFor(backend)) {
    for (const vstream_option_spec& spec : report.options) {
      if (option.key.value != spec.name || (spec.kinds & VSTREAM_KIND_BIT(abi_kind)) == 0) continue;
      for (const auto& value : option.values) raw.emplace_back(option.key.value, value.value);
    }
  }
  return CheckOptions(report.options, abi_kind, raw).options;
}

SlotFiller::Other SlotFiller::OtherPlan(const SlotRequest& request, const std::string& backend) {
  if (solution_ == nullptr || questions_left_ == 0) return {};
  --questions_left_;
  const Solved solved = solver_.SolveWith({request.slot.name, backend, {}});
  if (!solved.solution) return {.asked = true, .possible = false, .worse = {}};
  return {.asked = true, .possible = true, .worse = WhatIsWorse(solved.solution->cost, solution_->cost)};
}

// One that is named before the taken one, or would need something else to be captured: what a plan with it is like.
void SlotFiller::WeighAgainst(const SlotRequest& request, const std::string& winner, Slot& slot, Candidate& candidate) {
  const bool fits = candidate.verdict == Verdict::kTaken;
  const Other other = OtherPlan(request, candidate.backend);
  if (!other.possible) {
    if (!fits) return;
    candidate.verdict = Verdict::kNoFormat;
    candidate.reason = other.asked ? "it has nothing that goes together with the rest of the stream"
                                   : "another choice fits the rest better";
    return;
  }
  if (!fits && other.worse.empty()) return;
  candidate.verdict = Verdict::kCostsMore;
  candidate.reason = other.worse.empty()
                         ? "a plan with it is as good, and the other one comes first by what it captures"
                         : "the whole plan would cost more with it: " + other.worse;
  if (slot.would_change.empty()) {
    slot.would_change =
        "take '" + winner + "' out of " + rules_.ListName(request.slot) + " to use '" + candidate.backend + "'";
  }
}

// Those that are not taken although they could be, and what would change that.
void SlotFiller::ExplainOthers(const SlotRequest& request, Slot& slot, std::vector<Considered>& all,
                               const Pick& taken) {
  const std::string in_list = rules_.ListName(request.slot);
  const std::string& winner = taken.report->name;
  for (Considered& considered : all) {
    Candidate& candidate = considered.candidate;
    if (candidate.backend == winner) continue;
    const bool fits = candidate.verdict == Verdict::kTaken;
    const bool later = considered.pick.rank > taken.rank;
    if (fits && later) {
      candidate.verdict = Verdict::kLaterInOrder;
      candidate.reason = ComesFirst(winner, in_list);
      if (slot.would_change.empty()) {
        slot.would_change = PutBefore(candidate.backend, winner, in_list);
      }
      continue;
    }
    const bool by_neighbours =
        candidate.verdict == Verdict::kNoMemory ||
        (request.open && (candidate.verdict == Verdict::kNoFormat || candidate.verdict == Verdict::kNoSize));
    if (!later && (fits || by_neighbours)) WeighAgainst(request, winner, slot, candidate);
    if (!slot.would_change.empty() || later) continue;
    if (!candidate.fix.empty()) slot.would_change = WouldBeTaken(candidate);
    if (candidate.verdict == Verdict::kNoCapacity) {
      const auto holders = Holders(request, *considered.pick.report, *considered.pick.device);
      slot.would_change = "'" + candidate.backend + "' would be free if " + Joined(holders, " or ") + " took another";
    }
  }
}

Pick SlotFiller::Fill(const SlotRequest& request, const SlotContext& context, uint32_t* fourcc) {
  Slot slot{.name = request.slot.name, .kind = request.slot.kind, .candidates = {}, .would_change = {}};
  Pick taken;
  if (solution_ != nullptr) {
    taken = request.place.kind == BackendKind::kCapture
                ? context.picks.capture
                : context.picks.outputs[request.place.output].at(request.place.kind);
  }
  std::vector<Considered> all;
  for (const Listed& listed : rules_.List(request.slot)) {
    Considered& considered = all.emplace_back(Consider(listed, request, context));
    const bool fits = considered.candidate.verdict == Verdict::kTaken;
    if (fits && solution_ == nullptr && taken.empty()) taken = considered.pick;
    if (fits && taken.report == considered.pick.report && fourcc != nullptr) *fourcc = considered.fourcc;
  }
  if (!taken.empty()) ExplainOthers(request, slot, all, taken);
  for (Considered& considered : all) {
    Candidate& candidate = considered.candidate;
    if (!taken.empty() && considered.pick.report == taken.report) {
      candidate.verdict = Verdict::kTaken;
      candidate.device = taken.device->id;
      candidate.evidence = taken.device->evidence;
      candidate.fix = taken.device->fix;
      candidate.reason = TakenReason(rules_, request, slot);
    }
    slot.candidates.push_back(std::move(candidate));
  }
  if (taken.empty()) {
    for (const Candidate& candidate : slot.candidates) {
      if (slot.would_change.empty() && !candidate.fix.empty()) {
        slot.would_change = WouldBeTaken(candidate);
      }
    }
    if (!request.remedy.empty()) slot.would_change = request.remedy;
    FailWith(NobodyServes(rules_, slot, request));
  } else if (solution_ == nullptr) {
    holders_[{taken.report->name, taken.device->id}].push_back(request.slot.name);
  }
  planning_.slots.push_back(std::move(slot));
  return taken;
}

void SlotFiller::Leave(const SlotRef& slot, const char* why) {
  Slot left{.name = slot.name, .kind = slot.kind, .candidates = {}, .would_change = {}};
  for (const Listed& listed : rules_.List(slot)) {
    left.candidates.push_back({.backend = listed.name.value,
                               .device = {},
                               .verdict = Verdict::kNotNeeded,
                               .reason = why,
                               .evidence = {},
                               .fix = {},
                               .pos = listed.name.pos});
  }
  planning_.slots.push_back(std::move(left));
}

}  // namespace videostream

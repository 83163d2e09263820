// SPDX-License-Identifier: Apache-2.0
// Candidates of a slot, their fates and reasons.
#include "core/planner/slots.h"

#include <utility>

#include "core/plugin/options.h"

namespace videostream {
namespace {

std::string KindName(BackendKind kind) { return std::string(kBackendKindNames.at(static_cast<size_t>(kind))); }

std::string ListName(BackendKind kind) { return "'backends." + KindName(kind) + "'"; }

std::string Wanted(const SlotRequest& request) {
  const Demand& demand = request.demand;
  if (request.kind == BackendKind::kCapture) return DescribeCapture(demand);
  return demand.what.empty() ? Describe(demand.in) + " to " + Describe(demand.out) : demand.what;
}

// The reason of a device that does not fit; nothing for one that does.
void Explain(const SlotRequest& request, Candidate* candidate) {
  const std::string& device = request.demand.device;
  if (candidate->verdict == Verdict::kNoDevice) {
    candidate->reason = device != "auto" ? "it has no usable device '" + device + "'"
                                         : "it has no usable " + KindName(request.kind) + " device here";
  } else if (candidate->verdict != Verdict::kTaken) {
    candidate->reason =
        (candidate->device.empty() ? "" : "device '" + candidate->device + "' ") + "cannot do " + Wanted(request);
  }
}

Error NobodyServes(const Slot& slot, const std::string& remedy) {
  std::string text = "no backend can serve slot '" + slot.name + "'";
  if (slot.candidates.empty()) text += ": the profile names none under " + ListName(slot.kind);
  const char* separator = ": ";
  for (const Candidate& candidate : slot.candidates) {
    text += separator + ("'" + candidate.backend + "': ") + candidate.reason;
    if (!candidate.evidence.empty()) text += " (" + candidate.evidence + ")";
    separator = "; ";
  }
  if (!remedy.empty()) text += "; " + remedy;
  return {Code::kUnsupported, text};
}

}  // namespace

void SlotFiller::FailWith(Error error) {
  if (!planning_.error) planning_.error = std::move(error);
}

OptionList SlotFiller::OptionsFor(const std::string& backend, uint32_t kind) const {
  const BackendReport& report = *machine_.Report(backend);
  OptionList raw;
  for (const Option& option : machine_.profile.OptionsFor(backend)) {
    for (const vstream_option_spec& spec : report.options) {
      if (option.key.value != spec.name || (spec.kinds & VSTREAM_KIND_BIT(kind)) == 0) continue;
      for (const auto& value : option.values) raw.emplace_back(option.key.value, value.value);
    }
  }
  return CheckOptions(report.options, kind, raw).options;
}

// One backend for one slot; without a reason yet to prefer another.
Candidate SlotFiller::Consider(const Located<std::string>& name, const SlotRequest& request, Match* match) const {
  const auto kind = static_cast<uint32_t>(request.kind);
  Candidate candidate;
  candidate.backend = name.value;
  candidate.pos = name.pos;
  const BackendReport* report = machine_.Report(name.value);
  if (report == nullptr || report->refused) {
    const bool missing = report == nullptr || report->refused->code == Code::kNotFound;
    candidate.verdict = missing ? Verdict::kNotInstalled : Verdict::kRefused;
    candidate.reason = missing ? "no such backend in the search path" : "the backend was refused";
    candidate.evidence = report == nullptr ? "" : report->refused->message;
    candidate.fix = missing ? "install '" + name.value + ".so' into the search path (see 'videostream backends list')"
                            : "replace '" + report->path + "'";
    return candidate;
  }
  if ((report->identity.kinds & VSTREAM_KIND_BIT(kind)) == 0) {
    candidate.verdict = Verdict::kWrongKind;
    candidate.reason = "it has no " + KindName(request.kind);
    candidate.evidence = report->path;
    candidate.fix = "take it out of " + ListName(request.kind);
    return candidate;
  }
  *match = MatchDevice(*report, kind, request.demand);
  candidate.verdict = match->verdict;
  if (match->device != nullptr) {
    candidate.device = match->device->id;
    candidate.evidence = match->device->evidence;
    candidate.fix = match->device->fix;
  }
  Explain(request, &candidate);
  return candidate;
}

std::optional<Choice> SlotFiller::Fill(const SlotRequest& request, uint32_t* fourcc) {
  return FillFrom(machine_.profile.Backends(request.kind), request, fourcc);
}

std::optional<Choice> SlotFiller::FillFrom(const std::vector<Located<std::string>>& list, const SlotRequest& request,
                                           uint32_t* fourcc) {
  Slot slot{.name = request.name, .kind = request.kind, .candidates = {}, .would_change = {}};
  const std::string in_list = ListName(request.kind);
  std::optional<Choice> choice;
  for (const Located<std::string>& name : list) {
    Match match;
    Candidate candidate = Consider(name, request, &match);
    if (candidate.verdict == Verdict::kTaken && choice) {
      candidate.verdict = Verdict::kLaterInOrder;
      candidate.reason = "'" + choice->backend + "' comes first in " + in_list;
      if (slot.would_change.empty()) {
        slot.would_change = "put '" + name.value + "' before '" + choice->backend + "' in " + in_list + " to use it";
      }
    } else if (candidate.verdict == Verdict::kTaken) {
      choice = Choice{name.value, candidate.device, OptionsFor(name.value, static_cast<uint32_t>(request.kind))};
      candidate.reason =
          slot.candidates.empty() ? "first in " + in_list + ", and it fits" : "the first in " + in_list + " that fits";
      if (!request.demand.what.empty()) candidate.reason += ": " + request.demand.what;
      if (fourcc != nullptr) *fourcc = match.fourcc;
    } else if (slot.would_change.empty() && !choice && !candidate.fix.empty()) {
      slot.would_change = "'" + name.value + "' would be taken: " + candidate.fix;
    }
    slot.candidates.push_back(std::move(candidate));
  }
  if (!choice) {
    if (!request.remedy.empty()) slot.would_change = request.remedy;
    FailWith(NobodyServes(slot, request.remedy));
  }
  planning_.slots.push_back(std::move(slot));
  return choice;
}

void SlotFiller::Leave(const std::string& name, BackendKind kind, const char* why) {
  Slot slot{.name = name, .kind = kind, .candidates = {}, .would_change = {}};
  for (const Located<std::string>& backend : machine_.profile.Backends(kind)) {
    slot.candidates.push_back({.backend = backend.value,
                               .device = {},
                               .verdict = Verdict::kNotNeeded,
                               .reason = why,
                               .evidence = {},
                               .fix = {},
                               .pos = backend.pos});
  }
  planning_.slots.push_back(std::move(slot));
}

}  // namespace videostream

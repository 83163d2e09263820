// SPDX-License-Identifier: Apache-2.0
// One candidate for one slot: its fate beside the others, and the words for it.
#include <algorithm>
#include <string_view>
#include <utility>

#include "core/planner/slots.h"
#include "core/planner/words.h"

namespace videostream {
namespace {

// Of several that do not fit, the one that says most; unusable ones last.
int Rating(const Match& match, const Demand& demand) {
  return match.verdict == Verdict::kTaken ? 5 : Nearness(match, demand);
}

uint32_t LimitOf(const BackendReport& report, const vstream_device& device) {
  uint32_t limit = 0;
  for (const vstream_device& other : report.devices) {
    const uint32_t instances = InstancesOf(other);
    if (instances == 0 || std::string_view(other.id) != device.id) continue;
    limit = limit == 0 ? instances : std::min(limit, instances);
  }
  return limit;
}

std::string Wanted(const SlotRequest& request) {
  const Demand& demand = request.demand;
  if (request.slot.kind == BackendKind::kCapture) return DescribeCapture(demand);
  return demand.what.empty() ? Describe(demand.in) + " to " + Describe(demand.out) : demand.what;
}

}  // namespace

// A backend that has nothing at all for the slot.
std::optional<Candidate> SlotFiller::Absent(const Listed& listed, const SlotRequest& request) const {
  Candidate candidate;
  candidate.backend = listed.name.value;
  candidate.pos = listed.name.pos;
  const BackendReport* report = rules_.Report(listed.name.value);
  if (report == nullptr || report->refused) {
    const bool missing = report == nullptr || report->refused->code == Code::kNotFound;
    candidate.verdict = missing ? Verdict::kNotInstalled : Verdict::kRefused;
    candidate.reason = missing ? "no such backend in the search path" : "the backend was refused";
    candidate.evidence = report == nullptr ? "" : report->refused->message;
    candidate.fix =
        missing ? "install '" + listed.name.value + ".so' into the search path (see 'videostream backends list')"
                : "replace '" + report->path + "'";
    return candidate;
  }
  if (rules_.Serving(listed.name.value, request.slot.kind) != nullptr) return {};
  candidate.verdict = Verdict::kWrongKind;
  candidate.reason = "it has no " + KindWord(request.slot.kind);
  candidate.evidence = report->path;
  candidate.fix = "take it out of " + rules_.ListName(request.slot);
  return candidate;
}

std::vector<std::string> SlotFiller::Holders(const SlotRequest& request, const BackendReport& report,
                                             const vstream_device& device) const {
  const auto found = holders_.find({report.name, device.id});
  std::vector<std::string> slots = found == holders_.end() ? std::vector<std::string>{} : found->second;
  std::erase(slots, request.slot.name);
  return slots;
}

// The device by itself, then beside its neighbours, then with what is left of it.
Match SlotFiller::Judge(const SlotRequest& request, const SlotContext& context, const BackendReport& report,
                        const vstream_device& device) const {
  Match match = rules_.Judge(request.slot, report, device, request.demand);
  if (match.verdict != Verdict::kTaken) return match;
  StreamPick picks = context.picks;
  const Pick pick{&report, &device, 0};
  if (request.place.kind == BackendKind::kCapture) {
    picks.capture = pick;
  } else {
    picks.outputs[request.place.output].at(request.place.kind) = pick;
  }
  const uint32_t limit = LimitOf(report, device);
  if (!context.pictures.outputs.empty() && FindConflict(context.pictures, picks, request.place)) {
    match.verdict = Verdict::kNoMemory;
  } else if (limit != 0 && Holders(request, report, device).size() >= limit) {
    match.verdict = Verdict::kNoCapacity;
  }
  return match;
}

void SlotFiller::Explain(const SlotRequest& request, const SlotContext& context, const BackendReport& report,
                         const Match& match, Candidate& candidate) const {
  candidate.verdict = match.verdict;
  const std::string& named = request.demand.device;
  const std::string device = match.device == nullptr ? "" : "device '" + std::string(match.device->id) + "' ";
  switch (match.verdict) {
    case Verdict::kTaken:
      break;
    case Verdict::kNoDevice:
      candidate.reason = named != "auto" ? "it has no usable device '" + named + "'"
                                         : "it has no usable " + KindWord(request.slot.kind) + " device here";
      break;
    case Verdict::kForbidden: {
      const Located<std::string>& word = *rules_.Forbids(request.slot, match.device);
      const std::string place = AtLine(rules_.profile(), word.pos);
      candidate.reason = device + "is ruled out by 'require: " + word.value + "'" + place;
      candidate.fix = "take '" + word.value + "' out of 'require'" + place;
      break;
    }
    case Verdict::kNoMemory: {
      candidate.reason = Rules::BufferProblem(*match.device);
      if (!candidate.reason.empty()) break;
      StreamPick picks = context.picks;
      const Pick pick{&report, match.device, 0};
      if (request.place.kind == BackendKind::kCapture) {
        picks.capture = pick;
      } else {
        picks.outputs[request.place.output].at(request.place.kind) = pick;
      }
      candidate.reason = FindConflict(context.pictures, picks, request.place)->why();
      break;
    }
    case Verdict::kNoCapacity: {
      const std::vector<std::string> holders = Holders(request, report, *match.device);
      candidate.reason = device + "can be open " + Times(LimitOf(report, *match.device)) + " at a time, and " +
                         Joined(holders) + (holders.size() == 1 ? " has it" : " have it");
      break;
    }
    case Verdict::kRefusedHere: {
      candidate.reason = device + "was tried and refused";
      const uint32_t fourcc = request.slot.kind == BackendKind::kCapture ? match.fourcc : request.demand.in.fourcc;
      const Nogood* nogood = rules_.RefusedBy(request.slot, report, *match.device, fourcc);
      if (nogood != nullptr && !nogood->evidence.empty()) candidate.evidence = nogood->evidence;
      break;
    }
    default:
      candidate.reason = device + "cannot do " + Wanted(request);
  }
}

// One backend for one slot, without looking at who else would like to.
SlotFiller::Considered SlotFiller::Consider(const Listed& listed, const SlotRequest& request,
                                            const SlotContext& context) const {
  Considered considered;
  considered.pick.rank = listed.rank;
  if (auto absent = Absent(listed, request)) {
    considered.candidate = std::move(*absent);
    return considered;
  }
  const BackendReport& report = *rules_.Report(listed.name.value);
  Match best;
  for (const vstream_device& device : report.devices) {
    if (!rules_.Considers(request.slot, report, device)) continue;
    const Match match = Judge(request, context, report, device);
    const int rating = Rating(match, request.demand);
    const int best_rating = best.device == nullptr ? -1 : Rating(best, request.demand);
    if (rating > best_rating || (rating == best_rating && ComesBefore(device, *best.device))) best = match;
  }
  Candidate& candidate = considered.candidate;
  candidate.backend = listed.name.value;
  candidate.pos = listed.name.pos;
  if (best.device != nullptr) {
    candidate.device = best.device->id;
    candidate.evidence = best.device->evidence;
    candidate.fix = best.device->fix;
  }
  Explain(request, context, report, best, candidate);
  considered.pick = {&report, best.device, listed.rank};
  considered.fourcc = best.fourcc;
  return considered;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Chooses backends slot by slot, in the profile's order of preference, and writes down why each one was taken or not.
#include "core/planner/plan.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/frame/format.h"
#include "core/plugin/options.h"

namespace videostream {
namespace {

// What one slot asks of a device. 0: no demand.
struct Demand {
  std::string device;          // "auto" or an id
  PlannedFormat in, out;       // what goes in and comes out
  std::vector<uint32_t> outs;  // capture: any of these will do, in this order; empty: out.fourcc
};

struct Match {
  Verdict verdict = Verdict::kNoDevice;
  const vstream_device* device = nullptr;
  uint32_t fourcc = 0;  // the chosen one of Demand::outs
};

std::string Describe(const PlannedFormat& format) {
  std::string text = format.fourcc == 0 ? "any format" : FormatName(format.fourcc);
  if (format.width != 0) text += " " + std::to_string(format.width) + "x" + std::to_string(format.height);
  if (format.rate.den != 0) {
    text += " at " + std::to_string(format.rate.num);
    if (format.rate.den != 1) text += "/" + std::to_string(format.rate.den);
    text += " fps";
  }
  return text;
}

bool InSteps(uint32_t value, uint32_t low, uint32_t high, uint32_t step) {
  return value >= low && value <= high && (step < 2 || (value - low) % step == 0);
}

// kTaken, kNoFormat or kNoSize.
Verdict Fits(const vstream_device& device, uint32_t direction, const PlannedFormat& wanted) {
  if (wanted.fourcc == 0) return Verdict::kTaken;
  Verdict verdict = Verdict::kNoFormat;
  for (uint32_t i = 0; i < device.format_count; ++i) {
    const vstream_format_range& range = device.formats[i];
    if (range.fourcc != wanted.fourcc || (range.directions & direction) == 0) continue;
    verdict = Verdict::kNoSize;
    if (wanted.width != 0 && (!InSteps(wanted.width, range.min_width, range.max_width, range.step_width) ||
                              !InSteps(wanted.height, range.min_height, range.max_height, range.step_height))) {
      continue;
    }
    const auto rate = [](vstream_ratio r) { return static_cast<double>(r.num) / r.den; };
    if (wanted.rate.den != 0 && range.max_rate.den != 0 && rate(wanted.rate) > rate(range.max_rate)) continue;
    return Verdict::kTaken;
  }
  return verdict;
}

Match MatchDevice(const BackendReport& report, uint32_t kind, const Demand& demand) {
  Match best;
  for (const vstream_device& device : report.devices) {
    if (device.kind != kind) continue;
    if (demand.device != "auto" && demand.device != device.id) continue;
    if (device.reason != VSTREAM_REASON_USABLE) {
      if (best.device == nullptr) best.device = &device;
      continue;
    }
    const Verdict in = Fits(device, VSTREAM_DIRECTION_INPUT, demand.in);
    Verdict out = Fits(device, VSTREAM_DIRECTION_OUTPUT, demand.out);
    uint32_t fourcc = demand.out.fourcc;
    for (const uint32_t any : demand.outs) {
      PlannedFormat wanted = demand.out;
      wanted.fourcc = any;
      fourcc = any;
      if ((out = Fits(device, VSTREAM_DIRECTION_OUTPUT, wanted)) == Verdict::kTaken) break;
    }
    const Verdict verdict = in != Verdict::kTaken ? in : out;
    if (verdict == Verdict::kTaken) return {verdict, &device, fourcc};
    best = {verdict, &device, fourcc};
  }
  return best;
}

std::string KindName(uint32_t kind) { return std::string(kBackendKindNames[kind]); }

class Planner {
 public:
  Planner(const Profile& profile, const Inventory& inventory) : profile_(profile), inventory_(inventory) {}

  Planning Make() {
    WarnOfUncheckedOptions();
    Plan plan;
    for (const StreamSpec& stream : profile_.streams) {
      plan.streams.push_back(PlanStream(stream));
    }
    if (!planning_.error) planning_.plan = std::move(plan);
    return std::move(planning_);
  }

 private:
  void WarnOfUncheckedOptions() {
    for (const BackendOptions& entry : profile_.options) {
      const BackendReport* report = Report(entry.backend.value);
      if (report != nullptr && !report->refused) {
        CheckKeys(*report);
      } else {
        planning_.warnings.push_back("options of backend '" + entry.backend.value +
                                     "' are unchecked: the backend is not loaded");
      }
    }
  }

  const BackendReport* Report(const std::string& name) const {
    const auto found = inventory_.find(name);
    return found == inventory_.end() ? nullptr : &found->second;
  }

  // Every key of a loaded backend's options must be in its schema, whichever kind takes it.
  void CheckKeys(const BackendReport& report) {
    std::vector<vstream_option_spec> specs = report.options;
    for (vstream_option_spec& spec : specs) spec.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_ALLOCATOR);  // any kind will do
    for (const Option& option : profile_.OptionsFor(report.name)) {
      OptionList raw;
      for (const auto& value : option.values) raw.emplace_back(option.key.value, value.value);
      const CheckedOptions checked = CheckOptions(specs, VSTREAM_KIND_ALLOCATOR, raw);
      if (checked.problems.empty()) continue;
      const OptionProblem& problem = checked.problems.front();
      const SourcePos& pos = problem.in_key ? option.key.pos : option.values[problem.index].pos;
      FailWith(profile_.ErrorAt(pos, "backend '" + report.name + "': " + problem.message));
    }
  }

  OptionList OptionsFor(const BackendReport& report, uint32_t kind) const {
    OptionList raw;
    for (const Option& option : profile_.OptionsFor(report.name)) {
      for (const vstream_option_spec& spec : report.options) {
        if (option.key.value != spec.name || (spec.kinds & VSTREAM_KIND_BIT(kind)) == 0) continue;
        for (const auto& value : option.values) raw.emplace_back(option.key.value, value.value);
      }
    }
    return CheckOptions(report.options, kind, raw).options;
  }

  void FailWith(Error error) {
    if (!planning_.error) planning_.error = std::move(error);
  }

  // One backend for one slot; without a reason yet to prefer another.
  Candidate Consider(const Located<std::string>& name, uint32_t kind, const Demand& demand, Match* match) const {
    Candidate candidate;
    candidate.backend = name.value;
    candidate.pos = name.pos;
    const BackendReport* report = Report(name.value);
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
      candidate.reason = "it has no " + KindName(kind);
      candidate.evidence = report->path;
      candidate.fix = "take it out of 'backends." + KindName(kind) + "'";
      return candidate;
    }
    *match = MatchDevice(*report, kind, demand);
    candidate.verdict = match->verdict;
    if (match->device != nullptr) {
      candidate.device = match->device->id;
      candidate.evidence = match->device->evidence;
      candidate.fix = match->device->fix;
    }
    Explain(kind, demand, &candidate);
    return candidate;
  }

  static void Explain(uint32_t kind, const Demand& demand, Candidate* candidate) {
    const std::string device = candidate->device.empty() ? "" : "device '" + candidate->device + "' ";
    switch (candidate->verdict) {
      case Verdict::kNoDevice:
        candidate->reason = demand.device != "auto" ? "it has no usable device '" + demand.device + "'"
                                                    : "it has no usable " + KindName(kind) + " device here";
        break;
      case Verdict::kNoFormat:
      case Verdict::kNoSize:
        candidate->reason =
            device + "cannot do " +
            (kind == VSTREAM_KIND_CAPTURE ? Describe(demand.out) : Describe(demand.in) + " to " + Describe(demand.out));
        break;
      default:
        break;
    }
  }

  // Walks the preference list of `kind`; the first that fits is taken. Without one, planning fails.
  std::optional<Choice> FillSlot(const std::string& slot_name, BackendKind kind, const Demand& demand,
                                 const std::vector<Located<std::string>>& list, uint32_t* fourcc = nullptr) {
    Slot slot{.name = slot_name, .kind = kind, .candidates = {}, .would_change = {}};
    const auto abi_kind = static_cast<uint32_t>(kind);
    std::optional<Choice> choice;
    for (const Located<std::string>& name : list) {
      Match match;
      Candidate candidate = Consider(name, abi_kind, demand, &match);
      if (candidate.verdict == Verdict::kTaken && choice) {
        candidate.verdict = Verdict::kLaterInOrder;
        candidate.reason = "'" + choice->backend + "' comes first in 'backends." + KindName(abi_kind) + "'";
        if (slot.would_change.empty()) {
          slot.would_change = "put '" + name.value + "' before '" + choice->backend + "' in 'backends." +
                              KindName(abi_kind) + "' to use it";
        }
      } else if (candidate.verdict == Verdict::kTaken) {
        choice = Choice{name.value, candidate.device, OptionsFor(*Report(name.value), abi_kind)};
        candidate.reason = slot.candidates.empty() ? "first in 'backends." + KindName(abi_kind) + "', and it fits"
                                                   : "the first in 'backends." + KindName(abi_kind) + "' that fits";
        if (fourcc != nullptr) *fourcc = match.fourcc;
      } else if (slot.would_change.empty() && !choice && !candidate.fix.empty()) {
        slot.would_change = "'" + name.value + "' would be taken: " + candidate.fix;
      }
      slot.candidates.push_back(std::move(candidate));
    }
    if (!choice) FailWith(NobodyServes(slot));
    planning_.slots.push_back(std::move(slot));
    return choice;
  }

  static Error NobodyServes(const Slot& slot) {
    std::string text = "no backend can serve slot '" + slot.name + "'";
    if (slot.candidates.empty()) {
      text += ": the profile names none under 'backends." + KindName(static_cast<uint32_t>(slot.kind)) + "'";
    }
    const char* separator = ": ";
    for (const Candidate& candidate : slot.candidates) {
      text += separator + ("'" + candidate.backend + "': ") + candidate.reason;
      if (!candidate.evidence.empty()) text += " (" + candidate.evidence + ")";
      separator = "; ";
    }
    return {Code::kUnsupported, text};
  }

  void EmptySlot(const std::string& name, BackendKind kind, const char* why) {
    Slot slot{.name = name, .kind = kind, .candidates = {}, .would_change = {}};
    for (const Located<std::string>& backend : profile_.Backends(kind)) {
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

  // What the first encoder in order that is here takes in; for a capture whose format the profile leaves open.
  std::vector<uint32_t> EncoderInputs() const {
    std::vector<uint32_t> formats;
    for (const Located<std::string>& name : profile_.Backends(BackendKind::kEncoder)) {
      const BackendReport* report = Report(name.value);
      if (report == nullptr || report->refused) continue;
      for (const vstream_device& device : report->devices) {
        if (device.kind != VSTREAM_KIND_ENCODER || device.reason != VSTREAM_REASON_USABLE) continue;
        for (uint32_t i = 0; i < device.format_count; ++i) {
          if ((device.formats[i].directions & VSTREAM_DIRECTION_INPUT) != 0)
            formats.push_back(device.formats[i].fourcc);
        }
      }
    }
    return formats;
  }

  StreamPlan PlanStream(const StreamSpec& stream) {
    StreamPlan plan;
    plan.name = stream.name.value;
    plan.captured = Captured(stream.capture);
    Demand capture{.device = stream.capture.device.value, .in = {}, .out = plan.captured, .outs = {}};
    const OutputSpec& first = stream.outputs.front();
    if (plan.captured.fourcc == 0 && first.encoder && !first.format) capture.outs = EncoderInputs();
    if (auto choice = FillSlot(plan.name + ".capture", BackendKind::kCapture, capture,
                               profile_.Backends(BackendKind::kCapture), &plan.captured.fourcc)) {
      plan.capture = std::move(*choice);
    }
    for (const OutputSpec& output : stream.outputs) plan.outputs.push_back(PlanOutput(plan, output));
    return plan;
  }

  OutputPlan PlanOutput(const StreamPlan& stream, const OutputSpec& output) {
    OutputPlan plan;
    plan.name = output.name.value;
    plan.publish = output.publish.front();
    const std::string slot = stream.name + "." + plan.name + ".";
    plan.published = stream.captured;
    if (output.format) plan.published.fourcc = FindFormat(output.format->value)->fourcc;
    if (output.size) {
      plan.published.width = output.size->value.width;
      plan.published.height = output.size->value.height;
    }
    PlanConverter(slot, stream.captured, &plan);
    if (output.encoder) {
      plan.encoding = output.encoder;
      plan.codec = VSTREAM_FORMAT_H264;
      PlannedFormat coded{.fourcc = plan.codec, .width = 0, .height = 0, .rate = {}};
      Demand encode{.device = "auto", .in = plan.published, .out = coded, .outs = {}};
      plan.encoder =
          FillSlot(slot + "encoder", BackendKind::kEncoder, encode, profile_.Backends(BackendKind::kEncoder));
    } else {
      EmptySlot(slot + "encoder", BackendKind::kEncoder, "the output has no encoder");
    }
    const Demand any{.device = "auto", .in = {}, .out = {}, .outs = {}};
    if (auto choice =
            FillSlot(slot + "allocator", BackendKind::kAllocator, any, profile_.Backends(BackendKind::kAllocator))) {
      plan.allocator = std::move(*choice);
    }
    PlanTransport(slot, output.publish.front(), any, &plan);
    return plan;
  }

  static PlannedFormat Captured(const CaptureSpec& spec) {
    PlannedFormat format;
    if (!spec.format.value.empty()) format.fourcc = FindFormat(spec.format.value)->fourcc;
    format.width = spec.size.value.width;
    format.height = spec.size.value.height;
    if (spec.rate.value.num != 0) format.rate = {spec.rate.value.num, spec.rate.value.den};
    return format;
  }

  void PlanConverter(const std::string& slot, const PlannedFormat& from, OutputPlan* plan) {
    const PlannedFormat& to = plan->published;
    if (from.fourcc == to.fourcc && from.width == to.width && from.height == to.height) {
      return EmptySlot(slot + "converter", BackendKind::kConverter, "the output is published as it is captured");
    }
    Demand convert{.device = "auto", .in = from, .out = to, .outs = {}};
    convert.in.rate = convert.out.rate = {};
    plan->converter =
        FillSlot(slot + "converter", BackendKind::kConverter, convert, profile_.Backends(BackendKind::kConverter));
  }

  // The profile names the transport of each publication; the preference list has to allow it.
  void PlanTransport(const std::string& slot, const PublishSpec& publish, const Demand& any, OutputPlan* plan) {
    std::vector<Located<std::string>> list;
    for (const Located<std::string>& name : profile_.Backends(BackendKind::kTransport)) {
      if (name.value == publish.transport.value) list.push_back(name);
    }
    auto choice = FillSlot(slot + "transport", BackendKind::kTransport, any, list);
    if (!choice) return;
    plan->transport = std::move(*choice);
    OptionList& options = plan->transport.options;
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", publish.mode.value);
    options.emplace_back("socket", publish.socket_path);
    options.emplace_back("mode", mode.data());
    options.emplace_back("buffers", std::to_string(publish.buffers.value));
    options.emplace_back("leases", std::to_string(publish.leases.value));
    options.emplace_back("lease-time", std::to_string(publish.lease_time.value));
    options.emplace_back("clients", std::to_string(publish.clients.value));
  }

  const Profile& profile_;
  const Inventory& inventory_;
  Planning planning_;
};

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kTaken:
      return "taken";
    case Verdict::kNotNeeded:
      return "not_needed";
    case Verdict::kLaterInOrder:
      return "later_in_order";
    case Verdict::kNotInstalled:
      return "not_installed";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kWrongKind:
      return "wrong_kind";
    case Verdict::kNoDevice:
      return "no_device";
    case Verdict::kNoFormat:
      return "no_format";
    case Verdict::kNoSize:
      return "no_size";
  }
  return "unknown";
}

Planning MakePlan(const Profile& profile, const Inventory& inventory) { return Planner(profile, inventory).Make(); }

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// From the solution of the search to a plan with its reasons, stream by stream and slot by slot.
#include "core/planner/plan.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/frame/format.h"
#include "core/planner/links.h"
#include "core/planner/open_format.h"
#include "core/planner/picture.h"
#include "core/planner/pools.h"
#include "core/planner/rules.h"
#include "core/planner/slots.h"
#include "core/planner/solve.h"
#include "core/plugin/options.h"
#include "core/profile/relations.h"

namespace videostream {
namespace {

class Planner {
 public:
  Planner(const Profile& profile, const Inventory& inventory, const PlanOptions& options)
      : profile_(profile),
        rules_(profile, inventory, options),
        solver_(rules_),
        solved_(solver_.Solve()),
        slots_(rules_, solver_, Found(), planning_) {}

  Planning Make() {
    CheckAllOptions();
    Plan plan;
    for (size_t i = 0; i < profile_.streams.size(); ++i) plan.streams.push_back(PlanStream(i));
    if (const Solution* solution = Found()) {
      planning_.links = MakeLinks(profile_, *solution);
      planning_.pools = MakePools(profile_, *solution);
      auto error = CheckPools(profile_, planning_.pools, rules_.options().limits);
      if (error) slots_.FailWith(std::move(*error));
    } else {
      slots_.FailWith({Code::kUnsupported, NoSolution()});
    }
    if (!planning_.error) planning_.plan = std::move(plan);
    return std::move(planning_);
  }

 private:
  [[nodiscard]] const Solution* Found() const { return solved_.solution ? &*solved_.solution : nullptr; }

  [[nodiscard]] std::string NoSolution() const {
    if (solved_.gave_up) {
      return "the search for a plan was given up after " + std::to_string(kMaxSteps) +
             " steps: name devices ('device: ID' in 'capture'), or list fewer backends";
    }
    return "each slot could be served, but not all of them together: name a 'format' and a 'size' in 'capture' and in "
           "the outputs to see which one cannot follow";
  }

  void CheckAllOptions() {
    for (const BackendOptions& entry : profile_.options) {
      const BackendReport* report = rules_.Report(entry.backend.value);
      if (report != nullptr && !report->refused) {
        CheckKeys(*report);
      } else {
        planning_.warnings.push_back("options of backend '" + entry.backend.value +
                                     "' are unchecked: the backend is not loaded");
      }
    }
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
      slots_.FailWith(profile_.ErrorAt(pos, "backend '" + report.name + "': " + problem.message));
    }
  }

  Choice ChoiceOf(const Pick& pick, BackendKind kind) const {
    if (pick.empty()) return {};
    return {pick.report->name, pick.device->id, slots_.OptionsFor(pick.report->name, kind)};
  }

  StreamPlan PlanStream(size_t index) {
    const StreamSpec& stream = profile_.streams[index];
    for (const Contradiction& found : CheckStream(stream)) slots_.FailWith(profile_.ErrorAt(found.pos, found.message));
    StreamPlan plan;
    plan.name = stream.name.value;
    plan.captured = CapturedPicture(stream.capture);
    SlotContext context;
    if (const Solution* solution = Found()) {
      context.picks = solution->streams[index];
      context.pictures = MakePictures(stream, context.picks.captured);
    }
    const Pick capture = FillCapture(stream, context, &plan);
    plan.capture = ChoiceOf(capture, BackendKind::kCapture);
    if (Found() == nullptr) {
      context.picks = {plan.captured, capture, std::vector<OutputPick>(stream.outputs.size())};
      context.pictures = MakePictures(stream, plan.captured);
    }
    for (size_t i = 0; i < stream.outputs.size(); ++i) plan.outputs.push_back(PlanOutput(stream, i, context));
    return plan;
  }

  Pick FillCapture(const StreamSpec& stream, const SlotContext& context, StreamPlan* plan) {
    SlotRequest request{.slot = CaptureSlot(stream), .demand = {}, .remedy = {}, .place = {}, .open = false};
    request.demand.device = stream.capture.device.value;
    request.demand.out = plan->captured;
    request.open = plan->captured.fourcc == 0 || plan->captured.width == 0;
    if (plan->captured.fourcc == 0) {
      request.demand.outs = LikelyFormats(rules_, stream);
      request.remedy = MjpegInstead(request.slot, request.demand);
    }
    const Pick capture = slots_.Fill(request, context, &plan->captured.fourcc);
    if (Found() != nullptr) plan->captured = context.picks.captured;
    return capture;
  }

  // One slot; what serves it is known to those that follow.
  Pick FillOutput(const SlotRequest& request, SlotContext& context) {
    const Pick pick = slots_.Fill(request, context);
    context.picks.outputs[request.place.output].at(request.place.kind) = pick;
    return pick;
  }

  OutputPlan PlanOutput(const StreamSpec& stream, size_t index, SlotContext& context) {
    const OutputSpec& output = stream.outputs[index];
    const PlannedFormat captured = context.pictures.captured;
    OutputPlan plan = context.pictures.outputs[index];
    const auto slot = [&](BackendKind kind) { return OutputSlot(stream, output, kind); };
    const bool open = stream.capture.format.value.empty() || stream.capture.size.value.width == 0;
    if (context.pictures.converts[index]) {
      const Pick pick = FillOutput({.slot = slot(BackendKind::kConverter),
                                    .demand = ConverterDemand(captured, plan),
                                    .remedy = {},
                                    .place = {BackendKind::kConverter, index},
                                    .open = open},
                                   context);
      plan.converter = ChoiceOf(pick, BackendKind::kConverter);
    } else {
      slots_.Leave(slot(BackendKind::kConverter), "the output is published as it is captured");
    }
    if (output.encoder) {
      const Pick pick = FillOutput({.slot = slot(BackendKind::kEncoder),
                                    .demand = EncoderDemand(captured, plan),
                                    .remedy = Found() == nullptr ? OtherFormat(stream, captured, output) : "",
                                    .place = {BackendKind::kEncoder, index},
                                    .open = open},
                                   context);
      plan.encoder = ChoiceOf(pick, BackendKind::kEncoder);
    } else {
      slots_.Leave(slot(BackendKind::kEncoder), "the output has no encoder");
    }
    const Pick allocator = FillOutput({.slot = slot(BackendKind::kAllocator),
                                       .demand = {},
                                       .remedy = {},
                                       .place = {BackendKind::kAllocator, index},
                                       .open = false},
                                      context);
    plan.allocator = ChoiceOf(allocator, BackendKind::kAllocator);
    PlanTransport(slot(BackendKind::kTransport), index, context, &plan);
    return plan;
  }

  // A webcam that gives its larger pictures only as JPEG.
  [[nodiscard]] std::string MjpegInstead(const SlotRef& slot, Demand demand) const {
    demand.outs.clear();
    demand.out.fourcc = VSTREAM_FORMAT_MJPEG;
    if (!rules_.CanDo(slot, demand)) return {};
    return "it gives MJPEG: say 'format: MJPEG' in 'capture', and a raw format such as 'format: NV12' in every output";
  }

  // There is no second converter between output and encoder, so the output has to have what the encoder takes.
  [[nodiscard]] std::string OtherFormat(const StreamSpec& stream, const PlannedFormat& captured,
                                        const OutputSpec& output) const {
    const uint32_t fourcc = FormatForEncoder(rules_, stream, captured, output);
    if (fourcc == 0) return {};
    const std::string format = "'format: " + FormatName(fourcc) + "'";
    if (!output.format) return "add " + format + " to output '" + output.name.value + "'";
    if (output.format->value == FormatName(fourcc)) return {};
    return "say " + format + " in output '" + output.name.value + "', not 'format: " + output.format->value + "'";
  }

  // The profile names the transport of each publication; the preference list has to allow it.
  void PlanTransport(const SlotRef& slot, size_t index, SlotContext& context, OutputPlan* plan) {
    const PublishSpec& publish = plan->publish;
    Demand demand;
    if (publish.protect.value == "copy") demand.what = "every frame is copied once for consumers ('protect: copy')";
    const Pick pick = FillOutput({.slot = slot,
                                  .demand = std::move(demand),
                                  .remedy = {},
                                  .place = {BackendKind::kTransport, index},
                                  .open = false},
                                 context);
    if (pick.empty()) return;
    plan->transport = ChoiceOf(pick, BackendKind::kTransport);
    OptionList& options = plan->transport.options;
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", publish.mode.value);
    options.emplace_back("socket", publish.socket_path);
    options.emplace_back("mode", mode.data());
    options.emplace_back("buffers", std::to_string(publish.buffers.value));
    options.emplace_back("leases", std::to_string(publish.leases.value));
    options.emplace_back("lease-time", std::to_string(publish.lease_time.value));
    options.emplace_back("clients", std::to_string(publish.clients.value));
    AddAccess(publish, plan->transport.backend, &options);
  }

  // Who may connect, and to what. Only what the profile says: a transport that has never heard of it is refused rather
  // than trusted.
  void AddAccess(const PublishSpec& publish, const std::string& transport, OptionList* options) {
    const auto add = [&](const char* option, const char* key, const Located<std::string>& value) {
      options->emplace_back(option, value.value);
      if (Understands(transport, option)) return;
      slots_.FailWith(profile_.ErrorAt(value.pos, "transport '" + transport + "' has no option '" + option +
                                                      "', which '" + key + "' needs; take '" + key + "' out"));
    };
    if (!publish.group.value.empty()) add("group", "group", publish.group);
    for (const Located<std::string>& user : publish.allow_uid) add("allow-uid", "allow", user);
    for (const Located<std::string>& group : publish.allow_gid) add("allow-gid", "allow", group);
    if (publish.protect.value != "none") add("protect", "protect", publish.protect);
  }

  [[nodiscard]] bool Understands(const std::string& transport, std::string_view option) const {
    const BackendReport* report = rules_.Report(transport);
    return report != nullptr && TakesOption(report->options, VSTREAM_KIND_TRANSPORT, option);
  }

  const Profile& profile_;
  Rules rules_;
  Solver solver_;
  Solved solved_;
  Planning planning_;
  SlotFiller slots_;
};

}  // namespace

Planning MakePlan(const Profile& profile, const Inventory& inventory, const PlanOptions& options) {
  return Planner(profile, inventory, options).Make();
}

}  // namespace videostream

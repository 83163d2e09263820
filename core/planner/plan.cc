// SPDX-License-Identifier: Apache-2.0
// Chooses backends stream by stream and slot by slot, in the profile's order of preference.
#include "core/planner/plan.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "core/frame/format.h"
#include "core/planner/machine.h"
#include "core/planner/picture.h"
#include "core/planner/slots.h"
#include "core/plugin/options.h"
#include "core/profile/relations.h"

namespace videostream {
namespace {

class Planner {
 public:
  Planner(const Profile& profile, const Inventory& inventory)
      : profile_(profile), machine_{profile, inventory}, slots_(machine_, planning_) {}

  Planning Make() {
    CheckAllOptions();
    Plan plan;
    for (const StreamSpec& stream : profile_.streams) plan.streams.push_back(PlanStream(stream));
    if (!planning_.error) planning_.plan = std::move(plan);
    return std::move(planning_);
  }

 private:
  void CheckAllOptions() {
    for (const BackendOptions& entry : profile_.options) {
      const BackendReport* report = machine_.Report(entry.backend.value);
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

  StreamPlan PlanStream(const StreamSpec& stream) {
    for (const Contradiction& found : CheckStream(stream)) slots_.FailWith(profile_.ErrorAt(found.pos, found.message));
    StreamPlan plan;
    plan.name = stream.name.value;
    plan.captured = CapturedPicture(stream.capture);
    SlotRequest capture{.name = plan.name + ".capture", .kind = BackendKind::kCapture, .demand = {}, .remedy = {}};
    capture.demand.device = stream.capture.device.value;
    capture.demand.out = plan.captured;
    if (plan.captured.fourcc == 0) {
      capture.demand.outs = OpenCaptureFormats(machine_, stream);
      capture.remedy = MjpegInstead(capture.demand);
    }
    if (auto choice = slots_.Fill(capture, &plan.captured.fourcc)) plan.capture = std::move(*choice);
    for (const OutputSpec& output : stream.outputs) plan.outputs.push_back(PlanOutput(plan, output));
    return plan;
  }

  OutputPlan PlanOutput(const StreamPlan& stream, const OutputSpec& output) {
    OutputPlan plan = OutputPicture(stream.captured, output);
    const std::string slot = stream.name + "." + plan.name + ".";
    if (NeedsConverter(stream.captured, plan)) {
      plan.converter = slots_.Fill({.name = slot + "converter",
                                    .kind = BackendKind::kConverter,
                                    .demand = ConverterDemand(stream.captured, plan),
                                    .remedy = {}});
    } else {
      slots_.Leave(slot + "converter", BackendKind::kConverter, "the output is published as it is captured");
    }
    if (output.encoder) {
      plan.encoder = slots_.Fill({.name = slot + "encoder",
                                  .kind = BackendKind::kEncoder,
                                  .demand = EncoderDemand(stream.captured, plan),
                                  .remedy = OtherFormat(stream.captured, output)});
    } else {
      slots_.Leave(slot + "encoder", BackendKind::kEncoder, "the output has no encoder");
    }
    if (auto choice =
            slots_.Fill({.name = slot + "allocator", .kind = BackendKind::kAllocator, .demand = {}, .remedy = {}})) {
      plan.allocator = std::move(*choice);
    }
    PlanTransport(slot, &plan);
    return plan;
  }

  // A webcam that gives its larger pictures only as JPEG.
  [[nodiscard]] std::string MjpegInstead(Demand demand) const {
    demand.outs.clear();
    demand.out.fourcc = VSTREAM_FORMAT_MJPEG;
    if (!machine_.CanDo(BackendKind::kCapture, demand)) return {};
    return "it gives MJPEG: say 'format: MJPEG' in 'capture', and a raw format such as 'format: NV12' in every output";
  }

  // There is no second converter between output and encoder, so the output has to have what the encoder takes.
  [[nodiscard]] std::string OtherFormat(const PlannedFormat& captured, const OutputSpec& output) const {
    const uint32_t fourcc = FormatForEncoder(machine_, captured, output);
    if (fourcc == 0) return {};
    const std::string format = "'format: " + FormatName(fourcc) + "'";
    if (!output.format) return "add " + format + " to output '" + output.name.value + "'";
    return "say " + format + " in output '" + output.name.value + "', not 'format: " + output.format->value + "'";
  }

  // The profile names the transport of each publication; the preference list has to allow it.
  void PlanTransport(const std::string& slot, OutputPlan* plan) {
    const PublishSpec& publish = plan->publish;
    std::vector<Located<std::string>> list;
    for (const Located<std::string>& name : profile_.Backends(BackendKind::kTransport)) {
      if (name.value == publish.transport.value) list.push_back(name);
    }
    Demand demand;
    if (publish.protect.value == "copy") demand.what = "every frame is copied once for consumers ('protect: copy')";
    auto choice = slots_.FillFrom(
        list, {.name = slot + "transport", .kind = BackendKind::kTransport, .demand = std::move(demand), .remedy = {}});
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
    const BackendReport* report = machine_.Report(transport);
    return report != nullptr && TakesOption(report->options, VSTREAM_KIND_TRANSPORT, option);
  }

  const Profile& profile_;
  Machine machine_;
  Planning planning_;
  SlotFiller slots_;
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

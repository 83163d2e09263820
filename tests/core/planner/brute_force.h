// SPDX-License-Identifier: Apache-2.0
// Every plan there is, one after the other, and what each costs: slow, simple, and without any code of the planner.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "core/frame/format.h"
#include "tests/core/planner/plan_checker.h"

namespace videostream {

using CostVector = std::array<uint64_t, 7>;

// Places of capture, encoder and transport in their lists, copies, bytes converted per second, work, places of the
// rest.
class PlanCost {
 public:
  PlanCost(const Profile& profile, const PlanChecker& checker) : profile_(profile), checker_(checker) {}

  CostVector Of(const Plan& plan) const {
    CostVector cost{};
    for (const StreamPlan& stream : plan.streams) {
      const auto spec = std::find_if(profile_.streams.begin(), profile_.streams.end(),
                                     [&](const StreamSpec& s) { return s.name.value == stream.name; });
      cost[0] += Place(BackendKind::kCapture, *spec, nullptr, stream.capture);
      cost[5] += Device(stream.capture, BackendKind::kCapture).cost;
      for (size_t i = 0; i < stream.outputs.size(); ++i) Add(*spec, spec->outputs[i], stream, stream.outputs[i], cost);
    }
    return cost;
  }

 private:
  const vstream_device& Device(const Choice& choice, BackendKind kind) const {
    return *checker_.Find(choice, static_cast<uint32_t>(kind));
  }

  uint64_t Place(BackendKind kind, const StreamSpec& stream, const OutputSpec* output, const Choice& choice) const {
    const auto& list = profile_.Backends(kind, stream, output);
    uint64_t place = 0;
    while (place < list.size() && list[place].value != choice.backend) ++place;
    return place;
  }

  void Add(const StreamSpec& spec, const OutputSpec& output, const StreamPlan& stream, const OutputPlan& plan,
           CostVector& cost) const {
    cost[2] += Place(BackendKind::kTransport, spec, &output, plan.transport);
    cost[3] += plan.publish.protect.value == "copy" ? 1 : 0;
    cost[6] += Place(BackendKind::kAllocator, spec, &output, plan.allocator);
    if (plan.encoder) {
      cost[1] += Place(BackendKind::kEncoder, spec, &output, *plan.encoder);
      cost[5] += Device(*plan.encoder, BackendKind::kEncoder).cost;
    }
    if (!plan.converter) return;
    cost[5] += Device(*plan.converter, BackendKind::kConverter).cost;
    cost[6] += Place(BackendKind::kConverter, spec, &output, *plan.converter);
    const vstream_device& converter = Device(*plan.converter, BackendKind::kConverter);
    uint32_t alignment = 0;
    const PlannedFormat& f = plan.published;
    for (uint32_t i = 0; i < converter.format_count; ++i) {
      const vstream_format_range& r = converter.formats[i];
      if (r.fourcc != f.fourcc || (r.directions & VSTREAM_DIRECTION_OUTPUT) == 0 || r.max_width < f.width) continue;
      alignment = alignment == 0 ? r.stride_alignment : std::min(alignment, r.stride_alignment);
    }
    alignment = std::max(alignment, 1U);
    const auto layout = ComputeLayout(f.fourcc, f.width, f.height, {alignment, alignment});
    const vstream_ratio rate = f.rate.den != 0                 ? f.rate
                               : stream.captured.rate.den != 0 ? stream.captured.rate
                                                               : vstream_ratio{30, 1};
    if (layout) cost[4] += LayoutBytes(*layout) * rate.num / rate.den;
  }

  const Profile& profile_;
  const PlanChecker& checker_;
};

class BruteForce {
 public:
  BruteForce(const Profile& profile, const Inventory& inventory, const PlanOptions& options)
      : profile_(profile), inventory_(inventory), checker_(profile, inventory, options), cost_(profile, checker_) {}

  // The least cost of all plans; nothing if there is none.
  std::optional<CostVector> Best() {
    std::vector<std::vector<StreamPlan>> streams;
    for (const StreamSpec& stream : profile_.streams) streams.push_back(StreamPlans(stream));
    Combine(streams, {});
    return best_;
  }

 private:
  std::vector<Choice> Choices(BackendKind kind, const StreamSpec& stream, const OutputSpec* output) const {
    std::vector<Choice> choices;
    for (const auto& name : profile_.Backends(kind, stream, output)) {
      const auto report = inventory_.find(name.value);
      if (report == inventory_.end() || report->second.refused) continue;
      for (const vstream_device& device : report->second.devices) {
        if (device.kind == static_cast<uint32_t>(kind)) choices.push_back({name.value, device.id, {}});
      }
    }
    return choices;
  }

  static std::vector<uint32_t> Formats(const StreamSpec& stream) {
    if (!stream.capture.format.value.empty()) return {FindFormat(stream.capture.format.value)->fourcc};
    std::vector<uint32_t> formats;
    for (const Format& format : AllFormats()) {
      if (!format.coded) formats.push_back(format.fourcc);
    }
    return formats;
  }

  // All plans of one stream that are right by themselves.
  std::vector<StreamPlan> StreamPlans(const StreamSpec& stream) {
    std::vector<StreamPlan> plans;
    for (const Choice& capture : Choices(BackendKind::kCapture, stream, nullptr)) {
      for (const uint32_t fourcc : Formats(stream)) {
        StreamPlan plan;
        plan.name = stream.name.value;
        plan.capture = capture;
        plan.captured = {fourcc, stream.capture.size.value.width, stream.capture.size.value.height, {}};
        if (stream.capture.rate.value.num != 0) {
          plan.captured.rate = {stream.capture.rate.value.num, stream.capture.rate.value.den};
        }
        const vstream_device& device = *checker_.Find(capture, VSTREAM_KIND_CAPTURE);
        const auto gives = [&](const vstream_format_range& r) {
          return r.fourcc == fourcc && (r.directions & VSTREAM_DIRECTION_OUTPUT) != 0;
        };
        if (std::any_of(device.formats, device.formats + device.format_count, gives)) Outputs(stream, plan, plans);
      }
    }
    return plans;
  }

  void Outputs(const StreamSpec& stream, const StreamPlan& plan, std::vector<StreamPlan>& plans) {
    const size_t index = plan.outputs.size();
    if (index == stream.outputs.size()) {
      if (checker_.Check({{plan}}).empty()) plans.push_back(plan);
      return;
    }
    const OutputSpec& spec = stream.outputs[index];
    OutputPlan output;
    output.name = spec.name.value;
    output.publish = spec.publish.front();
    output.published = {plan.captured.fourcc, plan.captured.width, plan.captured.height, {}};
    if (spec.format) output.published.fourcc = FindFormat(spec.format->value)->fourcc;
    if (spec.size) output.published.width = spec.size->value.width;
    if (spec.size) output.published.height = spec.size->value.height;
    if (spec.rate.value.num != 0) output.published.rate = {spec.rate.value.num, spec.rate.value.den};
    if (spec.flip.value == "horizontal") output.transform = VSTREAM_TRANSFORM_FLIP_HORIZONTAL;
    const bool converts = output.published.fourcc != plan.captured.fourcc ||
                          output.published.width != plan.captured.width || output.transform != 0;
    if (spec.encoder) output.codec = VSTREAM_FORMAT_H264;
    const auto some = [&](BackendKind kind, bool needed) {
      std::vector<std::optional<Choice>> choices;
      if (!needed) return std::vector<std::optional<Choice>>{std::nullopt};
      for (const Choice& choice : Choices(kind, stream, &spec)) choices.emplace_back(choice);
      return choices;
    };
    for (const auto& converter : some(BackendKind::kConverter, converts)) {
      for (const auto& encoder : some(BackendKind::kEncoder, spec.encoder.has_value())) {
        for (const Choice& allocator : Choices(BackendKind::kAllocator, stream, &spec)) {
          for (const Choice& transport : Choices(BackendKind::kTransport, stream, &spec)) {
            if (transport.backend != output.publish.transport.value) continue;
            StreamPlan longer = plan;
            output.converter = converter;
            output.encoder = encoder;
            output.allocator = allocator;
            output.transport = transport;
            longer.outputs.push_back(output);
            Outputs(stream, longer, plans);
          }
        }
      }
    }
  }

  void Combine(const std::vector<std::vector<StreamPlan>>& streams, const Plan& plan) {
    const size_t index = plan.streams.size();
    if (index == streams.size()) {
      const CostVector cost = cost_.Of(plan);
      if ((!best_ || cost < *best_) && checker_.Check(plan).empty()) best_ = cost;
      return;
    }
    for (const StreamPlan& stream : streams[index]) {
      Plan longer = plan;
      longer.streams.push_back(stream);
      Combine(streams, longer);
    }
  }

  const Profile& profile_;
  const Inventory& inventory_;
  PlanChecker checker_;
  PlanCost cost_;
  std::optional<CostVector> best_;
};

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Whether a plan keeps what the profile, the probes and the options say: written from the documents, without any code
// of the planner, so that both would have to be wrong in the same way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/frame/layout.h"
#include "core/planner/plan.h"
#include "videostream/backend.h"

namespace videostream {

class PlanChecker {
 public:
  PlanChecker(const Profile& profile, const Inventory& inventory, const PlanOptions& options)
      : profile_(profile), inventory_(inventory), options_(options) {}

  // Empty: nothing is wrong. A plan of some of the streams is checked as far as it goes.
  std::vector<std::string> Check(const Plan& plan) {
    found_.clear();
    used_.clear();
    for (const StreamPlan& stream : plan.streams) {
      const auto spec = std::find_if(profile_.streams.begin(), profile_.streams.end(),
                                     [&](const StreamSpec& s) { return s.name.value == stream.name; });
      if (spec == profile_.streams.end()) {
        Wrong("no stream " + stream.name);
      } else {
        CheckStream(*spec, stream);
      }
    }
    for (const auto& [device, count] : used_) {
      const uint32_t limit = Limit(device);
      if (limit != 0 && count > limit) Wrong(device.second + " is opened " + std::to_string(count) + " times");
    }
    return found_;
  }

  const vstream_device* Find(const Choice& choice, uint32_t kind) const {
    const auto report = inventory_.find(choice.backend);
    if (report == inventory_.end() || report->second.refused) return nullptr;
    for (const vstream_device& device : report->second.devices) {
      if (device.kind == kind && choice.device == device.id) return &device;
    }
    return nullptr;
  }

  // What limits a device that is known by backend and id.
  uint32_t Limit(const std::pair<std::string, std::string>& key) const {
    uint32_t limit = 0;
    for (const vstream_device& device : inventory_.at(key.first).devices) {
      if (key.second != device.id) continue;
      const uint32_t one = (device.flags & VSTREAM_DEVICE_EXCLUSIVE) != 0 ? 1 : device.instances;
      if (one != 0) limit = limit == 0 ? one : std::min(limit, one);
    }
    return limit;
  }

 private:
  void Wrong(std::string what) { found_.push_back(std::move(what)); }

  static bool In(uint32_t value, uint32_t low, uint32_t high, uint32_t step) {
    return value >= low && value <= high && (step < 2 || (value - low) % step == 0);
  }

  static std::vector<vstream_format_range> Ranges(const vstream_device& device, uint32_t direction,
                                                  const PlannedFormat& f, bool with_rate) {
    std::vector<vstream_format_range> ranges;
    for (uint32_t i = 0; i < device.format_count; ++i) {
      const vstream_format_range& r = device.formats[i];
      if ((r.directions & direction) == 0 || r.modifier != 0 || (f.fourcc != 0 && r.fourcc != f.fourcc)) continue;
      if (f.width != 0 && (!In(f.width, r.min_width, r.max_width, r.step_width) ||
                           !In(f.height, r.min_height, r.max_height, r.step_height))) {
        continue;
      }
      if (with_rate && f.rate.den != 0 && r.max_rate.den != 0 &&
          uint64_t{f.rate.num} * r.max_rate.den > uint64_t{r.max_rate.num} * f.rate.den) {
        continue;
      }
      ranges.push_back(r);
    }
    return ranges;
  }

  void CheckFormat(const std::string& slot, const vstream_device& device, uint32_t direction, const PlannedFormat& f) {
    const bool says = std::any_of(device.formats, device.formats + device.format_count,
                                  [&](const vstream_format_range& r) { return (r.directions & direction) != 0; });
    if (f.fourcc == 0 && !says) return;
    if (Ranges(device, direction, f, true).empty()) Wrong(slot + ": format or size out of reach");
  }

  static bool Has(const Requirements& words, const char* word) {
    return std::any_of(words.begin(), words.end(), [word](const auto& one) { return one.value == word; });
  }

  // Existence, list, usability, nogoods, forced; counts the instance.
  const vstream_device* Slot(const std::string& slot, BackendKind kind, const StreamSpec& stream,
                             const OutputSpec* output, const Choice& choice, uint32_t taken_in) {
    const vstream_device* device = Find(choice, static_cast<uint32_t>(kind));
    if (device == nullptr || device->reason != VSTREAM_REASON_USABLE) {
      Wrong(slot + ": no usable device " + choice.backend + "/" + choice.device);
      return nullptr;
    }
    bool forced = false;
    for (const Forced& one : options_.forced) {
      if (one.slot != slot) continue;
      forced = true;
      if (one.backend != choice.backend || (!one.device.empty() && one.device != choice.device))
        Wrong(slot + ": forced");
    }
    const auto& list = profile_.Backends(kind, stream, output);
    const bool named = std::any_of(list.begin(), list.end(), [&](const auto& n) { return n.value == choice.backend; });
    if (!named && !forced) Wrong(slot + ": not in the list");
    for (const Nogood& nogood : options_.nogoods) {
      if ((nogood.slot.empty() || nogood.slot == slot) && nogood.backend == choice.backend &&
          (nogood.device.empty() || nogood.device == choice.device) &&
          (nogood.fourcc == 0 || nogood.fourcc == taken_in)) {
        Wrong(slot + ": refused before");
      }
    }
    ++used_[{choice.backend, choice.device}];
    return device;
  }

  void CheckFlags(const std::string& slot, const vstream_device& device, const std::vector<const Requirements*>& said,
                  bool hardware) {
    for (const Requirements* words : said) {
      if (hardware && Has(*words, "hardware") && (device.flags & VSTREAM_DEVICE_HARDWARE) == 0) Wrong(slot + ": CPU");
      if (Has(*words, "realtime") && (device.flags & VSTREAM_DEVICE_REALTIME) == 0) Wrong(slot + ": not realtime");
    }
  }

  void CheckStream(const StreamSpec& spec, const StreamPlan& plan);
  void CheckOutput(const StreamSpec& spec, const OutputSpec& output, const StreamPlan& stream, const OutputPlan& plan,
                   const vstream_device& capture, uint32_t captured_memory);
  void CheckStrides(const std::string& slot, const vstream_device& from, const vstream_device& to,
                    const PlannedFormat& f);
  void CheckMemory(const std::string& slot, const vstream_device& device, uint32_t direction, const PlannedFormat& f,
                   uint32_t memory);

  static uint32_t MemoryIn(const vstream_device& device) {
    uint32_t memory = device.format_count == 0 ? 0 : UINT32_MAX;
    for (uint32_t i = 0; i < device.format_count; ++i) memory &= device.formats[i].memory;
    return memory;
  }

  const Profile& profile_;
  const Inventory& inventory_;
  const PlanOptions& options_;
  std::vector<std::string> found_;
  std::map<std::pair<std::string, std::string>, uint32_t> used_;
};

inline void PlanChecker::CheckMemory(const std::string& slot, const vstream_device& device, uint32_t direction,
                                     const PlannedFormat& f, uint32_t memory) {
  constexpr uint32_t kTypes = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF;
  if (memory == 0) return;
  const auto ranges = Ranges(device, direction, f, true);
  const bool works = std::any_of(ranges.begin(), ranges.end(), [memory](const vstream_format_range& r) {
    const bool type = (r.memory & kTypes) == 0 || (r.memory & kTypes & memory) != 0;
    return type && (r.memory & ~kTypes & ~memory) == 0;
  });
  if (!ranges.empty() && !works) Wrong(slot + ": cannot work on memory " + std::to_string(memory));
}

inline void PlanChecker::CheckStrides(const std::string& slot, const vstream_device& from, const vstream_device& to,
                                      const PlannedFormat& f) {
  if (f.fourcc == 0 || f.width == 0) return;
  bool known = false, fits = false;
  for (const auto& w : Ranges(from, VSTREAM_DIRECTION_OUTPUT, f, false)) {
    for (const auto& r : Ranges(to, VSTREAM_DIRECTION_INPUT, f, false)) {
      const auto layout = ComputeLayout(f.fourcc, f.width, f.height, {std::max(w.stride_alignment, 1U), 1});
      if (!layout) continue;
      known = true;
      bool all = true;
      for (uint32_t i = 0; i < layout->plane_count; ++i) {
        all = all && layout->planes[i].stride % std::max(r.stride_alignment, 1U) == 0;
      }
      fits = fits || all;
    }
  }
  if (known && !fits) Wrong(slot + ": strides");
}

inline void PlanChecker::CheckStream(const StreamSpec& spec, const StreamPlan& plan) {
  const std::string slot = plan.name + ".capture";
  const vstream_device* capture = Slot(slot, BackendKind::kCapture, spec, nullptr, plan.capture, plan.captured.fourcc);
  if (capture == nullptr || plan.outputs.size() != spec.outputs.size()) return Wrong(slot + ": incomplete");
  if (spec.capture.device.value != "auto" && spec.capture.device.value != plan.capture.device) Wrong(slot + ": device");
  if (capture->min_buffers > 32) Wrong(slot + ": buffers");
  CheckFormat(slot, *capture, VSTREAM_DIRECTION_OUTPUT, plan.captured);
  CheckFlags(slot, *capture, {&spec.capture.require}, true);
  CheckFlags(slot, *capture, {&spec.require, &profile_.require}, false);
  size_t first = 0;
  for (size_t i = plan.outputs.size(); i-- > 0;) first = plan.outputs[i].converter ? first : i;
  const vstream_device* allocator = Find(plan.outputs[first].allocator, VSTREAM_KIND_ALLOCATOR);
  if (allocator == nullptr) return Wrong(slot + ": no allocator");
  const uint32_t memory = MemoryIn(*allocator);
  CheckMemory(slot, *capture, VSTREAM_DIRECTION_OUTPUT, plan.captured, memory);
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    CheckOutput(spec, spec.outputs[i], plan, plan.outputs[i], *capture, memory);
  }
}

inline void PlanChecker::CheckOutput(const StreamSpec& spec, const OutputSpec& output, const StreamPlan& stream,
                                     const OutputPlan& plan, const vstream_device& capture, uint32_t captured_memory) {
  constexpr uint32_t kReads = VSTREAM_DIRECTION_INPUT, kWrites = VSTREAM_DIRECTION_OUTPUT;
  const std::string slot = stream.name + "." + plan.name + ".";
  const auto* allocator = Slot(slot + "allocator", BackendKind::kAllocator, spec, &output, plan.allocator, 0);
  const auto* transport = Slot(slot + "transport", BackendKind::kTransport, spec, &output, plan.transport, 0);
  if (allocator == nullptr || transport == nullptr) return;
  const uint32_t own = MemoryIn(*allocator);
  if (own != 0 && (own & VSTREAM_MEMORY_CPU_ACCESS) == 0) Wrong(slot + "allocator: no CPU access");
  const bool differs = plan.published.fourcc != stream.captured.fourcc ||
                       plan.published.width != stream.captured.width ||
                       plan.published.height != stream.captured.height || plan.crop.width != 0 || plan.transform != 0 ||
                       plan.color.matrix != 0;
  if (differs != plan.converter.has_value()) Wrong(slot + "converter: without need, or missing");
  const bool copies = plan.publish.protect.value == "copy";
  for (const Requirements* words : {&output.require, &spec.require, &spec.capture.require, &profile_.require}) {
    if (Has(*words, "zero-copy") && (differs || copies)) Wrong(slot + ": not zero-copy");
  }
  if (output.encoder && Has(output.encoder->require, "zero-copy") && (differs || copies))
    Wrong(slot + ": not zero-copy");
  PlannedFormat in = stream.captured, out = plan.published;
  in.rate = out.rate = {};
  const vstream_device* writer = &capture;
  uint32_t frames = captured_memory;
  if (plan.converter) {
    const auto* converter =
        Slot(slot + "converter", BackendKind::kConverter, spec, &output, *plan.converter, in.fourcc);
    if (converter == nullptr) return;
    CheckFormat(slot + "converter", *converter, kReads, in);
    CheckFormat(slot + "converter", *converter, kWrites, out);
    CheckFlags(slot + "converter", *converter, {&output.require, &spec.require, &profile_.require}, true);
    CheckMemory(slot + "converter", *converter, kReads, in, captured_memory);
    CheckMemory(slot + "converter", *converter, kWrites, out, own);
    CheckStrides(slot + "converter", capture, *converter, in);
    writer = converter;
    frames = own;
  }
  const uint32_t carries = MemoryIn(*transport);
  if (carries != 0 && frames != 0 && (carries & frames) == 0) Wrong(slot + "transport: memory of frames");
  if (output.encoder.has_value() != plan.encoder.has_value()) Wrong(slot + "encoder: missing, or without need");
  if (!plan.encoder) return;
  const auto* encoder = Slot(slot + "encoder", BackendKind::kEncoder, spec, &output, *plan.encoder, out.fourcc);
  if (encoder == nullptr) return;
  PlannedFormat rated = out, coded;
  rated.rate = plan.published.rate.den != 0 ? plan.published.rate : stream.captured.rate;
  coded.fourcc = plan.codec;
  CheckFormat(slot + "encoder", *encoder, kReads, rated);
  CheckFormat(slot + "encoder", *encoder, kWrites, coded);
  CheckFlags(slot + "encoder", *encoder, {&output.encoder->require, &output.require, &spec.require, &profile_.require},
             true);
  CheckMemory(slot + "encoder", *encoder, kReads, out, frames);
  CheckMemory(slot + "encoder", *encoder, kWrites, coded, own);
  CheckStrides(slot + "encoder", *writer, *encoder, out);
  if (carries != 0 && own != 0 && (carries & own) == 0) Wrong(slot + "transport: memory of packets");
}

}  // namespace videostream

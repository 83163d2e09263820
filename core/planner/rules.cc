// SPDX-License-Identifier: Apache-2.0
// Lists, requirements and the judgement of single devices.
#include "core/planner/rules.h"

#include <algorithm>

#include "core/frame/format.h"
#include "core/planner/ports.h"

namespace videostream {
namespace {

const Located<std::string>* FindWord(const Requirements& words, std::string_view word) {
  const auto found = std::find_if(words.begin(), words.end(), [word](const auto& one) { return one.value == word; });
  return found == words.end() ? nullptr : &*found;
}

uint32_t TakenIn(const SlotRef& slot, const Demand& demand) {
  return slot.kind == BackendKind::kCapture ? demand.out.fourcc : demand.in.fourcc;
}

bool Works(BackendKind kind) { return kind == BackendKind::kConverter || kind == BackendKind::kEncoder; }

}  // namespace

SlotRef CaptureSlot(const StreamSpec& stream) {
  return {stream.name.value + ".capture", BackendKind::kCapture, &stream, nullptr};
}

SlotRef OutputSlot(const StreamSpec& stream, const OutputSpec& output, BackendKind kind) {
  const std::string name = stream.name.value + "." + output.name.value + ".";
  return {name + std::string(kBackendKindNames.at(static_cast<size_t>(kind))), kind, &stream, &output};
}

const BackendReport* Rules::Report(std::string_view backend) const {
  const auto found = inventory_.find(backend);
  return found == inventory_.end() ? nullptr : &found->second;
}

const BackendReport* Rules::Serving(std::string_view backend, BackendKind kind) const {
  const BackendReport* report = Report(backend);
  if (report == nullptr || report->refused) return nullptr;
  return (report->identity.kinds & VSTREAM_KIND_BIT(static_cast<uint32_t>(kind))) != 0 ? report : nullptr;
}

std::vector<Listed> Rules::List(const SlotRef& slot) const {
  const auto& names = profile_.Backends(slot.kind, *slot.stream, slot.output);
  std::vector<Listed> list;
  for (size_t i = 0; i < names.size(); ++i) list.push_back({names[i], static_cast<uint32_t>(i)});
  for (const Forced& forced : options_.forced) {
    if (forced.slot != slot.name) continue;
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Listed& one) { return one.name.value == forced.backend; });
    if (found != list.end()) return {*found};
    return {{{forced.backend, {}}, static_cast<uint32_t>(names.size())}};
  }
  if (slot.kind == BackendKind::kTransport) {
    const std::string& transport = slot.output->publish.front().transport.value;
    std::erase_if(list, [&](const Listed& one) { return one.name.value != transport; });
  }
  return list;
}

std::string Rules::ListName(const SlotRef& slot) const {
  const auto index = static_cast<size_t>(slot.kind);
  std::string name = "'backends." + std::string(kBackendKindNames.at(index)) + "'";
  if (slot.output != nullptr && !slot.output->backends.at(index).empty()) {
    return name + " of output '" + slot.output->name.value + "'";
  }
  if (!slot.stream->backends.at(index).empty()) return name + " of stream '" + slot.stream->name.value + "'";
  return name;
}

bool Rules::Considers(const SlotRef& slot, const BackendReport& report, const vstream_device& device) const {
  if (device.kind != static_cast<uint32_t>(slot.kind)) return false;
  const std::string& named = slot.stream->capture.device.value;
  if (slot.kind == BackendKind::kCapture && named != "auto" && named != device.id) return false;
  return std::none_of(options_.forced.begin(), options_.forced.end(), [&](const Forced& forced) {
    return forced.slot == slot.name && forced.backend == report.name && !forced.device.empty() &&
           forced.device != device.id;
  });
}

Match Rules::Judge(const SlotRef& slot, const BackendReport& report, const vstream_device& device,
                   const Demand& demand) const {
  Match match = MatchOne(device, demand);
  if (match.verdict != Verdict::kTaken) return match;
  if (Forbids(slot, &device) != nullptr) {
    match.verdict = Verdict::kForbidden;
  } else if (!BufferProblem(device).empty()) {
    match.verdict = Verdict::kNoMemory;
  } else if (demand.outs.empty()) {
    if (RefusedBy(slot, report, device, TakenIn(slot, demand)) != nullptr) match.verdict = Verdict::kRefusedHere;
  } else {
    Demand single = demand;
    single.outs.clear();
    for (const uint32_t any : demand.outs) {
      single.out.fourcc = any;
      const Match one = MatchOne(device, single);
      if (one.verdict == Verdict::kTaken && RefusedBy(slot, report, device, any) == nullptr) return one;
    }
    match.verdict = Verdict::kRefusedHere;
  }
  return match;
}

const Located<std::string>* Rules::Requirement(const SlotRef& slot, std::string_view word) const {
  const bool far = word == "zero-copy";  // said anywhere, it is about the whole way of the frames
  const StreamSpec& stream = *slot.stream;
  if (slot.output != nullptr) {
    const auto& encoder = slot.output->encoder;
    if (encoder && (far || slot.kind == BackendKind::kEncoder)) {
      if (const auto* found = FindWord(encoder->require, word)) return found;
    }
    if (const auto* found = FindWord(slot.output->require, word)) return found;
  }
  if (far || slot.output == nullptr) {
    if (const auto* found = FindWord(stream.capture.require, word)) return found;
  }
  if (slot.output == nullptr && word == "hardware") return nullptr;  // of a whole stream: who works on its pictures
  if (const auto* found = FindWord(stream.require, word)) return found;
  return FindWord(profile_.require, word);
}

const Located<std::string>* Rules::Forbids(const SlotRef& slot, const vstream_device* device) const {
  const bool copies = slot.output != nullptr && slot.output->publish.front().protect.value == "copy";
  if (slot.kind == BackendKind::kConverter || (slot.kind == BackendKind::kTransport && copies)) {
    if (const auto* word = Requirement(slot, "zero-copy")) return word;
  }
  if (device == nullptr || (!Works(slot.kind) && slot.kind != BackendKind::kCapture)) return nullptr;
  if ((device->flags & VSTREAM_DEVICE_HARDWARE) == 0) {
    if (const auto* word = Requirement(slot, "hardware")) return word;
  }
  return (device->flags & VSTREAM_DEVICE_REALTIME) == 0 ? Requirement(slot, "realtime") : nullptr;
}

const Nogood* Rules::RefusedBy(const SlotRef& slot, const BackendReport& report, const vstream_device& device,
                               uint32_t fourcc) const {
  const auto found = std::find_if(options_.nogoods.begin(), options_.nogoods.end(), [&](const Nogood& nogood) {
    return (nogood.slot.empty() || nogood.slot == slot.name) && nogood.backend == report.name &&
           (nogood.device.empty() || nogood.device == device.id) && (nogood.fourcc == 0 || nogood.fourcc == fourcc);
  });
  return found == options_.nogoods.end() ? nullptr : &*found;
}

std::string Rules::BufferProblem(const vstream_device& device) {
  if (device.kind == VSTREAM_KIND_CAPTURE && device.min_buffers > kMaxPoolBuffers / 2) {
    return "it wants " + std::to_string(device.min_buffers) + " buffers for itself, " +
           std::to_string(kMaxPoolBuffers / 2) + " are possible";
  }
  const uint32_t memory = device.kind == VSTREAM_KIND_ALLOCATOR ? MemoryOf(device) : 0;
  if (memory == 0 || (memory & VSTREAM_MEMORY_CPU_ACCESS) != 0) return {};
  return "its memory (" + MemoryWords(memory) + ") cannot be mapped by the CPU, which every pool has to be";
}

bool Rules::CanDo(const SlotRef& slot, const Demand& demand) const {
  for (const Listed& listed : List(slot)) {
    const BackendReport* report = Serving(listed.name.value, slot.kind);
    if (report == nullptr) continue;
    for (const vstream_device& device : report->devices) {
      if (Considers(slot, *report, device) && Judge(slot, *report, device, demand).verdict == Verdict::kTaken) {
        return true;
      }
    }
  }
  return false;
}

std::vector<uint32_t> Rules::Inputs(const SlotRef& slot, uint32_t coded) const {
  std::vector<uint32_t> formats;
  const auto takes = [&](const BackendReport& report, uint32_t fourcc) {
    return std::any_of(report.devices.begin(), report.devices.end(), [&](const vstream_device& device) {
      if (!Considers(slot, report, device) || device.reason != VSTREAM_REASON_USABLE) return false;
      bool writes = coded == 0, reads = false;
      for (uint32_t i = 0; i < device.format_count; ++i) {
        const vstream_format_range& range = device.formats[i];
        reads = reads || ((range.directions & VSTREAM_DIRECTION_INPUT) != 0 && range.fourcc == fourcc);
        writes = writes || ((range.directions & VSTREAM_DIRECTION_OUTPUT) != 0 && range.fourcc == coded);
      }
      return reads && writes;
    });
  };
  for (const Listed& listed : List(slot)) {
    const BackendReport* report = Serving(listed.name.value, slot.kind);
    if (report == nullptr) continue;
    for (const Format& format : AllFormats()) {
      const bool there = std::find(formats.begin(), formats.end(), format.fourcc) != formats.end();
      if (!there && takes(*report, format.fourcc)) formats.push_back(format.fourcc);
    }
  }
  return formats;
}

}  // namespace videostream

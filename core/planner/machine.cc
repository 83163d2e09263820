// SPDX-License-Identifier: Apache-2.0
// The choice of formats where the profile leaves them open.
#include "core/planner/machine.h"

#include <algorithm>
#include <string>

#include "core/frame/format.h"
#include "core/planner/picture.h"

namespace videostream {
namespace {

bool IsCoded(uint32_t fourcc) {
  const Format* format = FindFormat(fourcc);
  return format != nullptr && format->coded;
}

void AddOnce(std::vector<uint32_t>& formats, const std::vector<uint32_t>& more) {
  for (const uint32_t fourcc : more) {
    if (std::find(formats.begin(), formats.end(), fourcc) == formats.end()) formats.push_back(fourcc);
  }
}

bool Serves(const Machine& machine, const PlannedFormat& captured, const OutputSpec& output) {
  if (IsCoded(captured.fourcc) && !output.format) return false;
  const OutputPlan picture = OutputPicture(captured, output);
  if (NeedsConverter(captured, picture) &&
      !machine.CanDo(BackendKind::kConverter, ConverterDemand(captured, picture))) {
    return false;
  }
  return !output.encoder || machine.CanDo(BackendKind::kEncoder, EncoderDemand(captured, picture));
}

// What could be captured, the formats that save a conversion first.
std::vector<uint32_t> Wishes(const Machine& machine, const StreamSpec& stream, const PlannedFormat& captured) {
  std::vector<uint32_t> wishes;
  bool converts = false;
  for (const OutputSpec& output : stream.outputs) {
    const OutputPlan picture = OutputPicture(captured, output);
    converts = converts || NeedsConverter(captured, picture);
    if (output.encoder && !output.format) AddOnce(wishes, machine.Inputs(BackendKind::kEncoder, picture.codec));
  }
  for (const OutputSpec& output : stream.outputs) {
    if (output.format) AddOnce(wishes, {OutputPicture(captured, output).published.fourcc});
  }
  if (converts) AddOnce(wishes, machine.Inputs(BackendKind::kConverter, 0));
  std::stable_partition(wishes.begin(), wishes.end(), [](uint32_t fourcc) { return !IsCoded(fourcc); });
  return wishes;
}

}  // namespace

const BackendReport* Machine::Report(std::string_view backend) const {
  const auto found = inventory.find(backend);
  return found == inventory.end() ? nullptr : &found->second;
}

bool Machine::CanDo(BackendKind kind, const Demand& demand) const {
  const auto abi_kind = static_cast<uint32_t>(kind);
  const auto& list = profile.Backends(kind);
  return std::any_of(list.begin(), list.end(), [&](const Located<std::string>& name) {
    const BackendReport* report = Report(name.value);
    return report != nullptr && !report->refused && (report->identity.kinds & VSTREAM_KIND_BIT(abi_kind)) != 0 &&
           MatchDevice(*report, abi_kind, demand).verdict == Verdict::kTaken;
  });
}

std::vector<uint32_t> Machine::Inputs(BackendKind kind, uint32_t coded) const {
  std::vector<uint32_t> formats;
  for (const Located<std::string>& name : profile.Backends(kind)) {
    const BackendReport* report = Report(name.value);
    if (report == nullptr || report->refused) continue;
    for (const vstream_device& device : report->devices) {
      if (device.kind != static_cast<uint32_t>(kind) || device.reason != VSTREAM_REASON_USABLE) continue;
      std::vector<uint32_t> taken;
      bool writes = coded == 0;
      for (uint32_t i = 0; i < device.format_count; ++i) {
        const vstream_format_range& range = device.formats[i];
        if ((range.directions & VSTREAM_DIRECTION_INPUT) != 0) taken.push_back(range.fourcc);
        writes = writes || ((range.directions & VSTREAM_DIRECTION_OUTPUT) != 0 && range.fourcc == coded);
      }
      if (writes) AddOnce(formats, taken);
    }
  }
  return formats;
}

std::vector<uint32_t> OpenCaptureFormats(const Machine& machine, const StreamSpec& stream) {
  PlannedFormat captured = CapturedPicture(stream.capture);
  const std::vector<uint32_t> wishes = Wishes(machine, stream, captured);
  if (wishes.empty()) return {};
  Demand demand;
  demand.device = stream.capture.device.value;
  demand.out = captured;
  for (const uint32_t fourcc : wishes) {
    captured.fourcc = fourcc;
    const bool all = std::all_of(stream.outputs.begin(), stream.outputs.end(),
                                 [&](const OutputSpec& output) { return Serves(machine, captured, output); });
    if (all) demand.outs.push_back(fourcc);
  }
  if (!demand.outs.empty() && machine.CanDo(BackendKind::kCapture, demand)) return demand.outs;
  std::vector<uint32_t> raw;
  for (const Format& format : AllFormats()) {
    if (!format.coded) raw.push_back(format.fourcc);
  }
  return raw;
}

uint32_t FormatForEncoder(const Machine& machine, const PlannedFormat& captured, const OutputSpec& output) {
  OutputSpec other = output;
  const uint32_t codec = OutputPicture(captured, output).codec;
  for (const uint32_t fourcc : machine.Inputs(BackendKind::kEncoder, codec)) {
    if (FindFormat(fourcc) == nullptr || IsCoded(fourcc)) continue;
    other.format = Located<std::string>{FormatName(fourcc), {}};
    if (Serves(machine, captured, other)) return fourcc;
  }
  return 0;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The choice of formats where the profile leaves them open.
#include "core/planner/open_format.h"

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

bool Serves(const Rules& rules, const StreamSpec& stream, const PlannedFormat& captured, const OutputSpec& output) {
  if (IsCoded(captured.fourcc) && !output.format) return false;
  const OutputPlan picture = OutputPicture(captured, output);
  if (NeedsConverter(captured, picture) &&
      !rules.CanDo(OutputSlot(stream, output, BackendKind::kConverter), ConverterDemand(captured, picture))) {
    return false;
  }
  return !output.encoder ||
         rules.CanDo(OutputSlot(stream, output, BackendKind::kEncoder), EncoderDemand(captured, picture));
}

// Whether any output cares what is captured.
bool SomebodyCares(const Rules& rules, const StreamSpec& stream) {
  const PlannedFormat captured = CapturedPicture(stream.capture);
  const auto& nogoods = rules.options().nogoods;
  if (std::any_of(nogoods.begin(), nogoods.end(), [](const Nogood& nogood) { return nogood.fourcc != 0; })) return true;
  return std::any_of(stream.outputs.begin(), stream.outputs.end(), [&](const OutputSpec& output) {
    return output.encoder || output.format || NeedsConverter(captured, OutputPicture(captured, output));
  });
}

}  // namespace

std::vector<uint32_t> OpenFormats(const Rules& rules, const StreamSpec& stream) {
  if (!SomebodyCares(rules, stream)) return {0};
  const bool decodes = std::all_of(stream.outputs.begin(), stream.outputs.end(),
                                   [](const OutputSpec& output) { return output.format.has_value(); });
  const bool colored = std::any_of(stream.outputs.begin(), stream.outputs.end(), [](const OutputSpec& output) {
    return !output.color.value.empty() && !output.format;
  });
  std::vector<uint32_t> formats;
  for (const Format& format : AllFormats()) {
    if (colored && (format.name.starts_with("RGB") || format.name.starts_with("BGR"))) continue;
    if (!format.coded || (decodes && format.fourcc == VSTREAM_FORMAT_MJPEG)) formats.push_back(format.fourcc);
  }
  return formats;
}

std::vector<uint32_t> LikelyFormats(const Rules& rules, const StreamSpec& stream) {
  const std::vector<uint32_t> open = OpenFormats(rules, stream);
  if (open.front() == 0) return {};
  Demand demand;
  demand.device = stream.capture.device.value;
  demand.out = CapturedPicture(stream.capture);
  PlannedFormat captured = demand.out;
  for (const uint32_t fourcc : open) {
    captured.fourcc = fourcc;
    const bool all = std::all_of(stream.outputs.begin(), stream.outputs.end(),
                                 [&](const OutputSpec& output) { return Serves(rules, stream, captured, output); });
    if (all) demand.outs.push_back(fourcc);
  }
  if (!demand.outs.empty() && rules.CanDo(CaptureSlot(stream), demand)) return demand.outs;
  std::vector<uint32_t> raw = open;
  std::erase_if(raw, IsCoded);
  return raw;
}

uint32_t FormatForEncoder(const Rules& rules, const StreamSpec& stream, const PlannedFormat& captured,
                          const OutputSpec& output) {
  OutputSpec other = output;
  const uint32_t codec = OutputPicture(captured, output).codec;
  for (const uint32_t fourcc : rules.Inputs(OutputSlot(stream, output, BackendKind::kEncoder), codec)) {
    if (FindFormat(fourcc) == nullptr || IsCoded(fourcc)) continue;
    other.format = Located<std::string>{FormatName(fourcc), {}};
    if (Serves(rules, stream, captured, other)) return fourcc;
  }
  return 0;
}

}  // namespace videostream

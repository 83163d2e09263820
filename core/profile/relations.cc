// SPDX-License-Identifier: Apache-2.0
// The checks between a capture and its outputs.
#include "core/profile/relations.h"

#include <cstdint>
#include <string_view>

#include "core/profile/scalars.h"

namespace videostream {
namespace {

bool Above(const FrameRate& a, const FrameRate& b) { return uint64_t{a.num} * b.den > uint64_t{b.num} * a.den; }

bool IsRgb(std::string_view format) { return format.starts_with("RGB") || format.starts_with("BGR"); }

void CheckRate(const CaptureSpec& capture, const OutputSpec& output, std::vector<Contradiction>& found) {
  const FrameRate& most = capture.rate.value;
  if (output.rate.value.num == 0 || most.num == 0 || !Above(output.rate.value, most)) return;
  found.push_back({output.rate.pos, "an output cannot have more frames than are captured: expected at most " +
                                        FormatFrameRate(most) + ", found " + FormatFrameRate(output.rate.value)});
}

void CheckCrop(const CaptureSpec& capture, const OutputSpec& output, std::vector<Contradiction>& found) {
  const CropSpec& crop = output.crop.value;
  const Size& picture = capture.size.value;
  const Size end{crop.x + crop.width, crop.y + crop.height};
  if (crop.width == 0 || picture.width == 0 || (end.width <= picture.width && end.height <= picture.height)) return;
  found.push_back({output.crop.pos, "crop " + FormatCrop(crop) + " reaches to " + FormatSize(end) +
                                        ", beyond the captured picture of " + FormatSize(picture)});
}

void CheckFormat(const CaptureSpec& capture, const OutputSpec& output, std::vector<Contradiction>& found) {
  if (!output.format && capture.format.value == "MJPEG") {
    found.push_back({output.name.pos, "output '" + output.name.value +
                                          "' has no format, but MJPEG is captured, which has to be decoded for it; add "
                                          "'format: NV12' to the output"});
    return;
  }
  const std::string& format = output.format ? output.format->value : capture.format.value;
  if (output.color.value.empty() || !IsRgb(format)) return;
  found.push_back({output.color.pos, "color '" + output.color.value + "' is for YUV formats and GREY, the output has " +
                                         format + ", which is always full range; take 'color' out"});
}

}  // namespace

std::vector<Contradiction> CheckStream(const StreamSpec& stream) {
  std::vector<Contradiction> found;
  for (const OutputSpec& output : stream.outputs) {
    CheckFormat(stream.capture, output, found);
    CheckRate(stream.capture, output, found);
    CheckCrop(stream.capture, output, found);
  }
  return found;
}

}  // namespace videostream

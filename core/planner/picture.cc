// SPDX-License-Identifier: Apache-2.0
// From the words of the profile to the numbers of the ABI, and back to words for the reasons.
#include "core/planner/picture.h"

#include <string_view>
#include <utility>

#include "core/frame/format.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

uint32_t FourccOf(std::string_view name) {
  const Format* format = FindFormat(name);
  return format == nullptr ? 0 : format->fourcc;
}

uint32_t TransformOf(const OutputSpec& output) {
  uint32_t transform = output.rotate.value / 90;  // the values of ROTATE_90, 180 and 270
  if (output.flip.value == "horizontal") transform |= VSTREAM_TRANSFORM_FLIP_HORIZONTAL;
  if (output.flip.value == "vertical") transform |= VSTREAM_TRANSFORM_FLIP_VERTICAL;
  return transform;
}

uint32_t FilterOf(std::string_view name) {
  if (name == "nearest") return VSTREAM_FILTER_NEAREST;
  return name == "box" ? VSTREAM_FILTER_BOX : VSTREAM_FILTER_BILINEAR;
}

// Code points of ISO/IEC 23091-2.
vstream_colorimetry ColorOf(std::string_view name) {
  constexpr std::string_view kFull = "-full";
  vstream_colorimetry color{};
  if (name.empty()) return color;
  color.range = name.ends_with(kFull) ? VSTREAM_RANGE_FULL : VSTREAM_RANGE_LIMITED;
  color.matrix = name.starts_with("bt601") ? 6 : name.starts_with("bt709") ? 1 : 9;
  return color;
}

std::string ColorName(const vstream_colorimetry& color) {
  const std::string matrix = color.matrix == 6 ? "bt601" : color.matrix == 1 ? "bt709" : "bt2020";
  return matrix + (color.range == VSTREAM_RANGE_FULL ? "-full" : "");
}

bool SwapsSides(uint32_t transform) {
  return (transform & VSTREAM_TRANSFORM_ROTATE_90) != 0;  // of 270 too
}

// All 0 where the crop is the whole picture.
vstream_rect CropOf(const PlannedFormat& captured, const CropSpec& crop) {
  if (crop.width == captured.width && crop.height == captured.height) return {};
  return {crop.x, crop.y, crop.width, crop.height};
}

bool Scales(const PlannedFormat& captured, const OutputPlan& output) {
  uint32_t width = output.crop.width != 0 ? output.crop.width : captured.width;
  uint32_t height = output.crop.height != 0 ? output.crop.height : captured.height;
  if (SwapsSides(output.transform)) std::swap(width, height);
  return output.published.width != width || output.published.height != height;
}

}  // namespace

PlannedFormat CapturedPicture(const CaptureSpec& spec) {
  PlannedFormat format;
  format.fourcc = FourccOf(spec.format.value);
  format.width = spec.size.value.width;
  format.height = spec.size.value.height;
  if (spec.rate.value.num != 0) format.rate = {spec.rate.value.num, spec.rate.value.den};
  return format;
}

OutputPlan OutputPicture(const PlannedFormat& captured, const OutputSpec& output) {
  OutputPlan plan;
  plan.name = output.name.value;
  plan.publish = output.publish.front();
  plan.crop = CropOf(captured, output.crop.value);
  plan.transform = TransformOf(output);
  plan.filter = FilterOf(output.filter.value);
  plan.color = ColorOf(output.color.value);
  plan.published.fourcc = output.format ? FourccOf(output.format->value) : captured.fourcc;
  if (output.size) {
    plan.published.width = output.size->value.width;
    plan.published.height = output.size->value.height;
  } else {
    plan.published.width = plan.crop.width != 0 ? plan.crop.width : captured.width;
    plan.published.height = plan.crop.height != 0 ? plan.crop.height : captured.height;
    if (SwapsSides(plan.transform)) std::swap(plan.published.width, plan.published.height);
  }
  if (output.rate.value.num != 0) plan.published.rate = {output.rate.value.num, output.rate.value.den};
  if (output.encoder) {
    plan.encoding = output.encoder;
    plan.codec = output.encoder->codec.value == "mjpeg" ? VSTREAM_FORMAT_MJPEG : VSTREAM_FORMAT_H264;
  }
  return plan;
}

bool NeedsConverter(const PlannedFormat& captured, const OutputPlan& output) {
  return output.published.fourcc != captured.fourcc || output.crop.width != 0 ||
         output.transform != VSTREAM_TRANSFORM_NONE || output.color.matrix != 0 || Scales(captured, output);
}

Demand ConverterDemand(const PlannedFormat& captured, const OutputPlan& output) {
  Demand demand;
  demand.in = captured;
  demand.out = output.published;
  demand.in.rate = demand.out.rate = {};
  demand.what = DescribeConversion(captured, output);
  return demand;
}

Demand EncoderDemand(const PlannedFormat& captured, const OutputPlan& output) {
  Demand demand;
  demand.in = output.published;
  if (demand.in.rate.den == 0) demand.in.rate = captured.rate;
  demand.out.fourcc = output.codec;
  return demand;
}

std::string DescribeConversion(const PlannedFormat& captured, const OutputPlan& output) {
  PlannedFormat from = captured;
  PlannedFormat to = output.published;
  from.rate = to.rate = {};
  std::string text = Describe(from) + " to " + Describe(to);
  const vstream_rect& crop = output.crop;
  if (crop.width != 0) text += ", cropped " + FormatCrop({crop.x, crop.y, crop.width, crop.height});
  if ((output.transform & VSTREAM_TRANSFORM_FLIP_HORIZONTAL) != 0) text += ", flipped horizontally";
  if ((output.transform & VSTREAM_TRANSFORM_FLIP_VERTICAL) != 0) text += ", flipped vertically";
  const uint32_t turns = output.transform & VSTREAM_TRANSFORM_ROTATE_MASK;
  if (turns != 0) text += ", turned " + std::to_string(turns * 90);
  if (Scales(captured, output) && output.filter != VSTREAM_FILTER_BILINEAR) {
    text += output.filter == VSTREAM_FILTER_BOX ? ", box filter" : ", nearest pixels";
  }
  if (output.color.matrix != 0) text += ", colors " + ColorName(output.color);
  return text;
}

}  // namespace videostream

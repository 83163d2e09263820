// SPDX-License-Identifier: Apache-2.0
// See conversion.h.
#include "core/pipeline/conversion.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/frame/format.h"
#include "core/frame/layout.h"

namespace videostream {
namespace {

constexpr uint8_t kMatrixRgb = 0, kMatrixBt709 = 1, kMatrixUnspecified = 2, kMatrixBt601 = 6;

bool IsRgb(uint32_t fourcc) {
  constexpr uint32_t kRgb[] = {VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24, VSTREAM_FORMAT_RGBX,
                               VSTREAM_FORMAT_RGBA,  VSTREAM_FORMAT_BGRX,  VSTREAM_FORMAT_BGRA};
  return std::ranges::find(kRgb, fourcc) != std::end(kRgb);
}

std::string Dimensions(uint32_t width, uint32_t height) { return std::to_string(width) + "x" + std::to_string(height); }

// The part of the captured picture that is used, as it is captured.
Result<vstream_rect> Part(const vstream_rect& crop, const vstream_layout& source) {
  if (crop.width == 0 || crop.height == 0) return vstream_rect{0, 0, source.width, source.height};
  if (uint64_t{crop.x} + crop.width > source.width || uint64_t{crop.y} + crop.height > source.height) {
    return Fail(Code::kUnsupported, "the crop " + Dimensions(crop.width, crop.height) + "+" + std::to_string(crop.x) +
                                        "+" + std::to_string(crop.y) + " is not inside the captured picture, " +
                                        Dimensions(source.width, source.height));
  }
  return crop;
}

vstream_colorimetry TargetColor(const OutputPlan& plan, const vstream_converter_config& config) {
  vstream_colorimetry color = config.source_color;
  if (IsRgb(config.target.fourcc)) {
    color.chroma_x = color.chroma_y = 0;
    if (!IsRgb(config.source.fourcc)) color.range = VSTREAM_RANGE_FULL;
    color.matrix = kMatrixRgb;
    if (plan.color.range != VSTREAM_RANGE_UNSPECIFIED) color.range = plan.color.range;
    return color;
  }
  if (IsRgb(config.source.fourcc)) {
    const bool small = config.target.width < 1280 && config.target.height < 720;
    color.matrix = small ? kMatrixBt601 : kMatrixBt709;
    color.range = VSTREAM_RANGE_LIMITED;
  }
  if (plan.color.matrix != kMatrixRgb && plan.color.matrix != kMatrixUnspecified) color.matrix = plan.color.matrix;
  if (plan.color.range != VSTREAM_RANGE_UNSPECIFIED) color.range = plan.color.range;
  return color;
}

}  // namespace

Result<vstream_converter_config> MakeConversion(const OutputPlan& plan, const vstream_capture_config& capture,
                                                uint32_t alignment) {
  vstream_converter_config config{};
  config.struct_size = sizeof config;
  config.filter = plan.filter;
  config.source = capture.layout;
  config.crop = plan.crop;
  config.transform = plan.transform;
  auto part = Part(plan.crop, capture.layout);
  if (!part) return part.error();
  const uint32_t rotation = plan.transform & VSTREAM_TRANSFORM_ROTATE_MASK;
  if (rotation == VSTREAM_TRANSFORM_ROTATE_90 || rotation == VSTREAM_TRANSFORM_ROTATE_270) {
    std::swap(part->width, part->height);
  }
  const PlannedFormat& wanted = plan.published;
  const uint32_t fourcc = wanted.fourcc == 0 ? capture.layout.fourcc : wanted.fourcc;
  const uint32_t width = wanted.width == 0 ? part->width : wanted.width;
  const uint32_t height = wanted.height == 0 ? part->height : wanted.height;
  if (width == 0 || height == 0) {
    return Fail(Code::kUnsupported, "the capture does not say how large its pictures are: give the output a 'size'");
  }
  const Format* format = FindFormat(fourcc);
  if (format == nullptr || format->coded) {
    return Fail(Code::kUnsupported,
                "a converter cannot write " + FormatName(fourcc) + ": give the output a raw 'format'");
  }
  auto target = ComputeLayout(fourcc, width, height, {.stride_alignment = alignment, .plane_alignment = alignment});
  if (!target) return target.error();
  config.target = *target;
  config.source_color = capture.colorimetry;
  config.target_color = TargetColor(plan, config);
  return config;
}

vstream_colorimetry PacketColor(uint32_t codec, vstream_colorimetry frames) {
  if (codec != VSTREAM_FORMAT_MJPEG) return frames;
  constexpr uint8_t kBt601 = 6;
  frames.matrix = kBt601;
  frames.range = VSTREAM_RANGE_FULL;
  return frames;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// JPEG pictures to raw ones in the form that a converter was asked for: see jpeg_conversion.h.
#include "backends/sw-fallback/jpeg_conversion.h"

#include "backends/sw-fallback/conversion_colour.h"

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr uint8_t kUnspecified = 2, kBt601 = 6;
constexpr uint32_t kMinSize = 1;

// What is in a JPEG file unless the source says otherwise.
vstream_colorimetry SourceColour(vstream_colorimetry colour) {
  if (colour.matrix == 0 || colour.matrix == kUnspecified) colour.matrix = kBt601;
  if (colour.range == VSTREAM_RANGE_UNSPECIFIED) colour.range = VSTREAM_RANGE_FULL;
  return colour;
}

// Whether the decoder alone gives these colours: what is stored, or full range RGB of BT.601.
bool SameColours(const vstream_converter_config& config, const vstream_colorimetry& source) {
  const vstream_layout& to = config.target;
  const Format* format = FindFormat(to.fourcc);
  if (format == nullptr) return false;
  const ColourModel from = ResolveColour(source, false, to.width, to.height);
  const ColourModel target = ResolveColour(config.target_color, format->rgb, to.width, to.height);
  if (target.rgb) return target.full && from.full && from.matrix == kBt601;
  return target.full == from.full && target.matrix == from.matrix;
}

bool IsWhole(const vstream_rect& crop, const vstream_layout& source) {
  return (crop.x == 0 && crop.y == 0) &&
         ((crop.width == 0 && crop.height == 0) || (crop.width == source.width && crop.height == source.height));
}

}  // namespace

void JpegConversion::AppendFormats(vstream_device* device) {
  device->formats[device->format_count++] =
      FormatRange(VSTREAM_FORMAT_MJPEG, VSTREAM_DIRECTION_INPUT, kMinSize, VSTREAM_MAX_DIMENSION, 1);
}

Status JpegConversion::Configure(const vstream_converter_config& config) {
  const vstream_layout& source = config.source;
  vstream_converter_config rest = config;
  rest.source_color = SourceColour(config.source_color);
  rest.source = {};
  if (source.width >= kMinSize && source.height >= kMinSize && source.width <= VSTREAM_MAX_DIMENSION &&
      source.height <= VSTREAM_MAX_DIMENSION) {
    rest.source = MinimalLayout(VSTREAM_FORMAT_I420, source.width, source.height);
  } else {
    rest.source = source;  // refused below, in the words of every other size
    rest.source.fourcc = VSTREAM_FORMAT_I420;
  }
  if (Status status = conversion_.Configure(rest); !status.ok()) {
    return {status.code(), "MJPEG decoded, then " + status.message()};
  }
  decoder_.Configure(source.width, source.height);
  direct_ = JpegDecoder::Writes(config.target.fourcc) && config.target.width == source.width &&
            config.target.height == source.height && config.transform == VSTREAM_TRANSFORM_NONE &&
            IsWhole(config.crop, source) && SameColours(config, rest.source_color);
  if (direct_) {
    scratch_.reset();
    conversion_ = Conversion();
    return Ok();
  }
  const vstream_plane* planes = rest.source.planes;
  scratch_ = std::make_unique_for_overwrite<uint8_t[]>(planes[2].offset + planes[2].size);
  picture_ = {FindFormat(VSTREAM_FORMAT_I420), source.width, source.height, {}, {}};
  for (uint32_t i = 0; i < 3; ++i) {
    picture_.data[i] = scratch_.get() + planes[i].offset;
    picture_.stride[i] = planes[i].stride;
  }
  return Ok();
}

Status JpegConversion::Run(const uint8_t* bytes, uint64_t size, const Image& target) {
  if (direct_) return decoder_.Decode(bytes, size, target);
  if (Status status = decoder_.Decode(bytes, size, picture_); !status.ok()) return status;
  return conversion_.Run(picture_, target);
}

}  // namespace videostream::sw_fallback

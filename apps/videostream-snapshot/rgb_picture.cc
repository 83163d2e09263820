// SPDX-License-Identifier: Apache-2.0
// From any raw format to R, G, B.
#include "apps/videostream-snapshot/rgb_picture.h"

#include <algorithm>

#include "backends/sw-fallback/conversion.h"

namespace videostream::snapshot {
namespace {

constexpr uint32_t kBytesPerPixel = 3;
constexpr uint8_t kUnspecified = 2;

Error ErrorOf(const backend::Status& status) {
  return {status.code() == VSTREAM_E_UNSUPPORTED ? Code::kUnsupported : Code::kInternal, status.message()};
}

// Borrows the planes, for reading.
sw_fallback::Image ImageOf(const receive::Picture& picture) {
  sw_fallback::Image image{sw_fallback::FindFormat(picture.format), picture.width, picture.height, {}, {}};
  for (uint32_t i = 0; i < picture.plane_count; ++i) {
    image.data[i] = const_cast<uint8_t*>(picture.planes[i].data);  // a source is not written to
    image.stride[i] = picture.planes[i].stride;
  }
  return image;
}

}  // namespace

// Everything is converted and then cut: a visible part may begin between two chroma samples.
Result<RgbPicture> ToRgb(const receive::Picture& picture) {
  if (sw_fallback::FindFormat(picture.format) == nullptr) {
    return Fail(Code::kUnsupported,
                "frames of format " + sw_fallback::FormatName(picture.format) + " cannot be converted to RGB");
  }
  const sw_fallback::Image source = ImageOf(picture);
  for (uint32_t i = 0; i < picture.plane_count; ++i) {
    const uint64_t bytes = uint64_t{source.stride[i]} * sw_fallback::Rows(source.format->planes[i], picture.height);
    if (bytes <= sw_fallback::kMostPlaneBytes) continue;
    return Fail(Code::kUnsupported, "plane " + std::to_string(i) + " of a frame takes " + std::to_string(bytes) +
                                        " bytes at stride " + std::to_string(source.stride[i]) +
                                        ", which is more than can be converted");
  }
  vstream_converter_config config{};
  config.struct_size = sizeof config;
  config.source = sw_fallback::MinimalLayout(picture.format, picture.width, picture.height);
  config.target = sw_fallback::MinimalLayout(VSTREAM_FORMAT_RGB24, picture.width, picture.height);
  config.source_color = picture.colorimetry;
  config.target_color = {kUnspecified, kUnspecified, 0, VSTREAM_RANGE_FULL, 0, 0, {}};
  sw_fallback::Conversion conversion;
  if (const backend::Status status = conversion.Configure(config); !status.ok()) return ErrorOf(status);
  const size_t stride = size_t{picture.width} * kBytesPerPixel;
  std::vector<uint8_t> whole(stride * picture.height);
  const sw_fallback::Image target{sw_fallback::FindFormat(VSTREAM_FORMAT_RGB24),
                                  picture.width,
                                  picture.height,
                                  {whole.data()},
                                  {static_cast<uint32_t>(stride)}};
  if (const backend::Status status = conversion.Run(source, target); !status.ok()) return ErrorOf(status);
  const vstream_rect& visible = picture.visible;
  RgbPicture out{visible.width, visible.height, {}};
  if (visible.width == picture.width && visible.height == picture.height) {
    out.pixels = std::move(whole);
    return out;
  }
  const size_t row = size_t{visible.width} * kBytesPerPixel;
  out.pixels.resize(row * visible.height);
  for (uint32_t y = 0; y < visible.height; ++y) {
    std::copy_n(whole.data() + (visible.y + y) * stride + size_t{visible.x} * kBytesPerPixel, row,
                out.pixels.data() + y * row);
  }
  return out;
}

}  // namespace videostream::snapshot

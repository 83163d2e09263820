// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-snapshot/rgb_picture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "backends/sw-fallback/image.h"

namespace videostream::snapshot {
namespace {

// A mosaic of four large areas of one colour each, in any format, with padded rows.
struct Source {
  vstream_layout layout{};
  std::vector<uint8_t> bytes;
  receive::Picture picture;
};

uint8_t Round(double value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))); }

// The areas' colours: grey, orange, teal, violet.
constexpr double kColours[4][3] = {{120, 120, 120}, {220, 140, 40}, {30, 130, 120}, {140, 70, 200}};
constexpr uint32_t kWidth = 48, kHeight = 32;

const double* ColourAt(uint32_t x, uint32_t y) { return kColours[(x < 24 ? 0 : 1) + (y < 16 ? 0 : 2)]; }

Source Make(const sw_fallback::Format& format, const vstream_colorimetry& colour) {
  Source source;
  source.layout = sw_fallback::MinimalLayout(format.fourcc, kWidth, kHeight);
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < source.layout.plane_count; ++i) {
    source.layout.planes[i].stride += 20;
    source.layout.planes[i].offset = bytes;
    bytes += uint64_t{source.layout.planes[i].stride} * kHeight;
  }
  source.bytes.resize(bytes);
  const double kr = colour.matrix == 1 ? 0.2126 : 0.299, kb = colour.matrix == 1 ? 0.0722 : 0.114;
  const bool full = colour.range == VSTREAM_RANGE_FULL;
  const std::string name = format.name;
  for (uint32_t y = 0; y < kHeight; ++y) {
    for (uint32_t x = 0; x < kWidth; ++x) {
      const double* rgb = ColourAt(x, y);
      const double luma = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2];
      const uint8_t ys = Round(full ? luma : 16 + luma * 219 / 255);
      const uint8_t us = Round(128 + (rgb[2] - luma) / (2 - 2 * kb) * (full ? 1 : 224.0 / 255));
      const uint8_t vs = Round(128 + (rgb[0] - luma) / (2 - 2 * kr) * (full ? 1 : 224.0 / 255));
      const auto row = [&](uint32_t plane, uint32_t at) {
        return source.bytes.data() + source.layout.planes[plane].offset +
               size_t{at} * source.layout.planes[plane].stride;
      };
      if (format.rgb) {
        const bool bgr = name[0] == 'B';
        for (int i = 0; i < 3; ++i) row(0, y)[x * format.planes[0].bytes + i] = Round(rgb[bgr ? 2 - i : i]);
      } else if (name == "YUYV" || name == "UYVY") {
        const uint32_t at = name == "YUYV" ? 0 : 1;
        row(0, y)[size_t{2} * x + at] = ys;
        row(0, y)[size_t{2} * x + 1 - at] = x % 2 == 0 ? us : vs;
      } else {
        row(0, y)[x] = ys;
      }
      if (name == "I420") {
        row(1, y / 2)[x / 2] = us;
        row(2, y / 2)[x / 2] = vs;
      } else if (name == "NV12" || name == "NV21") {
        row(1, y / 2)[size_t{x} / 2 * 2] = name == "NV12" ? us : vs;
        row(1, y / 2)[size_t{x} / 2 * 2 + 1] = name == "NV12" ? vs : us;
      }
    }
  }
  source.picture = {format.fourcc, kWidth, kHeight, {0, 0, kWidth, kHeight}, colour, {30, 1}, format.plane_count, {}};
  for (uint32_t i = 0; i < format.plane_count; ++i) {
    const vstream_plane& plane = source.layout.planes[i];
    source.picture.planes[i] = {source.bytes.data() + plane.offset, plane.stride, size_t{plane.stride} * kHeight};
  }
  return source;
}

// Largest difference in the middle of the areas; at their borders chroma of half resolution is a mixture.
double Worst(const RgbPicture& picture, const Source& source) {
  const vstream_rect& visible = source.picture.visible;
  EXPECT_EQ(picture.width, visible.width);
  EXPECT_EQ(picture.height, visible.height);
  double worst = 0;
  for (uint32_t y = 0; y < picture.height; ++y) {
    for (uint32_t x = 0; x < picture.width; ++x) {
      const uint32_t at_x = x + visible.x, at_y = y + visible.y;
      if (std::abs(static_cast<int>(at_x) - 24) < 4 || std::abs(static_cast<int>(at_y) - 16) < 4) continue;
      const double* rgb = ColourAt(at_x, at_y);
      const double grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
      for (int i = 0; i < 3; ++i) {
        const double expected = source.picture.format == VSTREAM_FORMAT_GREY ? grey : rgb[i];
        worst = std::max(worst, std::abs(expected - picture.pixels[(size_t{y} * picture.width + x) * 3 + i]));
      }
    }
  }
  return worst;
}

constexpr vstream_colorimetry kLimited601{2, 2, 6, VSTREAM_RANGE_LIMITED, 0, 0, {}};
constexpr vstream_colorimetry kFull601{2, 2, 6, VSTREAM_RANGE_FULL, 0, 0, {}};
constexpr vstream_colorimetry kLimited709{1, 1, 1, VSTREAM_RANGE_LIMITED, 0, 0, {}};
constexpr vstream_colorimetry kRgb{2, 2, 0, VSTREAM_RANGE_FULL, 0, 0, {}};

// Catches a format that is refused or has its planes mixed up, and colours of the wrong matrix or range (off by 10 and
// more).
TEST(RgbPictureTest, EveryFormatInItsColours) {
  for (const sw_fallback::Format& format : sw_fallback::AllFormats()) {
    for (const vstream_colorimetry& colour : {kLimited601, kFull601, kLimited709}) {
      if (format.fourcc == VSTREAM_FORMAT_GREY && colour.matrix == 1) continue;  // luma without colour
      SCOPED_TRACE(std::string(format.name) + " " + std::to_string(colour.matrix) + " " + std::to_string(colour.range));
      const Source source = Make(format, format.rgb ? kRgb : colour);
      const auto picture = ToRgb(source.picture);
      ASSERT_TRUE(picture) << picture.error().message;
      EXPECT_LE(Worst(*picture, source), format.rgb ? 0.5 : 4);
    }
  }
}

// Catches frames without colours taken for full range: they mean BT.601, limited, at this size.
TEST(RgbPictureTest, UnspecifiedColoursFollowTheContract) {
  Source source = Make(*sw_fallback::FindFormat(VSTREAM_FORMAT_NV12), kLimited601);
  source.picture.colorimetry = {};
  const auto picture = ToRgb(source.picture);
  ASSERT_TRUE(picture) << picture.error().message;
  EXPECT_LE(Worst(*picture, source), 4);
}

// Catches a visible part that is ignored, or shifted to an even place.
TEST(RgbPictureTest, OnlyTheVisiblePart) {
  for (const vstream_rect& visible : {vstream_rect{4, 2, 40, 28}, {7, 3, 33, 25}, {47, 31, 1, 1}}) {
    Source source = Make(*sw_fallback::FindFormat(VSTREAM_FORMAT_NV12), kLimited601);
    source.picture.visible = visible;
    const auto picture = ToRgb(source.picture);
    ASSERT_TRUE(picture) << picture.error().message;
    EXPECT_LE(Worst(*picture, source), 4);
  }
}

// Catches a stride that is negative where it is counted in int: rows would be read from in front of the frame. A
// producer needs no memory for it, only a sparse file.
TEST(RgbPictureTest, RefusesStridesThatDoNotFitAnInt) {
  for (const uint32_t stride : {uint32_t{INT32_MAX}, UINT32_MAX - 255}) {
    Source source = Make(*sw_fallback::FindFormat(VSTREAM_FORMAT_NV12), kLimited601);
    source.picture.planes[0].stride = stride;
    const auto picture = ToRgb(source.picture);
    ASSERT_FALSE(picture) << stride;
    EXPECT_EQ(picture.error().code, Code::kUnsupported);
    EXPECT_EQ(picture.error().message.rfind("plane 0 of a frame takes ", 0), 0u) << picture.error().message;
  }
}

// Catches a coded format that is taken for a raw one.
TEST(RgbPictureTest, RefusesWhatIsNoRawPicture) {
  Source source = Make(*sw_fallback::FindFormat(VSTREAM_FORMAT_NV12), kLimited601);
  source.picture.format = VSTREAM_FORMAT_H264;
  const auto picture = ToRgb(source.picture);
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace videostream::snapshot

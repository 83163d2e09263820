// SPDX-License-Identifier: Apache-2.0
// Runs a conversion between guarded pictures and the reference beside it.
#pragma once

#include <algorithm>
#include <random>
#include <string>

#include "backends/sw-fallback/conversion.h"
#include "tests/backends/sw-fallback/fake_host.h"
#include "tests/backends/sw-fallback/reference.h"

namespace videostream::sw_fallback {

constexpr uint32_t kYuvFormats[] = {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_NV21,
                                    VSTREAM_FORMAT_YUYV, VSTREAM_FORMAT_UYVY, VSTREAM_FORMAT_GREY};
constexpr uint32_t kRgbFormats[] = {VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24, VSTREAM_FORMAT_RGBX,
                                    VSTREAM_FORMAT_RGBA,  VSTREAM_FORMAT_BGRX,  VSTREAM_FORMAT_BGRA};
constexpr uint32_t kAllFormats[] = {VSTREAM_FORMAT_I420,  VSTREAM_FORMAT_NV12,  VSTREAM_FORMAT_NV21,
                                    VSTREAM_FORMAT_YUYV,  VSTREAM_FORMAT_UYVY,  VSTREAM_FORMAT_GREY,
                                    VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24, VSTREAM_FORMAT_RGBX,
                                    VSTREAM_FORMAT_RGBA,  VSTREAM_FORMAT_BGRX,  VSTREAM_FORMAT_BGRA};

inline bool IsRgb(uint32_t fourcc) { return std::find(kRgbFormats, kRgbFormats + 6, fourcc) != kRgbFormats + 6; }

class ConversionFixture : public testing::Test {
 protected:
  static vstream_converter_config Config(uint32_t from, uint32_t width, uint32_t height, uint32_t to, uint32_t to_width,
                                         uint32_t to_height) {
    vstream_converter_config config{};
    config.struct_size = sizeof config;
    config.source = MinimalLayout(from, width, height);
    config.target = MinimalLayout(to, to_width, to_height);
    config.filter = VSTREAM_FILTER_BILINEAR;
    return config;
  }
  static vstream_converter_config Config(uint32_t from, uint32_t to, uint32_t width, uint32_t height) {
    return Config(from, width, height, to, width, height);
  }
  static std::string Name(const vstream_converter_config& config) {
    const auto side = [](const vstream_layout& layout, const vstream_colorimetry& colour) {
      return FormatName(layout.fourcc) + " " + std::to_string(layout.width) + "x" + std::to_string(layout.height) +
             " colours " + std::to_string(colour.matrix) + "/" + std::to_string(colour.range);
    };
    const vstream_rect& crop = config.crop;
    return side(config.source, config.source_color) + " to " + side(config.target, config.target_color) + " crop " +
           std::to_string(crop.width) + "x" + std::to_string(crop.height) + "+" + std::to_string(crop.x) + "+" +
           std::to_string(crop.y) + " transform " + std::to_string(config.transform) + " filter " +
           std::to_string(config.filter);
  }

  // Makes the pictures, rows `padding` bytes apart; the source is noise of every value.
  void Prepare(const vstream_converter_config& config, uint32_t padding) {
    const vstream_layout &source = config.source, &target = config.target;
    host_.Add(1, PaddedLayout(source.fourcc, source.width, source.height, padding));
    host_.Add(2, PaddedLayout(target.fourcc, target.width, target.height, padding));
    const Image image = host_.Picture(1);
    for (uint32_t plane = 0; plane < image.format->plane_count; ++plane) {
      for (uint32_t y = 0; y < Rows(image.format->planes[plane], image.height); ++y) {
        uint8_t* row = image.data[plane] + size_t{y} * image.stride[plane];
        std::generate_n(row, RowBytes(image.format->planes[plane], image.width), [&] { return random_() % 256; });
      }
    }
  }
  // Draws into the source: `value(sample, x, y)` is sample 0 to 3 of a pixel. The last pixel of a block gives its
  // chroma.
  template <typename Value>
  void Draw(Value value) {
    const Image image = host_.Picture(1);
    for (uint32_t y = 0; y < image.height; ++y) {
      for (uint32_t x = 0; x < image.width; ++x) {
        for (uint32_t sample = 0; sample < 4; ++sample) {
          if (uint8_t* place = Place(image, sample, x, y)) *place = static_cast<uint8_t>(value(sample, x, y));
        }
      }
    }
  }
  // Converts, and proves that nothing but the target's pixels was written, and all of them.
  void Convert(const vstream_converter_config& config) {
    Conversion sut;
    const backend::Status configured = sut.Configure(config);
    ASSERT_TRUE(configured.ok()) << configured.message();
    const uint64_t before = Checksum(1);
    const backend::Status status = sut.Run(host_.Picture(1), host_.Picture(2));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(host_.GuardsIntact(2)) << "padding written: " << Name(config);
    EXPECT_EQ(Checksum(1), before) << "source written: " << Name(config);
  }
  // What unspecified colours of a small picture are.
  static reference::Colour Unspecified(uint32_t fourcc) { return {IsRgb(fourcc), 6, IsRgb(fourcc)}; }
  // The largest differences from the reference. `from`, `to`: the colours that config means.
  reference::Pixel WorstError(const vstream_converter_config& config) {
    return WorstError(config, Unspecified(config.source.fourcc), Unspecified(config.target.fourcc));
  }
  reference::Pixel WorstError(const vstream_converter_config& config, reference::Colour from, reference::Colour to) {
    const Image target = host_.Picture(2);
    return reference::WorstError(Expected(config, from, to),
                                 reference::Represent(reference::Read(target), *target.format));
  }
  reference::Picture Expected(const vstream_converter_config& config, reference::Colour from, reference::Colour to) {
    from.rgb = IsRgb(config.source.fourcc);
    to.rgb = IsRgb(config.target.fourcc);
    // Y alone has no matrix.
    if (config.source.fourcc == VSTREAM_FORMAT_GREY && !to.rgb) from.matrix = to.matrix;
    reference::Picture picture = reference::Read(host_.Picture(1));
    if (config.crop.width != 0) picture = reference::Crop(picture, config.crop);
    picture = reference::Transform(picture, (config.transform & VSTREAM_TRANSFORM_FLIP_HORIZONTAL) != 0,
                                   (config.transform & VSTREAM_TRANSFORM_FLIP_VERTICAL) != 0,
                                   static_cast<int>(config.transform & VSTREAM_TRANSFORM_ROTATE_MASK));
    if (picture.width != config.target.width || picture.height != config.target.height) {
      constexpr reference::Filter kFilters[] = {reference::Filter::kNearest, reference::Filter::kBilinear,
                                                reference::Filter::kBox};
      picture = reference::Scale(picture, config.target.width, config.target.height, kFilters[config.filter]);
    }
    return reference::Represent(reference::Convert(picture, from, to), *FindFormat(config.target.fourcc));
  }

  // The byte of a sample, null if the format has none.
  static uint8_t* Place(const Image& image, uint32_t sample, uint32_t x, uint32_t y) {
    const auto at = [&](uint32_t plane, uint32_t row, uint32_t byte) {
      return image.data[plane] + size_t{row} * image.stride[plane] + byte;
    };
    const uint32_t fourcc = image.format->fourcc;
    const bool red_first =
        fourcc == VSTREAM_FORMAT_RGB24 || fourcc == VSTREAM_FORMAT_RGBX || fourcc == VSTREAM_FORMAT_RGBA;
    if (image.format->rgb) {
      const uint32_t bytes = image.format->planes[0].bytes;
      if (sample == 3) return bytes == 4 ? at(0, y, 4 * x + 3) : nullptr;
      return at(0, y, bytes * x + (red_first ? sample : 2 - sample));
    }
    if (sample == 3 || (sample > 0 && fourcc == VSTREAM_FORMAT_GREY)) return nullptr;
    const uint32_t swap = fourcc == VSTREAM_FORMAT_NV21 ? 2 - sample : sample - 1;
    switch (fourcc) {
      case VSTREAM_FORMAT_YUYV:
        return sample == 0 ? at(0, y, 2 * x) : at(0, y, x / 2 * 4 + 2 * sample - 1);
      case VSTREAM_FORMAT_UYVY:
        return sample == 0 ? at(0, y, 2 * x + 1) : at(0, y, x / 2 * 4 + 2 * sample - 2);
      case VSTREAM_FORMAT_I420:
        return sample == 0 ? at(0, y, x) : at(sample, y / 2, x / 2);
      default:
        return sample == 0 ? at(0, y, x) : at(1, y / 2, x / 2 * 2 + swap);
    }
  }
  uint64_t Checksum(uint32_t id) {
    const vstream_layout layout = PaddedLayout(host_.Picture(id).format->fourcc, 1, 1, 0);
    uint64_t sum = 14'695'981'039'346'656'037U;
    const Image image = host_.Picture(id);
    for (uint32_t plane = 0; plane < layout.plane_count; ++plane) {
      const size_t bytes = size_t{image.stride[plane]} * Rows(image.format->planes[plane], image.height);
      for (size_t i = 0; i < bytes; ++i) sum = (sum ^ image.data[plane][i]) * 1'099'511'628'211U;
    }
    return sum;
  }

  FakeHost host_;
  std::mt19937 random_{20'231'123};
};

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// Conversions against a slow and simple implementation of the same mathematics.
//
// Tolerance: 0 where samples only move; 1 on luma and 2 on chroma and RGB where there is arithmetic (libyuv works with
// 7 bit weights, and averages chroma in two steps).
#include "backends/sw-fallback/conversion.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/backends/sw-fallback/fake_host.h"

namespace videostream::sw_fallback {
namespace {

constexpr uint32_t kYuv[] = {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_NV21,
                             VSTREAM_FORMAT_YUYV, VSTREAM_FORMAT_UYVY, VSTREAM_FORMAT_GREY};
constexpr uint32_t kRgb[] = {VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24, VSTREAM_FORMAT_RGBX,
                             VSTREAM_FORMAT_RGBA,  VSTREAM_FORMAT_BGRX,  VSTREAM_FORMAT_BGRA};

struct Sample {
  double a, b, c;  // Y U V, or R G B
};

// The sample at a pixel, by the definition of the format in frame.h.
Sample At(const Image& image, uint32_t x, uint32_t y) {
  const auto byte = [&](uint32_t plane, uint32_t row, uint32_t column) {
    return static_cast<double>(image.data[plane][size_t{row} * image.stride[plane] + column]);
  };
  const uint32_t pair = x / 2;
  switch (image.format->fourcc) {
    case VSTREAM_FORMAT_I420:
      return {byte(0, y, x), byte(1, y / 2, pair), byte(2, y / 2, pair)};
    case VSTREAM_FORMAT_NV12:
      return {byte(0, y, x), byte(1, y / 2, 2 * pair), byte(1, y / 2, 2 * pair + 1)};
    case VSTREAM_FORMAT_NV21:
      return {byte(0, y, x), byte(1, y / 2, 2 * pair + 1), byte(1, y / 2, 2 * pair)};
    case VSTREAM_FORMAT_YUYV:
      return {byte(0, y, 2 * x), byte(0, y, 4 * pair + 1), byte(0, y, 4 * pair + 3)};
    case VSTREAM_FORMAT_UYVY:
      return {byte(0, y, 2 * x + 1), byte(0, y, 4 * pair), byte(0, y, 4 * pair + 2)};
    case VSTREAM_FORMAT_GREY:
      return {byte(0, y, x), 128, 128};
    case VSTREAM_FORMAT_RGB24:
      return {byte(0, y, 3 * x), byte(0, y, 3 * x + 1), byte(0, y, 3 * x + 2)};
    case VSTREAM_FORMAT_BGR24:
      return {byte(0, y, 3 * x + 2), byte(0, y, 3 * x + 1), byte(0, y, 3 * x)};
    case VSTREAM_FORMAT_RGBX:
    case VSTREAM_FORMAT_RGBA:
      return {byte(0, y, 4 * x), byte(0, y, 4 * x + 1), byte(0, y, 4 * x + 2)};
    default:
      return {byte(0, y, 4 * x + 2), byte(0, y, 4 * x + 1), byte(0, y, 4 * x)};
  }
}

Sample ToYuv(Sample rgb) {
  return {16 + (65.481 * rgb.a + 128.553 * rgb.b + 24.966 * rgb.c) / 255,
          128 + (-37.797 * rgb.a - 74.203 * rgb.b + 112 * rgb.c) / 255,
          128 + (112 * rgb.a - 93.786 * rgb.b - 18.214 * rgb.c) / 255};
}

Sample ToRgb(Sample yuv) {
  const double y = 255.0 / 219 * (yuv.a - 16), u = yuv.b - 128, v = yuv.c - 128;
  const auto clip = [](double value) { return std::clamp(value, 0.0, 255.0); };
  return {clip(y + 1.596027 * v), clip(y - 0.391762 * u - 0.812968 * v), clip(y + 2.017232 * u)};
}

// What the target should show at (x, y): the luma there, the chroma of the mean over its chroma block.
Sample Expected(const Image& source, const Image& target, uint32_t x, uint32_t y) {
  if (target.format->rgb) return ToRgb(At(source, x, y));
  const auto yuv = [&](uint32_t px, uint32_t py) {
    const Sample sample = At(source, std::min(px, source.width - 1), std::min(py, source.height - 1));
    return source.format->rgb ? ToYuv(sample) : sample;
  };
  Sample sum{0, 0, 0};
  for (uint32_t i = 0; i < 4; ++i) {
    const Sample sample = yuv(x / 2 * 2 + i % 2, y / 2 * 2 + i / 2);
    sum.b += sample.b / 4;
    sum.c += sample.c / 4;
  }
  return {yuv(x, y).a, sum.b, sum.c};
}

class ConversionTest : public testing::Test {
 protected:
  void Fill(uint32_t id, unsigned seed, bool smooth = false) {
    std::mt19937 random(seed);
    const Image image = host_.Picture(id);
    for (uint32_t plane = 0; plane < image.format->plane_count; ++plane) {
      for (uint32_t y = 0; y < Rows(image.format->planes[plane], image.height); ++y) {
        for (uint32_t x = 0; x < RowBytes(image.format->planes[plane], image.width); ++x) {
          image.data[plane][size_t{y} * image.stride[plane] + x] =
              static_cast<uint8_t>(smooth ? 60 + x + y : 16 + random() % 220);
        }
      }
    }
  }
  static vstream_converter_config Config(const vstream_layout& source, const vstream_layout& target) {
    vstream_converter_config config{};
    config.source = source;
    config.target = target;
    config.filter = VSTREAM_FILTER_BILINEAR;
    return config;
  }
  static Sample WorstError(const Image& source, const Image& target) {
    Sample worst{0, 0, 0};
    for (uint32_t y = 0; y < target.height; ++y) {
      for (uint32_t x = 0; x < target.width; ++x) {
        const Sample want = Expected(source, target, x, y), have = At(target, x, y);
        worst.a = std::max(worst.a, std::abs(want.a - have.a));
        worst.b = std::max(worst.b, std::abs(want.b - have.b));
        worst.c = std::max(worst.c, std::abs(want.c - have.c));
      }
    }
    return worst;
  }

  FakeHost host_;
};

// Channels in the wrong order (libyuv names them inversely), strides taken for widths, odd edges left out.
TEST_F(ConversionTest, AgreesWithTheReference) {
  std::vector<uint32_t> sources(std::begin(kYuv), std::end(kYuv)), targets{VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12};
  sources.insert(sources.end(), std::begin(kRgb), std::end(kRgb));
  targets.insert(targets.end(), std::begin(kRgb), std::end(kRgb));
  int pairs = 0;
  for (uint32_t from : sources) {
    for (uint32_t to : targets) {
      if (FindFormat(from)->rgb && FindFormat(to)->rgb) continue;
      ++pairs;
      for (const auto& [width, height] : {std::pair{64u, 48u}, {33u, 17u}, {34u, 19u}, {2u, 2u}}) {
        host_.Add(1, PaddedLayout(from, width, height, 13));
        host_.Add(2, PaddedLayout(to, width, height, 7));
        Fill(1, width + from);
        Conversion sut;
        const Image source = host_.Picture(1), target = host_.Picture(2);
        ASSERT_TRUE(sut.Configure(Config(MinimalLayout(from, width, height), MinimalLayout(to, width, height))).ok());
        ASSERT_TRUE(sut.Run(source, target).ok());
        const Sample error = WorstError(source, target);
        const std::string name =
            FormatName(from) + " to " + FormatName(to) + " " + std::to_string(width) + "x" + std::to_string(height);
        const bool moves = !FindFormat(from)->rgb && !FindFormat(to)->rgb;
        const bool averages = from == VSTREAM_FORMAT_YUYV || from == VSTREAM_FORMAT_UYVY;
        // From 4:2:2 to RGB the chroma goes through 4:2:0: other colours, by design.
        if (FindFormat(to)->rgb && averages) continue;
        EXPECT_LE(error.a, moves ? 0 : FindFormat(to)->rgb ? 2.5 : 1.5) << name;
        EXPECT_LE(error.b, moves ? (averages ? 0.5 : 0) : 2.5) << name;
        EXPECT_LE(error.c, moves ? (averages ? 0.5 : 0) : 2.5) << name;
        EXPECT_TRUE(host_.GuardsIntact(2)) << name;
      }
    }
  }
  EXPECT_EQ(pairs, 6 * 8 + 6 * 2);
}

// Alpha that comes out transparent.
TEST_F(ConversionTest, FourthByteIsOpaque) {
  for (uint32_t to : {VSTREAM_FORMAT_RGBA, VSTREAM_FORMAT_BGRA, VSTREAM_FORMAT_RGBX}) {
    for (uint32_t from : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_I420}) {
      host_.Add(1, MinimalLayout(from, 32, 32));
      host_.Add(2, MinimalLayout(to, 32, 32));
      Conversion sut;
      ASSERT_TRUE(sut.Configure(Config(MinimalLayout(from, 32, 32), MinimalLayout(to, 32, 32))).ok());
      ASSERT_TRUE(sut.Run(host_.Picture(1), host_.Picture(2)).ok());
      for (uint32_t i = 3; i < 32 * 32 * 4; i += 4) ASSERT_EQ(host_.Plane(2, 0)[i], 255) << FormatName(to);
    }
  }
}

// A crop that starts at the wrong place, in any plane.
TEST_F(ConversionTest, CropsWhereItIsTold) {
  for (uint32_t from : kYuv) {
    for (uint32_t to : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12}) {
      host_.Add(1, PaddedLayout(from, 101, 67, 5));
      Fill(1, from);
      const vstream_rect crop{12, 22, 41, 33};
      host_.Add(2, MinimalLayout(to, 41, 33));
      vstream_converter_config config = Config(MinimalLayout(from, 101, 67), MinimalLayout(to, 41, 33));
      config.crop = crop;
      Conversion sut;
      ASSERT_TRUE(sut.Configure(config).ok());
      ASSERT_TRUE(sut.Run(host_.Picture(1), host_.Picture(2)).ok());
      const Image source = host_.Picture(1), target = host_.Picture(2);
      for (uint32_t y = 0; y < 33; ++y) {
        for (uint32_t x = 0; x < 41; ++x) {
          ASSERT_EQ(At(target, x, y).a, At(source, x + 12, y + 22).a) << FormatName(from) << " " << x << "," << y;
        }
      }
      if (from == VSTREAM_FORMAT_NV12) {
        EXPECT_EQ(At(target, 20, 20).b, At(source, 32, 42).b);
        EXPECT_EQ(At(target, 20, 20).c, At(source, 32, 42).c);
      }
    }
  }
}

// A scaled picture that is shifted, mirrored, or scaled in one plane only.
TEST_F(ConversionTest, ScalesEveryPlane) {
  for (uint32_t filter : {VSTREAM_FILTER_NEAREST, VSTREAM_FILTER_BILINEAR, VSTREAM_FILTER_BOX}) {
    for (uint32_t from : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_YUYV}) {
      for (uint32_t to : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24}) {
        for (const auto& [width, height] : {std::pair{40u, 30u}, {33u, 21u}, {120u, 90u}}) {
          host_.Add(1, MinimalLayout(from, 80, 60));
          host_.Add(2, PaddedLayout(to, width, height, 3));
          // A ramp to the right and down, in luma; chroma neutral.
          const Image source = host_.Picture(1), target = host_.Picture(2);
          for (uint32_t plane = 0; plane < source.format->plane_count; ++plane) {
            std::fill_n(source.data[plane], size_t{source.stride[plane]} * Rows(source.format->planes[plane], 60), 128);
          }
          const uint32_t step = from == VSTREAM_FORMAT_YUYV ? 2 : 1;
          for (uint32_t y = 0; y < 60; ++y) {
            for (uint32_t x = 0; x < 80; ++x) {
              source.data[0][y * source.stride[0] + x * step] = static_cast<uint8_t>(40 + x + 2 * y);
            }
          }
          vstream_converter_config config = Config(MinimalLayout(from, 80, 60), MinimalLayout(to, width, height));
          config.filter = filter;
          Conversion sut;
          ASSERT_TRUE(sut.Configure(config).ok());
          ASSERT_TRUE(sut.Run(source, target).ok());
          for (uint32_t y = 0; y < height; ++y) {
            for (uint32_t x = 0; x < width; ++x) {
              const double want = 40 + (x + 0.5) * 80 / width - 0.5 + 2 * ((y + 0.5) * 60 / height - 0.5);
              const Sample have = At(target, x, y);
              const double luma = to == VSTREAM_FORMAT_RGB24 ? ToYuv(have).a : have.a;
              ASSERT_NEAR(luma, want, filter == VSTREAM_FILTER_NEAREST ? 6.5 : 4.5)
                  << FormatName(from) << " to " << FormatName(to) << " " << width << "x" << height << " filter "
                  << filter << " at " << x << "," << y;
              if (to != VSTREAM_FORMAT_RGB24) {
                ASSERT_NEAR(have.b, 128, 1) << "the box filter truncates";
                ASSERT_NEAR(have.c, 128, 1);
              }
            }
          }
          EXPECT_TRUE(host_.GuardsIntact(2));
        }
      }
    }
  }
}

std::string Refusal(const vstream_converter_config& config) {
  Conversion sut;
  const backend::Status status = sut.Configure(config);
  return status.ok() ? "" : std::to_string(status.code()) + " " + status.message();
}

// A conversion that comes out in wrong colours instead of being refused; a message without the formats.
TEST_F(ConversionTest, RefusesWhatItCannotDo) {
  const auto layout = [](uint32_t fourcc) { return MinimalLayout(fourcc, 64, 48); };
  const auto nv12 = layout(VSTREAM_FORMAT_NV12), rgb = layout(VSTREAM_FORMAT_RGB24);
  EXPECT_EQ(Refusal(Config(rgb, layout(VSTREAM_FORMAT_BGR24))),
            "-2 RGB24 64x48 to BGR24 64x48: there is no such conversion here");
  EXPECT_EQ(Refusal(Config(nv12, layout(VSTREAM_FORMAT_YUYV))),
            "-2 NV12 64x48 to YUYV 64x48: there is no such conversion here");
  vstream_layout odd = nv12;
  odd.fourcc = VSTREAM_FOURCC('P', '0', '1', '0');
  EXPECT_EQ(Refusal(Config(odd, nv12)), "-2 0x30313050 64x48 to NV12 64x48: there is no such conversion here");

  vstream_converter_config config = Config(nv12, rgb);
  config.source_color = {1, 1, 1, VSTREAM_RANGE_LIMITED, 0, 0, {}};
  EXPECT_EQ(Refusal(config),
            "-2 NV12 64x48 to RGB24 64x48: RGB is converted by BT.601 only, and the colour matrix is 1");
  config.source_color = {9, 16, 9, VSTREAM_RANGE_LIMITED, 0, 0, {}};
  EXPECT_EQ(Refusal(config),
            "-2 NV12 64x48 to RGB24 64x48: RGB is converted by BT.601 only, and the colour matrix is 9");
  config.source_color = {6, 6, 6, VSTREAM_RANGE_FULL, 0, 0, {}};
  EXPECT_EQ(Refusal(config),
            "-2 NV12 64x48 to RGB24 64x48: RGB is converted to and from limited range only, and the range is full");
  config.source_color = {5, 6, 5, VSTREAM_RANGE_LIMITED, 0, 0, {}};
  EXPECT_EQ(Refusal(config), "");

  config = Config(nv12, layout(VSTREAM_FORMAT_I420));
  config.source_color = {1, 1, 1, VSTREAM_RANGE_LIMITED, 0, 0, {}};
  EXPECT_EQ(Refusal(config), "") << "unspecified: passes through";
  config.target_color = {6, 6, 6, VSTREAM_RANGE_LIMITED, 0, 0, {}};
  EXPECT_EQ(Refusal(config), "-2 NV12 64x48 to I420 64x48: the colour matrix is not changed, and it is 1 and 6");
  config.target_color = {1, 1, 1, VSTREAM_RANGE_FULL, 0, 0, {}};
  EXPECT_EQ(Refusal(config), "-2 NV12 64x48 to I420 64x48: the colour range is not changed");
}

// A crop from outside of the picture reads foreign memory.
TEST_F(ConversionTest, ChecksTheCrop) {
  vstream_converter_config config =
      Config(MinimalLayout(VSTREAM_FORMAT_NV12, 64, 48), MinimalLayout(VSTREAM_FORMAT_NV12, 32, 32));
  const vstream_rect outside[] = {{0, 0, 65, 48},        {0, 0, 64, 49}, {64, 0, 2, 2},  {2, 2, UINT32_MAX, 2},
                                  {UINT32_MAX, 0, 2, 2}, {2, 0, 0, 0},   {34, 0, 32, 32}};
  for (const vstream_rect& crop : outside) {
    config.crop = crop;
    EXPECT_EQ(Refusal(config).substr(0, 3), "-1 ")
        << crop.x << "," << crop.y << " " << crop.width << "x" << crop.height;
  }
  config.crop = {1, 2, 32, 32};
  EXPECT_EQ(Refusal(config),
            "-2 NV12 64x48 to NV12 32x32: crop begins at 1,2, between chroma samples: expected multiples of 2,2");
}

}  // namespace
}  // namespace videostream::sw_fallback

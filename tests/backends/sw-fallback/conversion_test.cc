// SPDX-License-Identifier: Apache-2.0
// Every pair of formats against the reference, what is refused and in which words, and what is promised to probe.
#include "backends/sw-fallback/conversion.h"

#include <set>

#include "tests/backends/sw-fallback/conversion_fixture.h"

namespace videostream::sw_fallback {
namespace {

// Differences that are allowed, in steps of 8 bits: of Y and of U, V, or of R, G, B.
struct Tolerance {
  double first, others;
};

Tolerance ToleranceOf(uint32_t from, uint32_t to) {
  const auto pairs = [](uint32_t fourcc) { return fourcc == VSTREAM_FORMAT_YUYV || fourcc == VSTREAM_FORMAT_UYVY; };
  if (IsRgb(from) && IsRgb(to)) return {0, 0};  // samples only move
  if (!IsRgb(from) && !IsRgb(to)) {
    const bool averages = pairs(from) && !pairs(to);  // of two rows of chroma: one rounding
    return {0, averages ? 0.5 : 0};
  }
  if (IsRgb(to)) return {3, 3};  // libyuv has 6 bits of fraction in its weights, and its weight of blue is 2, not 2.018
  return {1.5, 2.5};             // libyuv has 7 bits of fraction, and averages chroma in two rounded steps
}

class ConversionTest : public ConversionFixture {};

// Channels in the wrong order (libyuv names them inversely), strides taken for widths, odd edges left out, padding
// written.
TEST_F(ConversionTest, EveryPairAgreesWithTheReference) {
  int pairs = 0;
  for (uint32_t from : kAllFormats) {
    for (uint32_t to : kAllFormats) {
      ++pairs;
      for (const auto& [width, height] : {std::pair{17u, 13u}, {32u, 16u}, {2u, 2u}, {1u, 1u}, {1u, 6u}, {35u, 1u}}) {
        for (uint32_t padding : {0u, 13u}) {
          const vstream_converter_config config = Config(from, to, width, height);
          Prepare(config, padding);
          ASSERT_NO_FATAL_FAILURE(Convert(config));
          const reference::Pixel error = WorstError(config);
          const Tolerance allowed = ToleranceOf(from, to);
          EXPECT_LE(error.a, allowed.first) << Name(config);
          EXPECT_LE(error.b, allowed.others) << Name(config);
          EXPECT_LE(error.c, allowed.others) << Name(config);
          EXPECT_EQ(error.alpha, 0) << Name(config);
        }
      }
    }
  }
  EXPECT_EQ(pairs, 144);
}

// Alpha that comes out transparent; a fourth byte that is copied from where it means nothing.
TEST_F(ConversionTest, FourthByteIsOpaqueUnlessItIsCarried) {
  for (uint32_t from : kAllFormats) {
    for (uint32_t to : {VSTREAM_FORMAT_RGBA, VSTREAM_FORMAT_BGRA, VSTREAM_FORMAT_RGBX, VSTREAM_FORMAT_BGRX}) {
      const auto alpha = [](uint32_t format) { return format == VSTREAM_FORMAT_RGBA || format == VSTREAM_FORMAT_BGRA; };
      const vstream_converter_config config = Config(from, to, 33, 3);
      Prepare(config, 0);
      ASSERT_NO_FATAL_FAILURE(Convert(config));
      for (uint32_t i = 0; i < 33 * 3; ++i) {
        const uint8_t want = alpha(from) && alpha(to) ? host_.Plane(1, 0)[4 * i + 3] : 255;
        ASSERT_EQ(host_.Plane(2, 0)[4 * i + 3], want) << Name(config);
      }
    }
  }
}

// Unspecified colours that are taken for BT.601 at every size: faces of HD pictures turn green.
TEST_F(ConversionTest, UnspecifiedColoursGoBySize) {
  for (const auto& [width, height, matrix] :
       {std::tuple{1278u, 718u, 6}, {1280u, 720u, 1}, {1280u, 2u, 1}, {2u, 720u, 1}}) {
    const vstream_converter_config config = Config(VSTREAM_FORMAT_I420, VSTREAM_FORMAT_RGB24, width, height);
    Prepare(config, 0);
    std::fill_n(host_.Plane(1, 0), width * height, uint8_t{120});
    std::fill_n(host_.Plane(1, 1), width / 2 * height / 2, uint8_t{90});
    std::fill_n(host_.Plane(1, 2), width / 2 * height / 2, uint8_t{200});
    ASSERT_NO_FATAL_FAILURE(Convert(config));
    const double green = host_.Plane(2, 0)[1];
    EXPECT_NEAR(green, matrix == 6 ? 77.4 : 90.7, 2) << Name(config);
  }
}

// A format that the planner does not know of, or sizes that it believes to be impossible.
TEST_F(ConversionTest, PromisesEveryFormatOfEverySize) {
  vstream_device device{};
  Conversion::AppendFormats(&device);
  std::set<uint32_t> seen;
  for (uint32_t i = 0; i < device.format_count; ++i) {
    const vstream_format_range& range = device.formats[i];
    seen.insert(range.fourcc);
    EXPECT_EQ(range.directions, VSTREAM_DIRECTION_INPUT | VSTREAM_DIRECTION_OUTPUT);
    EXPECT_EQ(range.min_width, 1u);
    EXPECT_EQ(range.min_height, 1u);
    EXPECT_EQ(range.max_width, VSTREAM_MAX_DIMENSION);
    EXPECT_EQ(range.max_height, VSTREAM_MAX_DIMENSION);
    EXPECT_EQ(range.step_width, 1u);
    EXPECT_EQ(range.step_height, 1u);
  }
  EXPECT_EQ(device.format_count, 12u);
  EXPECT_EQ(seen, std::set<uint32_t>(std::begin(kAllFormats), std::end(kAllFormats)));
}

// Arithmetic in 32 bits that overflows: the largest pictures, thin so that they are small.
TEST_F(ConversionTest, TakesTheLargestSizes) {
  for (const auto& [width, height] : {std::pair{16384u, 3u}, {3u, 16384u}}) {
    for (uint32_t transform : {VSTREAM_TRANSFORM_NONE, VSTREAM_TRANSFORM_ROTATE_90}) {
      const bool turned = transform != VSTREAM_TRANSFORM_NONE;
      vstream_converter_config config = Config(VSTREAM_FORMAT_YUYV, width, height, VSTREAM_FORMAT_NV12,
                                               turned ? height : width, turned ? width : height);
      config.transform = transform;
      Prepare(config, 0);
      ASSERT_NO_FATAL_FAILURE(Convert(config));
      EXPECT_EQ(WorstError(config).a, 0) << Name(config);
      config.target = MinimalLayout(VSTREAM_FORMAT_RGB24, 1, 1);
      config.filter = VSTREAM_FILTER_BOX;
      Prepare(config, 0);
      ASSERT_NO_FATAL_FAILURE(Convert(config));
      // Noise of every value: in the mean, the colour in the middle.
      for (int i = 0; i < 3; ++i) EXPECT_NEAR(host_.Plane(2, 0)[i], 130, 12) << Name(config);
    }
  }
}

std::string Refusal(const vstream_converter_config& config) {
  Conversion sut;
  const backend::Status status = sut.Configure(config);
  return status.ok() ? "" : std::to_string(status.code()) + " " + status.message();
}

// A refusal that does not say what was asked for; something unknown that is taken for something known.
TEST_F(ConversionTest, RefusesInWords) {
  vstream_converter_config config = Config(VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24, 64, 48);
  config.source.fourcc = VSTREAM_FOURCC('P', '0', '1', '0');
  EXPECT_EQ(Refusal(config), "-2 0x30313050 64x48 to RGB24 64x48: there is no such conversion here");
  config = Config(VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24, 64, 48);
  config.target.fourcc = VSTREAM_FORMAT_H264;
  EXPECT_EQ(Refusal(config), "-2 NV12 64x48 to 0x34363248 64x48: there is no such conversion here");

  config = Config(VSTREAM_FORMAT_NV12, 0, 48, VSTREAM_FORMAT_RGB24, 64, 48);
  EXPECT_EQ(Refusal(config), "-2 NV12 0x48 to RGB24 64x48: sizes are 1x1 to 16384x16384");
  config = Config(VSTREAM_FORMAT_NV12, 64, 48, VSTREAM_FORMAT_RGB24, 64, 16385);
  EXPECT_EQ(Refusal(config), "-2 NV12 64x48 to RGB24 64x16385: sizes are 1x1 to 16384x16384");

  config = Config(VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24, 64, 48);
  config.filter = 3;
  EXPECT_EQ(Refusal(config), "-2 NV12 64x48 to RGB24 64x48: filter 3 is not known");
  config.filter = VSTREAM_FILTER_BOX;
  config.transform = 16;
  EXPECT_EQ(Refusal(config), "-2 NV12 64x48 to RGB24 64x48: transform 16 is not known");
}

// A crop from outside of the picture reads foreign memory.
TEST_F(ConversionTest, ChecksTheCrop) {
  vstream_converter_config config = Config(VSTREAM_FORMAT_NV12, 64, 48, VSTREAM_FORMAT_NV12, 32, 32);
  const vstream_rect outside[] = {{0, 0, 65, 48},        {0, 0, 64, 49}, {64, 0, 2, 2},  {2, 2, UINT32_MAX, 2},
                                  {UINT32_MAX, 0, 2, 2}, {2, 0, 0, 0},   {34, 0, 32, 32}};
  for (const vstream_rect& crop : outside) {
    config.crop = crop;
    EXPECT_EQ(Refusal(config).substr(0, 3), "-1 ")
        << crop.x << "," << crop.y << " " << crop.width << "x" << crop.height;
  }
  config.crop = {34, 0, 32, 32};
  EXPECT_EQ(Refusal(config), "-1 NV12 64x48 to NV12 32x32: crop 32x32+34+0 is not within the source");
}

// Pictures of another size than planned for: rows beyond their end.
TEST_F(ConversionTest, RunsOnlyWhatWasConfigured) {
  const vstream_converter_config config = Config(VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24, 64, 48);
  Prepare(config, 0);
  Conversion sut;
  EXPECT_EQ(sut.Run(host_.Picture(1), host_.Picture(2)).code(), VSTREAM_E_INVALID) << "never configured";
  ASSERT_TRUE(sut.Configure(config).ok());
  Image larger = host_.Picture(2);
  ++larger.height;
  EXPECT_EQ(sut.Run(host_.Picture(1), larger).message(),
            "the pictures are not those that the conversion was configured for");
  EXPECT_EQ(sut.Run(host_.Picture(2), host_.Picture(2)).code(), VSTREAM_E_INVALID);
  EXPECT_TRUE(sut.Run(host_.Picture(1), host_.Picture(2)).ok());
  vstream_converter_config bad = config;
  bad.filter = 77;
  ASSERT_FALSE(sut.Configure(bad).ok());
  EXPECT_EQ(sut.Run(host_.Picture(1), host_.Picture(2)).code(), VSTREAM_E_INVALID) << "the former one is gone";
}

}  // namespace
}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// Every matrix and range on either side, and which changes of colour are refused.
#include "backends/sw-fallback/conversion_colour.h"

#include "tests/backends/sw-fallback/conversion_fixture.h"

namespace videostream::sw_fallback {
namespace {

constexpr int kMatrices[] = {1, 6, 9};

class ConversionColourTest : public ConversionFixture {
 protected:
  // Sets the colours of one side of a config, as they are and as the reference has them.
  static reference::Colour Set(vstream_colorimetry* colour, bool rgb, int matrix, bool full) {
    colour->matrix = static_cast<uint8_t>(rgb ? 0 : matrix);
    colour->range = full ? VSTREAM_RANGE_FULL : VSTREAM_RANGE_LIMITED;
    return {rgb, matrix, full};
  }
  // Worst differences of noise. `luma`, `chroma`: allowed for the first and for the other samples.
  void Check(uint32_t from, uint32_t to, reference::Colour source, reference::Colour target, double luma,
             double chroma) {
    vstream_converter_config config = Config(from, to, 34, 6);
    Set(&config.source_color, IsRgb(from), source.matrix, source.full);
    Set(&config.target_color, IsRgb(to), target.matrix, target.full);
    Prepare(config, 5);
    ASSERT_NO_FATAL_FAILURE(Convert(config));
    const reference::Pixel error = WorstError(config, source, target);
    EXPECT_LE(error.a, luma) << Name(config);
    EXPECT_LE(error.b, chroma) << Name(config);
    EXPECT_LE(error.c, chroma) << Name(config);
  }
};

// Faces of the wrong colour, greyish blacks: another matrix or range than the one that was asked for.
TEST_F(ConversionColourTest, YuvToRgbByEveryMatrixAndRange) {
  for (int matrix : kMatrices) {
    for (bool full : {false, true}) {
      for (bool rgb_full : {false, true}) {
        for (uint32_t from : kYuvFormats) {
          for (uint32_t to : {VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24, VSTREAM_FORMAT_RGBX, VSTREAM_FORMAT_BGRA}) {
            // libyuv (4:2:0 to full range) has 6 bits of fraction and its weight of blue is 2, not 2.018; our own
            // arithmetic rounds once, and cuts off three products at a 16th.
            const bool libyuv = rgb_full && (full || matrix == 6) && FindFormat(from)->plane_count > 1;
            const double allowed = libyuv ? 3 : 0.75;
            Check(from, to, {.matrix = matrix, .full = full}, {.full = rgb_full}, allowed, allowed);
          }
        }
      }
    }
  }
}

// The same in the other direction.
TEST_F(ConversionColourTest, RgbToYuvByEveryMatrixAndRange) {
  for (int matrix : kMatrices) {
    for (bool full : {false, true}) {
      for (bool rgb_full : {false, true}) {
        for (uint32_t from : {VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24, VSTREAM_FORMAT_RGBX, VSTREAM_FORMAT_BGRA}) {
          for (uint32_t to : kYuvFormats) {
            // libyuv (BT.601, limited) has 7 bits and averages twice; our own chroma is rounded, averaged, rounded.
            const bool libyuv = matrix == 6 && !full && rgb_full && FindFormat(to)->plane_count > 1;
            Check(from, to, {.full = rgb_full}, {.matrix = matrix, .full = full}, libyuv ? 1.5 : 0.75,
                  libyuv ? 2.5 : 1.25);
          }
        }
      }
    }
  }
}

// A change of matrix or range that is left out, since both sides are YUV.
TEST_F(ConversionColourTest, YuvToYuvBetweenAllMatricesAndRanges) {
  for (int from_matrix : kMatrices) {
    for (int to_matrix : kMatrices) {
      for (int ranges = 0; ranges < 4; ++ranges) {
        for (uint32_t from : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_YUYV, VSTREAM_FORMAT_GREY}) {
          for (uint32_t to : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV21, VSTREAM_FORMAT_UYVY, VSTREAM_FORMAT_GREY}) {
            Check(from, to, {.matrix = from_matrix, .full = ranges % 2 != 0},
                  {.matrix = to_matrix, .full = ranges / 2 != 0}, 0.75, 1.25);
          }
        }
      }
    }
  }
}

// RGB whose range is changed, and RGB of limited range that is carried.
TEST_F(ConversionColourTest, RgbToRgbBetweenRanges) {
  for (uint32_t from : kRgbFormats) {
    for (uint32_t to : kRgbFormats) {
      for (int ranges = 0; ranges < 4; ++ranges) {
        Check(from, to, {.full = ranges % 2 != 0}, {.full = ranges / 2 != 0}, 0.75, 0.75);
      }
    }
  }
}

// Weights that do not add up give greys a tint: white, black and what is in between must have no colour.
TEST_F(ConversionColourTest, GreysStayGrey) {
  for (int matrix : kMatrices) {
    for (bool full : {false, true}) {
      ColourModel rgb, yuv;
      rgb.rgb = rgb.full = true;
      yuv.matrix = static_cast<uint8_t>(matrix);
      yuv.full = full;
      const ColourMap there = MakeColourMap(rgb, yuv), back = MakeColourMap(yuv, rgb);
      for (int level = 0; level < 256; ++level) {
        const uint8_t grey[1] = {static_cast<uint8_t>(level)}, neutral[1] = {128};
        uint8_t a[1], b[1], c[1];
        const uint8_t* const in[3] = {grey, grey, grey};
        uint8_t* const out[3] = {a, b, c};
        ApplyColourMap(there, in, out, 3, 1);
        EXPECT_EQ(b[0], 128) << matrix << " " << level;
        EXPECT_EQ(c[0], 128) << matrix << " " << level;
        EXPECT_NEAR(a[0], full ? level : 16 + level * 219.0 / 255, 0.75) << matrix;
        const uint8_t* const in_yuv[3] = {grey, neutral, neutral};
        ApplyColourMap(back, in_yuv, out, 3, 1);
        EXPECT_EQ(a[0], b[0]);
        EXPECT_EQ(b[0], c[0]);
      }
    }
  }
}

// Unspecified ranges and matrices, code by code: 0 and 2 are unspecified, 5 and 6 are one.
TEST_F(ConversionColourTest, ResolvesWhatIsUnspecified) {
  const auto resolve = [](uint8_t matrix, uint8_t range, bool rgb, uint32_t width, uint32_t height) {
    vstream_colorimetry colour{};
    colour.matrix = matrix;
    colour.range = range;
    return ResolveColour(colour, rgb, width, height);
  };
  for (uint8_t unspecified : {uint8_t{0}, uint8_t{2}}) {
    EXPECT_EQ(resolve(unspecified, 0, false, 1279, 719).matrix, 6);
    EXPECT_EQ(resolve(unspecified, 0, false, 1280, 719).matrix, 1);
    EXPECT_EQ(resolve(unspecified, 0, false, 1279, 720).matrix, 1);
  }
  EXPECT_EQ(resolve(5, 0, false, 1920, 1080).matrix, 6);
  EXPECT_EQ(resolve(9, 0, false, 64, 48).matrix, 9);
  EXPECT_FALSE(resolve(6, VSTREAM_RANGE_UNSPECIFIED, false, 64, 48).full);
  EXPECT_TRUE(resolve(6, VSTREAM_RANGE_FULL, false, 64, 48).full);
  EXPECT_TRUE(resolve(0, VSTREAM_RANGE_UNSPECIFIED, true, 64, 48).full);
  EXPECT_FALSE(resolve(0, VSTREAM_RANGE_LIMITED, true, 64, 48).full);
}

// Colours that come out wrong instead of being refused; words without both codes.
TEST_F(ConversionColourTest, RefusesWhatItCannotChange) {
  const auto refusal = [](uint32_t from, uint32_t to, vstream_colorimetry source, vstream_colorimetry target) {
    vstream_converter_config config = Config(from, to, 64, 48);
    config.source_color = source;
    config.target_color = target;
    Conversion sut;
    const backend::Status status = sut.Configure(config);
    return status.ok() ? "" : std::to_string(status.code()) + " " + status.message();
  };
  const uint32_t nv12 = VSTREAM_FORMAT_NV12, i420 = VSTREAM_FORMAT_I420, rgb = VSTREAM_FORMAT_RGB24;
  EXPECT_EQ(
      refusal(nv12, i420, {1, 2, 1, 1, 0, 0, {}}, {9, 2, 1, 1, 0, 0, {}}),
      "-2 NV12 64x48 to I420 64x48: only matrix and range of the colours are converted, and the primaries differ: "
      "1 and 9");
  EXPECT_EQ(refusal(nv12, rgb, {2, 16, 9, 1, 0, 0, {}}, {2, 13, 0, 2, 0, 0, {}}),
            "-2 NV12 64x48 to RGB24 64x48: only matrix and range of the colours are converted, and the transfer "
            "characteristics differ: 16 and 13");
  EXPECT_EQ(refusal(nv12, i420, {5, 6, 5, 1, 0, 0, {}}, {6, 1, 6, 1, 0, 0, {}}), "") << "two names of the same";
  EXPECT_EQ(refusal(nv12, i420, {1, 1, 1, 1, 0, 0, {}}, {2, 2, 6, 2, 0, 0, {}}), "") << "unspecified on one side";
  EXPECT_EQ(refusal(nv12, i420, {1, 1, 1, 1, 0, 0, {}}, {}), "");

  EXPECT_EQ(refusal(nv12, rgb, {2, 2, 8, 1, 0, 0, {}}, {}),
            "-2 NV12 64x48 to RGB24 64x48: colour matrix 8 is not known: expected 1, 5, 6 or 9");
  EXPECT_EQ(refusal(rgb, nv12, {}, {2, 2, 14, 1, 0, 0, {}}),
            "-2 RGB24 64x48 to NV12 64x48: colour matrix 14 is not known: expected 1, 5, 6 or 9");
  EXPECT_EQ(refusal(nv12, i420, {2, 2, 8, 1, 0, 0, {}}, {2, 2, 8, 2, 0, 0, {}}), "") << "the matrix stays";
  EXPECT_EQ(refusal(nv12, i420, {2, 2, 6, 3, 0, 0, {}}, {}),
            "-2 NV12 64x48 to I420 64x48: colour range 3 is not known");
  EXPECT_EQ(refusal(rgb, VSTREAM_FORMAT_BGRA, {2, 2, 1, 0, 0, 0, {}}, {2, 2, 8, 0, 0, 0, {}}), "")
      << "RGB has no matrix, whatever is said of it";
}

}  // namespace
}  // namespace videostream::sw_fallback

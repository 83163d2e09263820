// SPDX-License-Identifier: Apache-2.0
// Scaling: the weights of each axis, flat areas, ramps, and noise against the reference.
#include "backends/sw-fallback/conversion_scale.h"

#include <numeric>

#include "tests/backends/sw-fallback/conversion_fixture.h"

namespace videostream::sw_fallback {
namespace {

constexpr uint32_t kFilters[] = {VSTREAM_FILTER_NEAREST, VSTREAM_FILTER_BILINEAR, VSTREAM_FILTER_BOX};
constexpr std::pair<uint32_t, uint32_t> kTargets[] = {{20, 15}, {39, 21}, {7, 3},   {1, 1},  {120, 90},
                                                      {41, 31}, {80, 9},  {13, 64}, {40, 15}};

class ConversionScaleTest : public ConversionFixture {};

// Weights that do not add up make pictures darker with each scaling; indices beyond the end read foreign memory.
TEST_F(ConversionScaleTest, WeightsAddUpWithinTheSource) {
  constexpr uint32_t kSizes[] = {1, 2, 3, 5, 16, 33, 640, 1081, 16384};
  for (uint32_t filter : kFilters) {
    for (uint32_t from : kSizes) {
      for (uint32_t to : kSizes) {
        const ScaleAxis axis = MakeScaleAxis(from, to, filter);
        ASSERT_EQ(axis.first.size(), to);
        ASSERT_EQ(axis.weight.size(), size_t{to} * axis.taps);
        for (uint32_t i = 0; i < to; ++i) {
          const auto* weight = axis.weight.data() + size_t{i} * axis.taps;
          ASSERT_EQ(std::accumulate(weight, weight + axis.taps, 0U), kScaleOne) << from << " to " << to << " at " << i;
          ASSERT_LE(axis.first[i] + axis.taps, from) << from << " to " << to << " at " << i;
          ASSERT_TRUE(i == 0 || axis.first[i - 1] <= axis.first[i]);
        }
      }
    }
  }
}

// A filter that truncates: flat colours that change.
TEST_F(ConversionScaleTest, FlatStaysFlat) {
  for (uint32_t filter : kFilters) {
    for (uint32_t format : kAllFormats) {
      for (const auto& [width, height] : kTargets) {
        vstream_converter_config config = Config(format, 40, 30, format, width, height);
        config.filter = filter;
        for (uint32_t shift : {0u, 155u}) {
          Prepare(config, 3);
          Draw([&](uint32_t sample, uint32_t, uint32_t) { return shift + (sample == 3 ? 77 : 20 + sample * 30); });
          ASSERT_NO_FATAL_FAILURE(Convert(config));
          const reference::Pixel error = WorstError(config);
          EXPECT_EQ(std::max({error.a, error.b, error.c, error.alpha}), 0) << Name(config);
        }
      }
    }
  }
}

// A picture that is shifted by a part of a pixel, or scaled in one plane only: a ramp to the right and down.
TEST_F(ConversionScaleTest, RampsStayRamps) {
  for (uint32_t filter : kFilters) {
    for (uint32_t format : kAllFormats) {
      for (const auto& [width, height] : kTargets) {
        vstream_converter_config config = Config(format, 40, 30, format, width, height);
        config.filter = filter;
        Prepare(config, 3);
        Draw([&](uint32_t sample, uint32_t x, uint32_t y) { return 30 + sample * 10 + 2 * x + 3 * y; });
        ASSERT_NO_FATAL_FAILURE(Convert(config));
        const reference::Picture have = reference::Read(host_.Picture(2));
        for (uint32_t y = 0; y < height; ++y) {
          for (uint32_t x = 1; x < width; ++x) {
            ASSERT_LE(have.At(x - 1, y).a, have.At(x, y).a) << Name(config) << " at " << x << "," << y;
          }
        }
        const reference::Pixel error = WorstError(config);
        // Our own: rounded once. libyuv (4:2:0) takes NEAREST in steps of 16 bits, which may be the sample beside, and
        // enlarges BILINEAR from corner to corner, off by up to half a pixel there (the ramp's step is 2 and 3).
        const bool planes = FindFormat(format)->plane_count > 1 && filter != VSTREAM_FILTER_BOX;
        EXPECT_LE(error.a, planes ? (filter == VSTREAM_FILTER_NEAREST ? 5 : 2.5) : 1) << Name(config);
        EXPECT_LE(error.alpha, 1) << Name(config);
        // Chroma has steps of 4 and 6 from sample to sample. Scaled as planes of half the size it is off by up to one
        // of them, and in odd sizes by half a pixel of the target, as the last sample stands for half a block.
        const double odd = 40.0 / width + 1.5 * 30.0 / height;
        const double chroma = FindFormat(format)->plane_count > 1 ? 11 + odd : IsRgb(format) ? 1 : 1.5;
        EXPECT_LE(std::max(error.b, error.c), chroma) << Name(config);
      }
    }
  }
}

// Samples left out, counted twice, or of the neighbouring row: noise shows each of them.
TEST_F(ConversionScaleTest, NoiseAgreesWithTheReference) {
  for (uint32_t filter : kFilters) {
    for (uint32_t format : {VSTREAM_FORMAT_GREY, VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGRA, VSTREAM_FORMAT_YUYV}) {
      for (const auto& [width, height] : kTargets) {
        vstream_converter_config config = Config(format, 40, 30, format, width, height);
        config.filter = filter;
        Prepare(config, 3);
        ASSERT_NO_FATAL_FAILURE(Convert(config));
        const reference::Pixel error = WorstError(config);
        const double allowed = filter == VSTREAM_FILTER_NEAREST ? 0 : 1.2;  // 8 bit weights between rows, rounded twice
        const double chroma = allowed + (format == VSTREAM_FORMAT_YUYV ? 0.5 : 0);  // averaged, rounded again
        EXPECT_LE(error.a, allowed) << Name(config);
        EXPECT_LE(std::max(error.b, error.c), chroma) << Name(config);
        EXPECT_LE(error.alpha, allowed) << Name(config);
      }
    }
  }
}

// The shortcut for halves and quarters of planar pictures, taken where a plane is something else.
TEST_F(ConversionScaleTest, BoxOfPlanesIsTheMean) {
  for (uint32_t format : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_NV21, VSTREAM_FORMAT_I420}) {
    // From 80x52: halves, quarters, quarters that are none of the chroma planes, and other sizes.
    for (const auto& [width, height] :
         {std::pair{40u, 26u}, {20u, 13u}, {80u, 26u}, {27u, 16u}, {10u, 6u}, {40u, 13u}}) {
      vstream_converter_config config = Config(format, 80, 52, format, width, height);
      config.filter = VSTREAM_FILTER_BOX;
      Prepare(config, 3);
      ASSERT_NO_FATAL_FAILURE(Convert(config));
      const reference::Pixel error = WorstError(config);
      EXPECT_LE(error.a, 1) << Name(config);  // rounded between rows and along them
      // Chroma of a target's block is the mean of the same source pixels, whether planes or pixels are scaled.
      if (width % 2 == 0) {
        EXPECT_LE(std::max(error.b, error.c), 1.5) << Name(config);
      }
    }
  }
}

// Many taps whose rounding errors add up: one sample out of very many.
TEST_F(ConversionScaleTest, MeansOfManySamplesAreExact) {
  vstream_converter_config config = Config(VSTREAM_FORMAT_GREY, 16384, 5, VSTREAM_FORMAT_GREY, 3, 1);
  config.filter = VSTREAM_FILTER_BOX;
  Prepare(config, 0);
  ASSERT_NO_FATAL_FAILURE(Convert(config));
  double sums[3] = {};
  for (uint32_t y = 0; y < 5; ++y) {
    for (uint32_t x = 0; x < 16384; ++x) sums[x * 3 / 16384] += host_.Plane(1, 0)[y * 16384 + x];
  }
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(host_.Plane(2, 0)[i], sums[i] / (16384.0 / 3) / 5, 3) << i;
}

}  // namespace
}  // namespace videostream::sw_fallback

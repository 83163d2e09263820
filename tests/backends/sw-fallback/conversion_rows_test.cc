// SPDX-License-Identifier: Apache-2.0
// Crops that begin anywhere, mirrors and turns, in every format.
#include "backends/sw-fallback/conversion_rows.h"

#include "tests/backends/sw-fallback/conversion_fixture.h"

namespace videostream::sw_fallback {
namespace {

class ConversionRowsTest : public ConversionFixture {
 protected:
  // Samples only move, so there is no difference at all; where chroma is averaged anew, it is rounded once.
  void Check(const vstream_converter_config& config, uint32_t padding) {
    Prepare(config, padding);
    ASSERT_NO_FATAL_FAILURE(Convert(config));
    const reference::Pixel error = WorstError(config);
    EXPECT_EQ(error.a, 0) << Name(config);
    EXPECT_LE(error.b, IsRgb(config.source.fourcc) ? 0 : 0.5) << Name(config);
    EXPECT_LE(error.c, IsRgb(config.source.fourcc) ? 0 : 0.5) << Name(config);
    EXPECT_EQ(error.alpha, 0) << Name(config);
  }
  void CheckTransforms(uint32_t from, uint32_t to, uint32_t width, uint32_t height) {
    for (uint32_t transform = 0; transform < 16; ++transform) {
      const bool turned = transform % 2 != 0;
      vstream_converter_config config =
          Config(from, width, height, to, turned ? height : width, turned ? width : height);
      config.transform = transform;
      Check(config, transform % 4 * 3);
    }
  }
};

// A turn to the wrong side, mirrors after the turn instead of before it, the last strip of columns lost.
TEST_F(ConversionRowsTest, MirrorsAndTurnsEveryFormat) {
  for (uint32_t format : kAllFormats) {
    for (const auto& [width, height] : {std::pair{17u, 13u}, {32u, 16u}, {2u, 2u}, {1u, 1u}, {3u, 1u}}) {
      CheckTransforms(format, format, width, height);
    }
  }
}

// The same on the way to another format, and in pictures of several strips of columns.
TEST_F(ConversionRowsTest, MirrorsAndTurnsOnTheWay) {
  constexpr std::pair<uint32_t, uint32_t> kPairs[] = {
      {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_I420},  {VSTREAM_FORMAT_UYVY, VSTREAM_FORMAT_NV21},
      {VSTREAM_FORMAT_GREY, VSTREAM_FORMAT_YUYV},  {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_GREY},
      {VSTREAM_FORMAT_BGRA, VSTREAM_FORMAT_RGB24}, {VSTREAM_FORMAT_BGRA, VSTREAM_FORMAT_RGBA}};
  constexpr uint32_t kStrip = RowReader::kStripRows;
  for (const auto& [from, to] : kPairs) {
    for (uint32_t width : {kStrip - 1, kStrip, kStrip + 1, 3 * kStrip + 7}) CheckTransforms(from, to, width, 6);
    CheckTransforms(from, to, 5, 2 * kStrip + 3);
  }
}

// The definition itself, written out: top left after "mirrored, then turned to the right" was there before.
TEST_F(ConversionRowsTest, TurnsTheWayTheContractSays) {
  // 1 2 3
  // 4 5 6
  const std::pair<uint32_t, std::string> wanted[] = {
      {VSTREAM_TRANSFORM_NONE, "123456"},
      {VSTREAM_TRANSFORM_ROTATE_90, "415263"},
      {VSTREAM_TRANSFORM_ROTATE_180, "654321"},
      {VSTREAM_TRANSFORM_ROTATE_270, "362514"},
      {VSTREAM_TRANSFORM_FLIP_HORIZONTAL, "321654"},
      {VSTREAM_TRANSFORM_FLIP_VERTICAL, "456123"},
      {VSTREAM_TRANSFORM_FLIP_HORIZONTAL | VSTREAM_TRANSFORM_ROTATE_90, "635241"},
      {VSTREAM_TRANSFORM_FLIP_VERTICAL | VSTREAM_TRANSFORM_ROTATE_90, "142536"},
  };
  for (const auto& [transform, text] : wanted) {
    const bool turned = transform % 2 != 0;
    vstream_converter_config config =
        Config(VSTREAM_FORMAT_GREY, 3, 2, VSTREAM_FORMAT_GREY, turned ? 2 : 3, turned ? 3 : 2);
    config.transform = transform;
    Prepare(config, 0);
    std::copy_n("123456", 6, host_.Plane(1, 0));
    ASSERT_NO_FATAL_FAILURE(Convert(config));
    EXPECT_EQ(std::string(host_.Plane(2, 0), host_.Plane(2, 0) + 6), text) << transform;
  }
}

// A crop that starts at the wrong place in one plane, or takes the chroma of the neighbour when it begins between two.
TEST_F(ConversionRowsTest, CropsAnywhere) {
  for (uint32_t from : kAllFormats) {
    for (uint32_t to : kAllFormats) {
      if (IsRgb(from) != IsRgb(to)) continue;
      for (const vstream_rect& crop : {vstream_rect{12, 14, 17, 9},
                                       {13, 14, 17, 9},
                                       {12, 15, 16, 8},
                                       {13, 15, 16, 8},
                                       {13, 15, 1, 1},
                                       {36, 26, 1, 1},
                                       {0, 0, 37, 27},
                                       {1, 1, 36, 26}}) {
        vstream_converter_config config = Config(from, 37, 27, to, crop.width, crop.height);
        config.crop = crop;
        Check(config, 5);
      }
    }
  }
}

// Odd crops and turns of 4:2:0 to RGB: a chroma sample belongs to other pixels than before.
TEST_F(ConversionRowsTest, CropsAndTurnsToRgb) {
  for (uint32_t from : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_YUYV}) {
    for (uint32_t transform = 0; transform < 16; ++transform) {
      const bool turned = transform % 2 != 0;
      vstream_converter_config config = Config(from, 41, 31, VSTREAM_FORMAT_RGB24, turned ? 10 : 15, turned ? 15 : 10);
      config.crop = {3 + transform, 5 + transform, 15, 10};
      config.transform = transform;
      Prepare(config, 3);
      ASSERT_NO_FATAL_FAILURE(Convert(config));
      const reference::Pixel error = WorstError(config);
      EXPECT_LE(std::max({error.a, error.b, error.c}), 3) << Name(config);  // as without crop and turn
    }
  }
}

}  // namespace
}  // namespace videostream::sw_fallback

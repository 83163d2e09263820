// SPDX-License-Identifier: Apache-2.0
// The shortcuts: each gives what the long way gives, and those that must be there are.
#include "backends/sw-fallback/conversion_direct.h"

#include "tests/backends/sw-fallback/conversion_fixture.h"

namespace videostream::sw_fallback {
namespace {

class ConversionDirectTest : public ConversionFixture {};

ColourModel Model(uint32_t fourcc, uint8_t matrix, bool full) {
  ColourModel model;
  model.rgb = IsRgb(fourcc);
  model.matrix = matrix;
  model.full = full;
  return model;
}

// A shortcut into the wrong function of libyuv, or one that is taken for colours that it does not make.
TEST_F(ConversionDirectTest, ShortcutsGiveWhatTheLongWayGives) {
  int found = 0;
  for (uint32_t from : kAllFormats) {
    for (uint32_t to : kAllFormats) {
      for (uint8_t matrix : {uint8_t{1}, uint8_t{6}, uint8_t{9}}) {
        for (int ranges = 0; ranges < 4; ++ranges) {
          const ColourMap colour =
              MakeColourMap(Model(from, matrix, ranges % 2 != 0), Model(to, matrix, ranges / 2 != 0));
          const DirectConversion sut = DirectConversion::Find(from, to, colour);
          if (!sut) continue;
          ++found;
          const vstream_converter_config config = Config(from, to, 36, 7);
          Prepare(config, 3);
          ASSERT_TRUE(sut.Run(host_.Picture(1), host_.Picture(2)));
          EXPECT_TRUE(host_.GuardsIntact(2)) << Name(config);
          const reference::Picture have = reference::Read(host_.Picture(2));
          RowPipeline long_way;
          RowPipeline::Task task;
          task.source = FindFormat(from);
          task.target = FindFormat(to);
          task.crop = {0, 0, 36, 7};
          task.colour = colour;
          task.width = 36;
          task.height = 7;
          long_way.Configure(task);
          long_way.Run(host_.Picture(1), host_.Picture(2));
          EXPECT_TRUE(host_.GuardsIntact(2)) << Name(config);
          const reference::Pixel error = reference::WorstError(reference::Read(host_.Picture(2)), have);
          const double allowed = colour.identity ? 0 : 3;  // libyuv's weights, as in conversion_test.cc
          EXPECT_LE(std::max({error.a, error.b, error.c, error.alpha}), allowed) << Name(config);
        }
      }
    }
  }
  EXPECT_GT(found, 200);
}

// Ends of rows: libyuv's vector code takes 8 to 64 pixels at once and has another way for the rest, not always right.
TEST_F(ConversionDirectTest, EveryWidthIsRightToTheEnd) {
  for (uint32_t from : kAllFormats) {
    for (uint32_t to : kAllFormats) {
      const bool moves = IsRgb(from) == IsRgb(to);
      for (uint32_t width = 1; width < 70; ++width) {
        const vstream_converter_config config = Config(from, to, width, 3);
        Prepare(config, 0);
        ASSERT_NO_FATAL_FAILURE(Convert(config));
        const reference::Pixel error = WorstError(config);
        EXPECT_LE(std::max({error.a, error.b, error.c, error.alpha}), moves ? 0.5 : 3) << Name(config);
      }
    }
  }
}

// What runs on every frame of a camera and would otherwise cost ten times as much.
TEST_F(ConversionDirectTest, TheFrequentOnesAreThere) {
  const auto direct = [](uint32_t from, uint32_t to, uint8_t matrix = 6) {
    return static_cast<bool>(DirectConversion::Find(
        from, to, MakeColourMap(Model(from, matrix, IsRgb(from)), Model(to, matrix, IsRgb(to)))));
  };
  for (uint32_t yuv : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_NV21, VSTREAM_FORMAT_I420}) {
    for (uint32_t other : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_NV21, VSTREAM_FORMAT_I420}) {
      EXPECT_TRUE(direct(yuv, other)) << FormatName(yuv) << " to " << FormatName(other);
    }
    for (uint32_t rgb : kRgbFormats) {
      EXPECT_TRUE(direct(yuv, rgb)) << FormatName(yuv) << " to " << FormatName(rgb);
      EXPECT_TRUE(direct(rgb, yuv)) << FormatName(rgb) << " to " << FormatName(yuv);
    }
  }
  EXPECT_TRUE(direct(VSTREAM_FORMAT_YUYV, VSTREAM_FORMAT_I420, 1));
  // libyuv has no weight above 2: blue from limited range BT.709 would be too dark by up to 14.
  EXPECT_FALSE(direct(VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24, 1));
  EXPECT_FALSE(direct(VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24, 9));
}

}  // namespace
}  // namespace videostream::sw_fallback

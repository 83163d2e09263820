// SPDX-License-Identifier: Apache-2.0
// Everything at once: crop, mirror, turn, scale, format and colours, in combinations drawn by a fixed seed.
#include "backends/sw-fallback/conversion_pipeline.h"

#include "tests/backends/sw-fallback/conversion_fixture.h"

namespace videostream::sw_fallback {
namespace {

class ConversionPipelineTest : public ConversionFixture {
 protected:
  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }

  vstream_converter_config Any() {
    constexpr uint8_t kMatrices[] = {1, 5, 6, 9};
    const uint32_t width = 1 + Below(60), height = 1 + Below(60);
    vstream_converter_config config =
        Config(kAllFormats[Below(12)], width, height, kAllFormats[Below(12)], 1 + Below(60), 1 + Below(60));
    config.crop.x = Below(width);
    config.crop.y = Below(height);
    config.crop.width = 1 + Below(width - config.crop.x);
    config.crop.height = 1 + Below(height - config.crop.y);
    config.transform = Below(16);
    config.filter = Below(3);
    if (Below(3) == 0) {  // not scaled
      const bool turned = config.transform % 2 != 0;
      config.target = MinimalLayout(config.target.fourcc, turned ? config.crop.height : config.crop.width,
                                    turned ? config.crop.width : config.crop.height);
    }
    for (vstream_colorimetry* colour : {&config.source_color, &config.target_color}) {
      colour->matrix = kMatrices[Below(4)];
      colour->range = static_cast<uint8_t>(1 + Below(2));
    }
    return config;
  }
  static reference::Colour Meaning(const vstream_colorimetry& colour) {
    return {false, colour.matrix == 5 ? 6 : colour.matrix, colour.range == VSTREAM_RANGE_FULL};
  }
};

// Two operations in the wrong order, or of which one forgets that the other has exchanged width and height.
TEST_F(ConversionPipelineTest, AnyCombinationAgreesWithTheReference) {
  for (int round = 0; round < 1500; ++round) {
    const vstream_converter_config config = Any();
    Prepare(config, Below(2) * 7);
    // Slow ramps of colours that no matrix clips: a shift by a sample or two is within the tolerance, a mirrored,
    // swapped or misplaced picture is not.
    Draw(
        [](uint32_t sample, uint32_t x, uint32_t y) { return sample == 3 ? 3 * x : 100 + 5 * sample + x / 2 + y / 2; });
    ASSERT_NO_FATAL_FAILURE(Convert(config)) << Name(config);
    const reference::Pixel error = WorstError(config, Meaning(config.source_color), Meaning(config.target_color));
    // Rounding (1) and libyuv's weights (3), and a chroma sample beside the right one when planes of half the size are
    // scaled (two pixels of half a step, twice, enlarged by the matrix).
    EXPECT_LE(std::max({error.a, error.b, error.c}), 6) << "round " << round << ": " << Name(config);
    EXPECT_LE(error.alpha, 1) << "round " << round << ": " << Name(config);
    if (HasFailure()) return;
  }
}

// State of the former job or of the former configuration that shows in the next picture.
TEST_F(ConversionPipelineTest, CanBeUsedAgain) {
  Conversion sut;
  for (int round = 0; round < 60; ++round) {
    const vstream_converter_config config = Any();
    ASSERT_TRUE(sut.Configure(config).ok()) << Name(config);
    for (int job = 0; job < 2; ++job) {
      Prepare(config, 0);
      ASSERT_TRUE(sut.Run(host_.Picture(1), host_.Picture(2)).ok());
      const uint64_t used = Checksum(2);
      ASSERT_NO_FATAL_FAILURE(Convert(config));  // by a new one
      EXPECT_EQ(Checksum(2), used) << Name(config);
    }
  }
}

}  // namespace
}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// What a converter is told for an output: sizes, strides, colours.
#include "core/pipeline/conversion.h"

#include <gtest/gtest.h>

#include <string>

#include "core/frame/layout.h"

namespace videostream {
namespace {

vstream_capture_config Captured(uint32_t fourcc, uint32_t width, uint32_t height, vstream_colorimetry color = {}) {
  vstream_capture_config config{};
  config.struct_size = sizeof config;
  config.layout =
      fourcc == VSTREAM_FORMAT_MJPEG ? *PacketLayout(fourcc, 1U << 20U) : *ComputeLayout(fourcc, width, height);
  config.layout.width = width;
  config.layout.height = height;
  config.colorimetry = color;
  return config;
}

std::string Size(const vstream_layout& layout) {
  return std::to_string(layout.width) + "x" + std::to_string(layout.height);
}

std::string TargetSize(const OutputPlan& plan, const vstream_capture_config& capture) {
  const auto config = MakeConversion(plan, capture);
  return config ? Size(config->target) : config.error().message;
}

// "matrix/range" of the target.
std::string Color(const OutputPlan& plan, const vstream_capture_config& capture) {
  const auto config = MakeConversion(plan, capture);
  if (!config) return config.error().message;
  return std::to_string(config->target_color.matrix) + "/" + std::to_string(config->target_color.range);
}

// Bug: an output without a size is as large as the sensor although it shows a part, or lies on its side.
TEST(Conversion, AnOpenSizeIsThatOfTheTurnedCrop) {
  const auto capture = Captured(VSTREAM_FORMAT_NV12, 640, 480);
  OutputPlan plan;
  EXPECT_EQ(TargetSize(plan, capture), "640x480");
  plan.transform = VSTREAM_TRANSFORM_ROTATE_90;
  EXPECT_EQ(TargetSize(plan, capture), "480x640");
  plan.transform = VSTREAM_TRANSFORM_ROTATE_180 | VSTREAM_TRANSFORM_FLIP_VERTICAL;
  EXPECT_EQ(TargetSize(plan, capture), "640x480");
  plan.crop = {100, 50, 320, 200};
  EXPECT_EQ(TargetSize(plan, capture), "320x200");
  plan.transform = VSTREAM_TRANSFORM_ROTATE_270 | VSTREAM_TRANSFORM_FLIP_HORIZONTAL;
  EXPECT_EQ(TargetSize(plan, capture), "200x320");
  plan.published.width = 64;
  plan.published.height = 48;
  EXPECT_EQ(TargetSize(plan, capture), "64x48");
}

// Bug: the plan is not what the converter is told.
TEST(Conversion, PassesOnCropTransformAndFilter) {
  OutputPlan plan;
  plan.crop = {2, 4, 6, 8};
  plan.transform = VSTREAM_TRANSFORM_ROTATE_90 | VSTREAM_TRANSFORM_FLIP_HORIZONTAL;
  plan.filter = VSTREAM_FILTER_BOX;
  plan.published.fourcc = VSTREAM_FORMAT_RGB24;
  const auto config = MakeConversion(plan, Captured(VSTREAM_FORMAT_NV12, 64, 48), 32);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->crop.x, 2U);
  EXPECT_EQ(config->crop.height, 8U);
  EXPECT_EQ(config->transform, plan.transform);
  EXPECT_EQ(config->filter, unsigned{VSTREAM_FILTER_BOX});
  EXPECT_EQ(config->source.fourcc, unsigned{VSTREAM_FORMAT_NV12});
  EXPECT_EQ(config->target.fourcc, unsigned{VSTREAM_FORMAT_RGB24});
  EXPECT_EQ(config->target.planes[0].stride, 32U);  // 8 pixels are 24 bytes
}

// Bug: RGB is announced with the matrix of the camera, or YUV with that of RGB.
TEST(Conversion, ColoursFollowTheSourceUnlessThePlanSaysElse) {
  const vstream_colorimetry bt709{1, 1, 1, VSTREAM_RANGE_LIMITED, 1, 2, {}};
  const auto yuv = Captured(VSTREAM_FORMAT_NV12, 640, 480, bt709);
  OutputPlan plan;
  plan.published.fourcc = VSTREAM_FORMAT_I420;
  EXPECT_EQ(Color(plan, yuv), "1/1");
  plan.color.matrix = 9;
  EXPECT_EQ(Color(plan, yuv), "9/1");
  plan.color.range = VSTREAM_RANGE_FULL;
  EXPECT_EQ(Color(plan, yuv), "9/2");
  plan.color = {};
  plan.published.fourcc = VSTREAM_FORMAT_RGB24;
  EXPECT_EQ(Color(plan, yuv), "0/2");
  const auto config = MakeConversion(plan, yuv);
  EXPECT_EQ(config->source_color.matrix, 1);
  EXPECT_EQ(config->target_color.primaries, 1);
  EXPECT_EQ(config->target_color.transfer, 1);
  EXPECT_EQ(config->target_color.chroma_x, 0);

  const vstream_colorimetry rgb{1, 13, 0, VSTREAM_RANGE_FULL, 0, 0, {}};
  plan.published.fourcc = VSTREAM_FORMAT_NV12;
  EXPECT_EQ(Color(plan, Captured(VSTREAM_FORMAT_BGRX, 640, 480, rgb)), "6/1");
  EXPECT_EQ(Color(plan, Captured(VSTREAM_FORMAT_BGRX, 1920, 1080, rgb)), "1/1");
  EXPECT_EQ(Color(plan, Captured(VSTREAM_FORMAT_BGRX, 1278, 718, rgb)), "6/1");
  EXPECT_EQ(Color(plan, Captured(VSTREAM_FORMAT_BGRX, 1280, 64, rgb)), "1/1");
  EXPECT_EQ(Color(plan, Captured(VSTREAM_FORMAT_BGRX, 64, 720, rgb)), "1/1");
  EXPECT_EQ(Color(plan, Captured(VSTREAM_FORMAT_NV21, 640, 480)), "0/0");  // unknown stays unknown
}

// Bug: what no converter can do is found out by the first frame, or by a crash.
TEST(Conversion, RefusesWhatCannotBe) {
  OutputPlan plan;
  plan.crop = {600, 0, 64, 64};
  EXPECT_EQ(TargetSize(plan, Captured(VSTREAM_FORMAT_NV12, 640, 480)),
            "the crop 64x64+600+0 is not inside the captured picture, 640x480");
  plan.crop = {UINT32_MAX, 0, 64, 64};
  EXPECT_FALSE(MakeConversion(plan, Captured(VSTREAM_FORMAT_NV12, 640, 480)));
  plan.crop = {};
  EXPECT_EQ(TargetSize(plan, Captured(VSTREAM_FORMAT_MJPEG, 0, 0)),
            "the capture does not say how large its pictures are: give the output a 'size'");
  EXPECT_EQ(TargetSize(plan, Captured(VSTREAM_FORMAT_MJPEG, 64, 48)),
            "a converter cannot write MJPEG: give the output a raw 'format'");
  plan.published = {.fourcc = VSTREAM_FORMAT_NV12, .width = 64, .height = 48, .rate = {}};
  EXPECT_EQ(TargetSize(plan, Captured(VSTREAM_FORMAT_MJPEG, 0, 0)), "64x48");
}

// Bug: consumers of JPEG packets are told the colours of the camera, which the encoder has changed.
TEST(Conversion, PacketsOfJpegHaveTheColoursOfJpeg) {
  vstream_colorimetry camera{};
  camera.primaries = camera.transfer = camera.matrix = 1;
  camera.range = VSTREAM_RANGE_LIMITED;
  const vstream_colorimetry h264 = PacketColor(VSTREAM_FORMAT_H264, camera);
  EXPECT_EQ(h264.matrix, 1);
  EXPECT_EQ(h264.range, VSTREAM_RANGE_LIMITED);
  const vstream_colorimetry jpeg = PacketColor(VSTREAM_FORMAT_MJPEG, camera);
  EXPECT_EQ(jpeg.matrix, 6);
  EXPECT_EQ(jpeg.range, VSTREAM_RANGE_FULL);
  EXPECT_EQ(jpeg.primaries, 1);
}

}  // namespace
}  // namespace videostream

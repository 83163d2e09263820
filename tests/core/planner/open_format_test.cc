// SPDX-License-Identifier: Apache-2.0
// Formats that the profile leaves open, and formats that do not go together.
#include <gtest/gtest.h>

#include "core/planner/plan.h"
#include "tests/core/planner/plan_fixture.h"

namespace videostream {
namespace {

// Bug: an encoder is given a format that it does not take.
TEST_F(PlanTest, RefusesAnEncoderThatCannotTakeTheOutput) {
  output().encoder = Codec("h264");
  const Planning sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  EXPECT_EQ(
      sut.error->message,
      "no backend can serve slot 'front.full.encoder': 'soft': device 'h264' cannot do NV12 1280x720 at 30 fps to "
      "H264");
}

// Bug: a capture whose format is left open gives what the encoder cannot take.
TEST_F(PlanTest, AnOpenCaptureFormatFollowsTheEncoder) {
  output().encoder = Codec("h264");
  capture() = CaptureSpec{};
  Prefer(BackendKind::kCapture, {"soft"});
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].captured.fourcc, VSTREAM_FORMAT_I420);
  ASSERT_TRUE(sut.plan->streams[0].outputs[0].encoder);
}

// Bug: a plan that fails when it is opened, or a refusal that leaves the user to guess which format would do.
TEST_F(RichPlanTest, AnEncoderThatCannotTakeTheOutputNamesAFormatThatWorks) {
  output().encoder = Codec("h264");
  Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kUnsupported);
  EXPECT_EQ(
      sut.error->message,
      "no backend can serve slot 'front.full.encoder': 'soft': device 'h264' cannot do NV12 1280x720 at 30 fps to "
      "H264; add 'format: I420' to output 'full'");
  EXPECT_EQ(FindSlot(sut, "front.full.encoder").would_change, "add 'format: I420' to output 'full'");
  output().format = Word("RGB24");
  output().rate.value = {10, 1};
  sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->message,
            "no backend can serve slot 'front.full.encoder': 'soft': device 'h264' cannot do RGB24 1280x720 at 10 fps "
            "to H264; say 'format: I420' in output 'full', not 'format: RGB24'");
  output().format = Word("I420");
  sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].outputs[0].encoder->device, "h264");
}

// Bug: advice that leads to the next refusal.
TEST_F(RichPlanTest, AFormatThatNoConverterMakesIsNotAdvised) {
  output().encoder = Codec("h264");
  Prefer(BackendKind::kConverter, {});
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(
      sut.error->message,
      "no backend can serve slot 'front.full.encoder': 'soft': device 'h264' cannot do NV12 1280x720 at 30 fps to "
      "H264");
}

// Bug: the format of a codec's encoder is chosen by what encoders of other codecs take.
TEST_F(RichPlanTest, TheCodecDecidesWhichEncoderIsTaken) {
  output().encoder = Codec("mjpeg");
  output().encoder->quality.value = 60;
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  const OutputPlan& planned = sut.plan->streams[0].outputs[0];
  EXPECT_EQ(planned.encoder->device, "jpeg");
  EXPECT_EQ(planned.codec, VSTREAM_FORMAT_MJPEG);
  EXPECT_EQ(planned.encoding->quality.value, 60u);
  EXPECT_FALSE(planned.converter);
}

// What an open capture format becomes, by the outputs that have to be made of it.
struct OpenCase {
  const char* name;
  uint32_t expected;
  void (*change)(StreamSpec&);
};

class OpenFormat : public RichPlanTest, public testing::WithParamInterface<OpenCase> {
 protected:
  OpenFormat() {
    Add(Backend("cam", {Device(VSTREAM_KIND_CAPTURE, "cam0",
                               {Range(VSTREAM_FORMAT_YUYV, kOut), Range(VSTREAM_FORMAT_GREY, kOut),
                                Range(VSTREAM_FORMAT_I420, kOut), Range(VSTREAM_FORMAT_NV12, kOut)})}));
    capture().format.value.clear();
    AddOutput("second");
  }
};

// Bug: the first output is served, and the second is refused or converted although another format serves both.
TEST_P(OpenFormat, ServesAllOutputs) {
  GetParam().change(profile_.streams[0]);
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].captured.fourcc, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Machine, OpenFormat,
                         testing::Values(OpenCase{"NothingAsked", 0, [](StreamSpec&) {}},
                                         OpenCase{"FirstEncoder", VSTREAM_FORMAT_I420,
                                                  [](StreamSpec& s) { s.outputs[0].encoder = Codec("h264"); }},
                                         OpenCase{"SecondEncoder", VSTREAM_FORMAT_I420,
                                                  [](StreamSpec& s) { s.outputs[1].encoder = Codec("h264"); }},
                                         OpenCase{"BothEncoders", VSTREAM_FORMAT_I420,
                                                  [](StreamSpec& s) {
                                                    s.outputs[0].encoder = Codec("mjpeg");  // alone it would take NV12
                                                    s.outputs[1].encoder = Codec("h264");
                                                  }},
                                         OpenCase{"EncoderAndConverter", VSTREAM_FORMAT_NV12,
                                                  [](StreamSpec& s) {
                                                    s.outputs[0].encoder = Codec("mjpeg");
                                                    s.outputs[1].format = Word("RGB24");
                                                  }},
                                         OpenCase{"FormatOfAnOutput", VSTREAM_FORMAT_GREY,
                                                  [](StreamSpec& s) { s.outputs[0].format = Word("GREY"); }},
                                         OpenCase{"ConverterOnly", VSTREAM_FORMAT_NV12,
                                                  [](StreamSpec& s) {
                                                    s.outputs[1].size = Located<Size>{{640, 360}, {}};
                                                  }},
                                         OpenCase{"FormatThatACropNeeds", VSTREAM_FORMAT_NV12,
                                                  [](StreamSpec& s) {
                                                    s.outputs[0].format =
                                                        Word("GREY");  // cannot be cropped: no converter takes it in
                                                    s.outputs[1].crop.value = {0, 0, 640, 480};
                                                  }}),
                         [](const auto& param) { return std::string(param.param.name); });

// Bug: with a camera that gives no format for all, the capture is blamed, and nobody says which output needs another.
TEST_F(RichPlanTest, AnOpenCaptureThatServesNotAllNamesTheOutput) {
  capture().format.value.clear();
  output().encoder = Codec("h264");
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(
      sut.error->message,
      "no backend can serve slot 'front.full.encoder': 'soft': device 'h264' cannot do NV12 1280x720 at 30 fps to "
      "H264; add 'format: I420' to output 'full'");
}

// Bug: a webcam whose raw formats end below the wanted size is refused without a hint, or gives JPEG as raw frames.
TEST_F(RichPlanTest, MjpegIsNamedWhereOnlyThatHasTheSize) {
  capture().format.value.clear();
  capture().size.value = {3840, 2160};
  output().size = Located<Size>{{1280, 720}, {}};
  Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(
      sut.error->message,
      "no backend can serve slot 'front.capture': 'cam': device 'cam0' cannot do any format 3840x2160 at 30 fps; "
      "it gives MJPEG: say 'format: MJPEG' in 'capture', and a raw format such as 'format: NV12' in every output");
  output().format = Word("NV12");
  sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].captured.fourcc, VSTREAM_FORMAT_MJPEG);
}

// Bug: an output without a format of its own gets JPEG as raw frames because all the others can be decoded.
TEST_F(RichPlanTest, MjpegIsNotChosenWhereAnOutputHasNoFormat) {
  capture().format.value.clear();
  capture().size.value = {3840, 2160};
  AddOutput("small").format = Word("NV12");
  const Planning sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  EXPECT_EQ(FindSlot(sut, "front.capture").candidates.at(0).verdict, Verdict::kNoSize);
}

// Bug: pictures are decoded although the camera has them raw.
TEST_F(RichPlanTest, MjpegIsTheLastChoice) {
  Add(Backend("cam", {Device(VSTREAM_KIND_CAPTURE, "cam0",
                             {Range(VSTREAM_FORMAT_MJPEG, kOut), Range(VSTREAM_FORMAT_I420, kOut)})}));
  capture().format.value.clear();
  output().format = Word("RGB24");
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].captured.fourcc, VSTREAM_FORMAT_I420);
}

// A camera that has single sizes only, and leaves which to the device.
class OpenSize : public RichPlanTest {
 protected:
  OpenSize() {
    std::vector<vstream_format_range> sizes;
    for (const Size& size : {Size{640, 480}, Size{3840, 2160}, Size{1920, 1080}}) {
      vstream_format_range& range = sizes.emplace_back(Range(VSTREAM_FORMAT_NV12, kOut));
      range.min_width = range.max_width = size.width;
      range.min_height = range.max_height = size.height;
    }
    Add(Backend("cam", {Device(VSTREAM_KIND_CAPTURE, "cam0", sizes)}));
    capture().size.value = {};
    output().encoder = Codec("mjpeg");
  }
};

// Bug: a size is dictated to a camera although any of its own would do.
TEST_F(OpenSize, StaysOpenWhereAllOfThemGoOn) {
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].captured.width, 0u);
}

// Bug: the camera's usual size is too large for the encoder, which says so only when the stream is opened; or the
// smallest is taken because it is the cheapest.
TEST_F(OpenSize, IsTheLargestThatGoesOnWhereNotAllDo) {
  inventory_["soft"].devices[2].formats[0].max_width = 2000;
  Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].captured.width, 1920u);
  EXPECT_EQ(sut.plan->streams[0].captured.height, 1080u);
  EXPECT_EQ(sut.plan->streams[0].outputs[0].published.width, 1920u);
  inventory_["soft"].devices[2].formats[0].max_width = 320;
  sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kUnsupported);
}

}  // namespace
}  // namespace videostream

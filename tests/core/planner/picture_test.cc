// SPDX-License-Identifier: Apache-2.0
// What an output makes of the captured picture, and when that needs a converter.
#include <gtest/gtest.h>

#include <ostream>

#include "core/planner/plan.h"
#include "tests/core/planner/plan_fixture.h"

namespace videostream {
namespace {

// From NV12 1280x720 at 30 fps. `what` is null where no converter is to be planned.
struct PictureCase {
  const char* name;
  void (*change)(StreamSpec&);
  uint32_t fourcc, width, height;
  const char* what;

  friend void PrintTo(const PictureCase& row, std::ostream* out) { *out << row.name; }
};

class Picture : public RichPlanTest, public testing::WithParamInterface<PictureCase> {};

// Bug: a picture that is converted without need, published otherwise than asked for, or of another size than it will
// have.
TEST_P(Picture, IsConvertedOnlyWhereItDiffers) {
  GetParam().change(profile_.streams[0]);
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  const OutputPlan& planned = sut.plan->streams[0].outputs[0];
  EXPECT_EQ(planned.published.fourcc, GetParam().fourcc);
  EXPECT_EQ(planned.published.width, GetParam().width);
  EXPECT_EQ(planned.published.height, GetParam().height);
  EXPECT_EQ(planned.converter.has_value(), GetParam().what != nullptr);
  const Candidate& candidate = FindSlot(sut, "front.full.converter").candidates.at(0);
  if (GetParam().what == nullptr) {
    EXPECT_EQ(candidate.verdict, Verdict::kNotNeeded);
    EXPECT_EQ(candidate.reason, "the output is published as it is captured");
  } else {
    EXPECT_EQ(candidate.verdict, Verdict::kTaken);
    EXPECT_EQ(candidate.reason, std::string("first in 'backends.converter', and it fits: ") + GetParam().what);
  }
}

constexpr uint32_t kNv12 = VSTREAM_FORMAT_NV12;

INSTANTIATE_TEST_SUITE_P(
    Plan, Picture,
    testing::Values(
        PictureCase{"AsCaptured", [](StreamSpec&) {}, kNv12, 1280, 720, nullptr},
        PictureCase{"SaidAsCaptured",
                    [](StreamSpec& s) {
                      s.outputs[0].format = Word("NV12");
                      s.outputs[0].size = Located<Size>{{1280, 720}, {}};
                      s.outputs[0].crop.value = {0, 0, 1280, 720};
                      s.outputs[0].filter.value = "box";
                    },
                    kNv12, 1280, 720, nullptr},
        PictureCase{"RateOnly",
                    [](StreamSpec& s) {
                      s.outputs[0].rate.value = {10, 1};
                    },
                    kNv12, 1280, 720, nullptr},
        PictureCase{"FormatOnly", [](StreamSpec& s) { s.outputs[0].format = Word("RGB24"); }, VSTREAM_FORMAT_RGB24,
                    1280, 720, "NV12 1280x720 to RGB24 1280x720"},
        PictureCase{"SizeOnly",
                    [](StreamSpec& s) {
                      s.outputs[0].size = Located<Size>{{640, 360}, {}};
                    },
                    kNv12, 640, 360, "NV12 1280x720 to NV12 640x360"},
        PictureCase{"ColorOnly", [](StreamSpec& s) { s.outputs[0].color.value = "bt709-full"; }, kNv12, 1280, 720,
                    "NV12 1280x720 to NV12 1280x720, colors bt709-full"},
        PictureCase{"CropOnly",
                    [](StreamSpec& s) {
                      s.outputs[0].crop.value = {16, 32, 640, 480};
                    },
                    kNv12, 640, 480, "NV12 1280x720 to NV12 640x480, cropped 640x480+16+32"},
        PictureCase{"CropToTheSameSize",
                    [](StreamSpec& s) {
                      s.outputs[0].crop.value = {16, 32, 640, 480};
                      s.outputs[0].size = Located<Size>{{1280, 720}, {}};
                    },
                    kNv12, 1280, 720, "NV12 1280x720 to NV12 1280x720, cropped 640x480+16+32"},
        PictureCase{"FlipOnly", [](StreamSpec& s) { s.outputs[0].flip.value = "horizontal"; }, kNv12, 1280, 720,
                    "NV12 1280x720 to NV12 1280x720, flipped horizontally"},
        PictureCase{"HalfTurnKeepsSizes", [](StreamSpec& s) { s.outputs[0].rotate.value = 180; }, kNv12, 1280, 720,
                    "NV12 1280x720 to NV12 1280x720, turned 180"},
        PictureCase{"QuarterTurnSwapsSizes", [](StreamSpec& s) { s.outputs[0].rotate.value = 90; }, kNv12, 720, 1280,
                    "NV12 1280x720 to NV12 720x1280, turned 90"},
        PictureCase{"QuarterTurnOfACrop",
                    [](StreamSpec& s) {
                      s.outputs[0].rotate.value = 270;
                      s.outputs[0].crop.value = {0, 0, 640, 480};
                    },
                    kNv12, 480, 640, "NV12 1280x720 to NV12 480x640, cropped 640x480+0+0, turned 270"},
        PictureCase{"SizeIsThatAfterTheTurn",
                    [](StreamSpec& s) {
                      s.outputs[0].rotate.value = 90;
                      s.outputs[0].size = Located<Size>{{1280, 720}, {}};
                      s.outputs[0].filter.value = "nearest";
                    },
                    kNv12, 1280, 720, "NV12 1280x720 to NV12 1280x720, turned 90, nearest pixels"},
        PictureCase{"Everything",
                    [](StreamSpec& s) {
                      s.outputs[0].format = Word("GREY");
                      s.outputs[0].size = Located<Size>{{320, 240}, {}};
                      s.outputs[0].crop.value = {16, 32, 640, 480};
                      s.outputs[0].rotate.value = 270;
                      s.outputs[0].flip.value = "vertical";
                      s.outputs[0].filter.value = "box";
                      s.outputs[0].color.value = "bt601";
                      s.outputs[0].rate.value = {5, 1};
                    },
                    VSTREAM_FORMAT_GREY, 320, 240,
                    "NV12 1280x720 to GREY 320x240, cropped 640x480+16+32, flipped vertically, turned 270, box filter, "
                    "colors bt601"},
        PictureCase{"MjpegCapture",
                    [](StreamSpec& s) {
                      s.capture.format.value = "MJPEG";
                      s.outputs[0].format = Word("NV12");
                    },
                    kNv12, 1280, 720, "MJPEG 1280x720 to NV12 1280x720"},
        PictureCase{"UnknownSizeStaysUnknown",
                    [](StreamSpec& s) {
                      s.capture.size.value = {};
                      s.outputs[0].rotate.value = 90;
                    },
                    kNv12, 0, 0, "NV12 to NV12, turned 90"},
        PictureCase{"UnknownSizeWithACrop",
                    [](StreamSpec& s) {
                      s.capture.size.value = {};
                      s.outputs[0].crop.value = {0, 0, 640, 480};
                    },
                    kNv12, 640, 480, "NV12 to NV12 640x480, cropped 640x480+0+0"}),
    [](const auto& param) { return std::string(param.param.name); });

// Bug: a number of the ABI that means something else than the word in the profile.
TEST_F(RichPlanTest, WordsBecomeNumbersOfTheAbi) {
  const auto plan = [this] {
    const Planning planning = MakePlan(profile_, inventory_);
    EXPECT_TRUE(planning.plan) << planning.error->message;
    return planning.plan ? planning.plan->streams[0].outputs[0] : OutputPlan{};
  };
  EXPECT_EQ(plan().transform, VSTREAM_TRANSFORM_NONE);
  EXPECT_EQ(plan().filter, static_cast<uint32_t>(VSTREAM_FILTER_BILINEAR));
  EXPECT_EQ(plan().color.matrix, 0);
  EXPECT_EQ(plan().color.range, VSTREAM_RANGE_UNSPECIFIED);
  EXPECT_EQ(plan().crop.width, 0u);
  EXPECT_EQ(plan().published.rate.den, 0u);

  const uint32_t turns[] = {0, VSTREAM_TRANSFORM_ROTATE_90, VSTREAM_TRANSFORM_ROTATE_180, VSTREAM_TRANSFORM_ROTATE_270};
  for (uint32_t i = 0; i < 4; ++i) {
    output().rotate.value = 90 * i;
    output().flip.value = "horizontal";
    EXPECT_EQ(plan().transform, turns[i] | VSTREAM_TRANSFORM_FLIP_HORIZONTAL);
    output().flip.value = "vertical";
    EXPECT_EQ(plan().transform, turns[i] | VSTREAM_TRANSFORM_FLIP_VERTICAL);
  }
  output().filter.value = "nearest";
  EXPECT_EQ(plan().filter, static_cast<uint32_t>(VSTREAM_FILTER_NEAREST));
  output().filter.value = "box";
  EXPECT_EQ(plan().filter, static_cast<uint32_t>(VSTREAM_FILTER_BOX));

  const struct {
    const char* name;
    int matrix, range;
  } colors[] = {{"bt601", 6, VSTREAM_RANGE_LIMITED},  {"bt601-full", 6, VSTREAM_RANGE_FULL},
                {"bt709", 1, VSTREAM_RANGE_LIMITED},  {"bt709-full", 1, VSTREAM_RANGE_FULL},
                {"bt2020", 9, VSTREAM_RANGE_LIMITED}, {"bt2020-full", 9, VSTREAM_RANGE_FULL}};
  for (const auto& color : colors) {
    output().color.value = color.name;
    EXPECT_EQ(plan().color.matrix, color.matrix) << color.name;
    EXPECT_EQ(plan().color.range, color.range) << color.name;
  }
  output().crop.value = {16, 32, 640, 480};
  const vstream_rect crop = plan().crop;
  EXPECT_TRUE(crop.x == 16 && crop.y == 32 && crop.width == 640 && crop.height == 480);
  output().rate.value = {15, 2};
  EXPECT_TRUE(plan().published.rate.num == 15 && plan().published.rate.den == 2);
}

// Bug: the refusal of a converter does not say what it was to do.
TEST_F(RichPlanTest, ARefusedConversionIsNamed) {
  output().format = Word("BGRA");
  output().rotate.value = 90;
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->message,
            "no backend can serve slot 'front.full.converter': 'soft': device 'cpu' cannot do NV12 1280x720 to BGRA "
            "720x1280, turned 90");
}

}  // namespace
}  // namespace videostream

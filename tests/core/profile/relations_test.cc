// SPDX-License-Identifier: Apache-2.0
// A capture and outputs that do not go together.
#include "core/profile/relations.h"

#include <gtest/gtest.h>

#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

using std::literals::operator""sv;

class RelationErrorTest : public ErrorRowTest {};

// Catches a contradiction that `profile validate` passes, or that points at another value than the wrong one.
TEST_P(RelationErrorTest, MessageIsExact) { ExpectTheMessage(); }

constexpr ErrorRow kRows[] = {
    {"RateAboveTheCaptures", 18, R"(      full:
        rate: 31)"sv,
     R"(x.yaml:19:15: error: an output cannot have more frames than are captured: expected at most 30, found 31
  19 |         rate: 31
     |               ^~)"},
    {"RateAboveByAFraction", 18, R"(      full:
        rate: 30001/1000)"sv,
     R"(x.yaml:19:15: error: an output cannot have more frames than are captured: expected at most 30, found 30001/1000
  19 |         rate: 30001/1000
     |               ^~~~~~~~~~)"},
    {"CropBeyondTheRightEdge", 18, R"(      full:
        crop: 640x480+641+0)"sv,
     R"(x.yaml:19:15: error: crop 640x480+641+0 reaches to 1281x480, beyond the captured picture of 1280x720
  19 |         crop: 640x480+641+0
     |               ^~~~~~~~~~~~~)"},
    {"CropBeyondTheLowerEdge", 18, R"(      full:
        crop: 1280x720+0+1)"sv,
     R"(x.yaml:19:15: error: crop 1280x720+0+1 reaches to 1280x721, beyond the captured picture of 1280x720
  19 |         crop: 1280x720+0+1
     |               ^~~~~~~~~~~~)"},
    {"MjpegWithoutAFormat", 14, "      format: MJPEG"sv,
     R"(x.yaml:18:7: error: output 'full' has no format, but MJPEG is captured, which has to be decoded for it; add 'format: NV12' to the output
  18 |       full:
     |       ^~~~)"},
    {"ColorOfAnRgbOutput", 18, R"(      full:
        color: bt709
        format: BGRX)"sv,
     R"(x.yaml:19:16: error: color 'bt709' is for YUV formats and GREY, the output has BGRX, which is always full range; take 'color' out
  19 |         color: bt709
     |                ^~~~~)"},
    {"SeveralOutputsWithMistakes", 30, R"(            clients: 256
      small:
        rate: 60
        publish: [{socket: /run/test/small.sock}]
      tiny:
        crop: 16x16+1280+0
        publish: [{socket: /run/test/tiny.sock}])"sv,
     R"(x.yaml:32:15: error: an output cannot have more frames than are captured: expected at most 30, found 60
  32 |         rate: 60
     |               ^~
x.yaml:35:15: error: crop 16x16+1280+0 reaches to 1296x16, beyond the captured picture of 1280x720
  35 |         crop: 16x16+1280+0
     |               ^~~~~~~~~~~~)"},
};

INSTANTIATE_TEST_SUITE_P(All, RelationErrorTest, testing::ValuesIn(kRows), RowName);

StreamSpec OneOutput() {
  StreamSpec stream;
  stream.outputs.emplace_back().name.value = "o";
  return stream;
}

// Catches a contradiction found in what the profile leaves to the device.
TEST(RelationsTest, WhatIsLeftOpenContradictsNothing) {
  StreamSpec stream = OneOutput();
  stream.outputs[0].rate.value = {1000, 1};
  stream.outputs[0].crop.value = {0, 0, 16384, 16384};
  stream.outputs[0].color.value = "bt709";
  EXPECT_TRUE(CheckStream(stream).empty());
}

// Catches limits that are off by one.
TEST(RelationsTest, AllThatIsCapturedMayBeUsed) {
  StreamSpec stream = OneOutput();
  stream.capture.rate.value = {30000, 1001};
  stream.capture.size.value = {640, 480};
  stream.outputs[0].rate.value = {30000, 1001};
  stream.outputs[0].crop.value = {320, 0, 320, 480};
  EXPECT_TRUE(CheckStream(stream).empty());
  stream.outputs[0].rate.value = {30, 1};
  EXPECT_EQ(CheckStream(stream).size(), 1U);
}

// Catches a colour of captured RGB that is passed on because the output names no format itself.
TEST(RelationsTest, TheCapturedFormatCountsWhereTheOutputHasNone) {
  StreamSpec stream = OneOutput();
  stream.capture.format.value = "RGB24";
  stream.outputs[0].color.value = "bt601";
  EXPECT_EQ(CheckStream(stream).size(), 1U);
  stream.outputs[0].format = Located<std::string>{"GREY", {}};
  EXPECT_TRUE(CheckStream(stream).empty());
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Which device of a backend is taken, and which one is named where none fits.
#include <gtest/gtest.h>

#include "core/planner/plan.h"
#include "tests/core/planner/plan_fixture.h"

namespace videostream {
namespace {

// Bug: the refusal names the encoder of another codec, so the user looks in the wrong place.
TEST_F(RichPlanTest, TheDeviceThatWritesTheCodecIsNamed) {
  output().format = Word("RGB24");
  for (const auto& [codec, device] : {std::pair{"h264", "h264"}, std::pair{"mjpeg", "jpeg"}}) {
    output().encoder = Codec(codec);
    const Planning sut = MakePlan(profile_, inventory_);
    EXPECT_FALSE(sut.plan);
    EXPECT_EQ(FindSlot(sut, "front.full.encoder").candidates.at(0).device, device);
  }
}

// Bug: a format that a device only reads counts as one that it writes.
TEST_F(RichPlanTest, FormatsCountByDirection) {
  output().format = Word("YUYV");
  const Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(FindSlot(sut, "front.full.converter").candidates.at(0).verdict, Verdict::kNoFormat);
}

// Bug: an unusable device hides a usable one of the same backend, or is named in its place.
TEST_F(RichPlanTest, UsableDevicesComeFirst) {
  std::vector<vstream_device>& devices = inventory_["cam"].devices;
  devices.push_back(devices[0]);
  Set(devices[0].id, "broken");
  devices[0].reason = VSTREAM_REASON_BUSY;
  Planning sut = MakePlan(profile_, inventory_);
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.plan->streams[0].capture.device, "cam0");
  capture().format.value = "GREY";
  sut = MakePlan(profile_, inventory_);
  EXPECT_EQ(FindSlot(sut, "front.capture").candidates.at(0).device, "cam0");
}

// Bug: sizes between the steps of a device, or rates above its limit, are planned and fail when it is opened.
TEST_F(RichPlanTest, StepsAndRatesAreLimits) {
  vstream_format_range& range = inventory_["cam"].devices[0].formats[0];
  range.step_width = 32;
  range.max_rate = {30, 1};
  capture().size.value = {1296, 720};  // 16 + 40 * 32
  EXPECT_TRUE(MakePlan(profile_, inventory_).plan);
  capture().size.value = {1280, 720};
  EXPECT_FALSE(MakePlan(profile_, inventory_).plan);
  capture().size.value = {1296, 720};
  capture().rate.value = {30001, 1000};
  EXPECT_FALSE(MakePlan(profile_, inventory_).plan);
}

// Bug: an encoder is refused for the rate of the capture although it gets fewer frames.
TEST_F(RichPlanTest, AnEncoderSeesTheRateOfItsOutput) {
  output().encoder = Codec("mjpeg");
  inventory_["soft"].devices[2].formats[0].max_rate = {15, 1};
  Planning sut = MakePlan(profile_, inventory_);
  EXPECT_FALSE(sut.plan);
  EXPECT_EQ(FindSlot(sut, "front.full.encoder").candidates.at(0).verdict, Verdict::kNoSize);
  output().rate.value = {15, 1};
  sut = MakePlan(profile_, inventory_);
  EXPECT_TRUE(sut.plan) << sut.error->message;
}

}  // namespace
}  // namespace videostream

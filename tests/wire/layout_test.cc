// SPDX-License-Identifier: Apache-2.0
#include "wire/layout.h"

#include "gtest/gtest.h"

namespace videostream::wire {
namespace {

constexpr uint64_t kLuma = 3072;  // NV12 of 64x48
constexpr uint64_t kChroma = 1536;

struct LayoutTest : ::testing::Test {
  LayoutTest() {
    layout.fourcc = VSTREAM_FORMAT_NV12;
    layout.plane_count = 2;
    layout.width = 64;
    layout.height = 48;
    layout.planes[0] = {0, 64, 0, kLuma};
    layout.planes[1] = {0, 64, kLuma, kChroma};
  }
  vstream_layout layout{};
  uint64_t sizes[VSTREAM_MAX_FDS] = {kLuma + kChroma, 0, 0, 0};
  std::string Why() { return CheckLayout(layout, 1, sizes); }
};

// A correct layout is refused.
TEST_F(LayoutTest, CorrectLayoutPasses) { EXPECT_EQ(Why(), ""); }

// A picture that is read skewed, or past its end.
TEST_F(LayoutTest, StrideAndSizeMustHoldTheRows) {
  layout.planes[0].stride = 63;
  EXPECT_EQ(Why(), "plane 0: stride 63, a row has 64 bytes");
  layout.planes[0].stride = 64;
  layout.planes[1].size = kChroma - 1;
  EXPECT_EQ(Why(), "plane 1: 1535 bytes, its rows take 1536");
}

// Sums that overflow, planes in descriptors that are not there.
TEST_F(LayoutTest, PlanesMustLieInTheirDescriptor) {
  layout.planes[1].offset = ~uint64_t{0};
  EXPECT_NE(Why(), "");
  layout.planes[1].offset = kLuma + 1;
  EXPECT_EQ(Why(), "plane 1: bytes 3073 + 1536 of 4608");
  layout.planes[1].offset = kLuma;
  layout.planes[1].fd_index = 1;
  EXPECT_NE(Why(), "");
}

// Numbers that nothing real has.
TEST_F(LayoutTest, EverythingIsBounded) {
  EXPECT_NE(CheckLayout(layout, 0, sizes), "");
  EXPECT_NE(CheckLayout(layout, 5, sizes), "");
  layout.plane_count = 5;
  EXPECT_NE(Why(), "");
  layout.plane_count = 1;
  EXPECT_EQ(Why(), "1 planes, the format has 2");
  layout.plane_count = 2;
  layout.width = VSTREAM_MAX_DIMENSION + 1;
  EXPECT_NE(Why(), "");
  layout.width = 0;
  EXPECT_NE(Why(), "");
  layout.width = 64;
  layout.modifier = 5;
  EXPECT_NE(Why(), "");
  layout.modifier = 0;
  sizes[0] = uint64_t{1} << 62;
  EXPECT_NE(Why(), "");
}

// A frame that claims more bytes or pixels than its buffer has.
TEST_F(LayoutTest, FramesMustFit) {
  uint64_t used[VSTREAM_MAX_PLANES] = {kLuma, kChroma, 0, 0};
  EXPECT_EQ(CheckFrame(layout, used, {}), "");
  EXPECT_EQ(CheckFrame(layout, used, {2, 2, 62, 46}), "");
  EXPECT_NE(CheckFrame(layout, used, {2, 2, 63, 46}), "");
  EXPECT_NE(CheckFrame(layout, used, {0xffffffff, 0, 2, 2}), "");
  EXPECT_NE(CheckFrame(layout, used, {0, 0, 0, 8}), "");
  used[2] = 1;
  EXPECT_NE(CheckFrame(layout, used, {}), "");
  used[2] = 0;
  used[0] = kLuma + 1;
  EXPECT_EQ(CheckFrame(layout, used, {}), "plane 0: 3073 bytes used of 3072");
}

}  // namespace
}  // namespace videostream::wire

// SPDX-License-Identifier: Apache-2.0
// The table of formats against the header that fixes the codes.
#include "core/frame/format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace videostream {
namespace {

// Bug: a format that is missing, listed twice, or found under another's name.
TEST(AllFormats, EveryOneIsFoundByItsCodeAndByItsName) {
  std::set<uint32_t> codes;
  std::set<std::string_view> names;
  for (const Format& format : AllFormats()) {
    EXPECT_TRUE(codes.insert(format.fourcc).second) << format.name;
    EXPECT_TRUE(names.insert(format.name).second) << format.name;
    EXPECT_EQ(FindFormat(format.fourcc), &format);
    EXPECT_EQ(FindFormat(format.name), &format);
    EXPECT_EQ(FormatName(format.fourcc), format.name);
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"NV12", "NV21", "I420", "YUYV", "UYVY", "RGB24", "BGR24", "RGBX", "RGBA",
                                               "BGRX", "BGRA", "GREY", "H264", "HEVC", "MJPEG", "VP8"}));
}

// Bug: a caller that walks the raw formats and stops at the first coded one misses some.
TEST(AllFormats, RawOnesComeFirst) {
  EXPECT_TRUE(std::ranges::is_sorted(AllFormats(), {}, &Format::coded));
  EXPECT_EQ(std::ranges::count(AllFormats(), true, &Format::coded), 4);
}

// Bug: a plane whose groups are empty, which would divide by zero or give a layout of no bytes.
TEST(AllFormats, EveryRawPlaneHasBytesAndRows) {
  for (const Format& format : AllFormats()) {
    ASSERT_GE(format.plane_count, 1);
    ASSERT_LE(format.plane_count, VSTREAM_MAX_PLANES);
    for (int i = 0; i < format.plane_count && !format.coded; ++i) {
      EXPECT_GE(format.planes[i].bytes_per_group, 1) << format.name;
      EXPECT_GE(format.planes[i].pixels_per_group, 1) << format.name;
      EXPECT_GE(format.planes[i].vertical, 1) << format.name;
    }
  }
}

// Bug: RGB and BGR exchanged by the reversed naming of DRM.
TEST(FindFormat, ByteOrderNamesMeetTheRightDrmCodes) {
  EXPECT_EQ(FindFormat("RGB24")->fourcc, VSTREAM_FOURCC('B', 'G', '2', '4'));
  EXPECT_EQ(FindFormat("BGR24")->fourcc, VSTREAM_FOURCC('R', 'G', '2', '4'));
  EXPECT_EQ(FindFormat("BGRX")->fourcc, VSTREAM_FOURCC('X', 'R', '2', '4'));
  EXPECT_EQ(FindFormat("RGBA")->fourcc, VSTREAM_FOURCC('A', 'B', '2', '4'));
}

// Bug: an unknown code that crashes, or that sends control characters to the operator's terminal.
TEST(FormatName, ShowsUnknownCodesSafely) {
  EXPECT_EQ(FormatName(VSTREAM_FOURCC('X', 'Y', '1', '2')), "0x32315958 ('XY12')");
  EXPECT_EQ(FormatName(0), "0x00000000 ('....')");
  EXPECT_EQ(FormatName(VSTREAM_FOURCC(0x1b, '[', 0x7f, 0xff)), "0xff7f5b1b ('.[..')");
  EXPECT_EQ(FindFormat(0U), nullptr);
  EXPECT_EQ(FindFormat("nv12"), nullptr);
  EXPECT_EQ(FindFormat(""), nullptr);
}

}  // namespace
}  // namespace videostream

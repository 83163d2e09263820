// SPDX-License-Identifier: Apache-2.0
// Layouts with known numbers, and the exact words of every refusal.
#include "core/frame/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace videostream {
namespace {

using ::testing::ElementsAre;
using ::testing::TestWithParam;
using ::testing::ValuesIn;

struct Numbers {
  const char* name;
  uint32_t fourcc;
  std::vector<uint64_t> strides, offsets, sizes;
};

void PrintTo(const Numbers& numbers, std::ostream* out) { *out << numbers.name; }

std::string NameOf(const testing::TestParamInfo<Numbers>& info) { return info.param.name; }

class SmallOddPicture : public TestWithParam<Numbers> {};

// Bug: chroma of odd pictures rounded down, a pair of YUYV cut in half, planes that do not follow each other.
TEST_P(SmallOddPicture, HasTheLayoutThatWasWorkedOutByHand) {
  const Result<vstream_layout> sut = ComputeLayout(GetParam().fourcc, 5, 3);
  ASSERT_TRUE(sut) << sut.error().message;
  ASSERT_EQ(sut->plane_count, GetParam().strides.size());
  uint64_t end = 0;
  for (uint32_t i = 0; i < sut->plane_count; ++i) {
    EXPECT_EQ(sut->planes[i].stride, GetParam().strides[i]) << "plane " << i;
    EXPECT_EQ(sut->planes[i].offset, GetParam().offsets[i]) << "plane " << i;
    EXPECT_EQ(sut->planes[i].size, GetParam().sizes[i]) << "plane " << i;
    EXPECT_EQ(sut->planes[i].fd_index, 0U);
    end = sut->planes[i].offset + sut->planes[i].size;
  }
  EXPECT_EQ(LayoutBytes(*sut), end);
  EXPECT_EQ(sut->width, 5U);
  EXPECT_EQ(sut->height, 3U);
  EXPECT_EQ(sut->modifier, VSTREAM_MODIFIER_LINEAR);
}

INSTANTIATE_TEST_SUITE_P(EveryRawFormat, SmallOddPicture,
                         ValuesIn(std::vector<Numbers>{
                             {"NV12", VSTREAM_FORMAT_NV12, {5, 6}, {0, 15}, {15, 12}},
                             {"NV21", VSTREAM_FORMAT_NV21, {5, 6}, {0, 15}, {15, 12}},
                             {"I420", VSTREAM_FORMAT_I420, {5, 3, 3}, {0, 15, 21}, {15, 6, 6}},
                             {"YUYV", VSTREAM_FORMAT_YUYV, {12}, {0}, {36}},
                             {"UYVY", VSTREAM_FORMAT_UYVY, {12}, {0}, {36}},
                             {"RGB24", VSTREAM_FORMAT_RGB24, {15}, {0}, {45}},
                             {"BGR24", VSTREAM_FORMAT_BGR24, {15}, {0}, {45}},
                             {"RGBX", VSTREAM_FORMAT_RGBX, {20}, {0}, {60}},
                             {"RGBA", VSTREAM_FORMAT_RGBA, {20}, {0}, {60}},
                             {"BGRX", VSTREAM_FORMAT_BGRX, {20}, {0}, {60}},
                             {"BGRA", VSTREAM_FORMAT_BGRA, {20}, {0}, {60}},
                             {"GREY", VSTREAM_FORMAT_GREY, {5}, {0}, {15}},
                         }),
                         NameOf);

// Bug: sizes of everyday pictures that differ from what every other program computes.
TEST(ComputeLayout, GivesTheWellKnownSizes) {
  const struct {
    uint32_t fourcc, width, height;
    uint64_t bytes;
  } table[] = {
      {VSTREAM_FORMAT_NV12, 1920, 1080, 3110400},
      {VSTREAM_FORMAT_NV21, 1920, 1080, 3110400},
      {VSTREAM_FORMAT_I420, 1920, 1080, 3110400},
      {VSTREAM_FORMAT_YUYV, 640, 480, 614400},
      {VSTREAM_FORMAT_UYVY, 640, 480, 614400},
      {VSTREAM_FORMAT_RGB24, 640, 640, 1228800},
      {VSTREAM_FORMAT_BGRA, 3840, 2160, 33177600},
      {VSTREAM_FORMAT_GREY, 1280, 800, 1024000},
      {VSTREAM_FORMAT_NV12, 1, 1, 3},
      {VSTREAM_FORMAT_I420, 1, 1, 3},
      {VSTREAM_FORMAT_YUYV, 1, 1, 4},
      {VSTREAM_FORMAT_NV12, 16384, 16384, 402653184},
      {VSTREAM_FORMAT_RGBA, 16384, 16384, 1073741824},
  };
  for (const auto& row : table) {
    const Result<vstream_layout> sut = ComputeLayout(row.fourcc, row.width, row.height);
    ASSERT_TRUE(sut) << sut.error().message;
    EXPECT_EQ(LayoutBytes(*sut), row.bytes) << row.fourcc << " " << row.width << "x" << row.height;
  }
}

// Bug: alignment applied to one plane only, or to sizes instead of strides and offsets.
TEST(ComputeLayout, AlignsEachStrideAndEachPlane) {
  const Result<vstream_layout> sut =
      ComputeLayout(VSTREAM_FORMAT_I420, 100, 10, {.stride_alignment = 64, .plane_alignment = 4096});
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->planes[0].stride, 128U);
  EXPECT_EQ(sut->planes[1].stride, 64U);
  EXPECT_EQ(sut->planes[0].size, 1280U);
  EXPECT_EQ(sut->planes[1].offset, 4096U);
  EXPECT_EQ(sut->planes[1].size, 320U);
  EXPECT_EQ(sut->planes[2].offset, 8192U);
  EXPECT_EQ(LayoutBytes(*sut), 8512U);
}

// Bug: a hostile size that overflows into a small layout, or an error that does not say which number was wrong.
TEST(ComputeLayout, RefusesWhatCannotBeWithTheNumbersInTheText) {
  const struct {
    uint32_t fourcc, width, height;
    LayoutRules rules;
    const char* text;
  } table[] = {
      {VSTREAM_FORMAT_NV12, 0, 1080, {}, "NV12 0x1080: width and height must be from 1 to 16384"},
      {VSTREAM_FORMAT_NV12, 1920, 0, {}, "NV12 1920x0: width and height must be from 1 to 16384"},
      {VSTREAM_FORMAT_RGBA,
       static_cast<uint32_t>(-1),
       1,
       {},
       "RGBA 4294967295x1: width and height must be from 1 to 16384"},
      {VSTREAM_FORMAT_GREY, 2, 0x80000000U, {}, "GREY 2x2147483648: width and height must be from 1 to 16384"},
      {VSTREAM_FORMAT_RGBX, 65536, 65536, {}, "RGBX 65536x65536: width and height must be from 1 to 16384"},
      {VSTREAM_FORMAT_NV12, 16385, 2, {}, "NV12 16385x2: width and height must be from 1 to 16384"},
      {VSTREAM_FORMAT_NV12,
       64,
       64,
       {.stride_alignment = 48},
       "NV12 64x64: stride alignment 48 is not a power of two from 1 to 4096"},
      {VSTREAM_FORMAT_NV12,
       64,
       64,
       {.stride_alignment = 0},
       "NV12 64x64: stride alignment 0 is not a power of two from 1 to 4096"},
      {VSTREAM_FORMAT_NV12,
       64,
       64,
       {.plane_alignment = 8192},
       "NV12 64x64: plane alignment 8192 is not a power of two from 1 to 4096"},
      {VSTREAM_FORMAT_H264, 64, 64, {}, "layout: H264 is coded, expected a raw format"},
      {VSTREAM_FOURCC('X', 'R', '2', 7), 64, 64, {}, "layout: unknown format 0x07325258 ('XR2.')"},
  };
  for (const auto& row : table) {
    const Result<vstream_layout> sut = ComputeLayout(row.fourcc, row.width, row.height, row.rules);
    ASSERT_FALSE(sut) << row.text;
    EXPECT_EQ(sut.error().message, row.text);
    EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
  }
}

// Bug: packet buffers of no size, or of a size that exhausts the machine.
TEST(PacketLayout, IsOnePlaneWithinBounds) {
  const Result<vstream_layout> sut = PacketLayout(VSTREAM_FORMAT_H264, 100000);
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->plane_count, 1U);
  EXPECT_EQ(sut->planes[0].stride, 0U);
  EXPECT_EQ(LayoutBytes(*sut), 100000U);
  EXPECT_TRUE(PacketLayout(VSTREAM_FORMAT_HEVC, kMaxPacketBytes));
  EXPECT_EQ(PacketLayout(VSTREAM_FORMAT_VP8, 0).error().message, "plane 0 of VP8: size 0, expected 1 to 268435456");
  EXPECT_EQ(PacketLayout(VSTREAM_FORMAT_MJPEG, kMaxPacketBytes + 1).error().message,
            "plane 0 of MJPEG: size 268435457, expected 1 to 268435456");
  EXPECT_EQ(PacketLayout(VSTREAM_FORMAT_NV12, 5).error().message,
            "packet layout: NV12 is raw, expected a coded format");
  EXPECT_EQ(PacketLayout(0, 5).error().message, "packet layout: unknown format 0x00000000 ('....')");
}

// Bug: the helpers of other folders answering for planes and formats that do not exist.
TEST(MinStride, AndPlaneRowsFollowSubsampling) {
  EXPECT_EQ(MinStride(VSTREAM_FORMAT_NV12, 1, 5), 6U);
  EXPECT_EQ(PlaneRows(VSTREAM_FORMAT_NV12, 1, 5), 3U);
  EXPECT_EQ(PlaneRows(VSTREAM_FORMAT_NV12, 0, 5), 5U);
  EXPECT_EQ(MinStride(VSTREAM_FORMAT_NV12, 2, 5), 0U);
  EXPECT_EQ(PlaneRows(VSTREAM_FORMAT_NV12, 2, 5), 0U);
  EXPECT_EQ(MinStride(VSTREAM_FORMAT_H264, 0, 5), 0U);
  EXPECT_EQ(PlaneRows(VSTREAM_FORMAT_H264, 0, 5), 0U);
  EXPECT_EQ(MinStride(0, 0, 5), 0U);
  EXPECT_EQ(MinStride(VSTREAM_FORMAT_RGBA, 0, UINT32_MAX), UINT32_MAX);
  EXPECT_EQ(PlaneRows(VSTREAM_FORMAT_I420, 1, UINT32_MAX), 0x80000000U);
}

// Bug: a sum that wraps makes a hostile layout look small.
TEST(LayoutBytes, CountsOneFdAndSaturates) {
  vstream_layout layout = *ComputeLayout(VSTREAM_FORMAT_NV12, 64, 48);
  layout.planes[1].fd_index = 2;
  layout.planes[1].offset = 100;
  EXPECT_EQ(LayoutBytes(layout, 0), 3072U);
  EXPECT_EQ(LayoutBytes(layout, 1), 0U);
  EXPECT_EQ(LayoutBytes(layout, 2), 1636U);
  layout.planes[1].offset = UINT64_MAX - 5;
  EXPECT_EQ(LayoutBytes(layout, 2), UINT64_MAX);
  layout.plane_count = 4000000000U;
  EXPECT_EQ(LayoutBytes(layout, 2), UINT64_MAX);
}

struct Change {
  std::string text;  // empty: the layout stays valid
  std::function<void(vstream_layout&)> apply;
};

// Bug: a check that is missing or blames the wrong number.
TEST(CheckLayout, SaysExactlyWhatIsWrong) {
  const uint64_t fd_size[VSTREAM_MAX_FDS] = {3110400, 0, 0, 0};
  const Change table[] = {
      {"", [](auto&) {}},
      {"", [](auto& l) { l.planes[3].stride = l.planes[3].fd_index = 77; }},
      {"", [](auto& l) { l.reserved[0] = 1; }},
      {"layout: unknown format 0x00000000 ('....')", [](auto& l) { l.fourcc = 0; }},
      {"NV12 1920x1080: modifier 0x100000000000002 is not supported, expected 0x0 (linear)",
       [](auto& l) { l.modifier = 0x100000000000002; }},
      {"NV12 0x1080: width and height must be from 1 to 16384", [](auto& l) { l.width = 0; }},
      {"NV12 1920x16385: width and height must be from 1 to 16384", [](auto& l) { l.height = 16385; }},
      {"NV12 1920x1080: 1 plane, expected 2", [](auto& l) { l.plane_count = 1; }},
      {"NV12 1920x1080: 3 planes, expected 2", [](auto& l) { l.plane_count = 3; }},
      {"NV12 1920x1080: 4294967295 planes, expected 2", [](auto& l) { l.plane_count = UINT32_MAX; }},
      {"plane 1 of NV12 1920x1080: stride 1900 is less than 1920", [](auto& l) { l.planes[1].stride = 1900; }},
      {"plane 0 of NV12 1920x1080: stride 0 is less than 1920", [](auto& l) { l.planes[0].stride = 0; }},
      {"plane 1 of NV12 1920x1080: size 1036799 is less than 1036800 (stride 1920 x 540 rows)",
       [](auto& l) { l.planes[1].size--; }},
      {"plane 0 of NV12 1920x1080: size 2073600 is less than 4638564678600 (stride 4294967295 x 1080 rows)",
       [](auto& l) { l.planes[0].stride = UINT32_MAX; }},
      {"plane 1 of NV12 1920x1080: fd_index 1, but the buffer has 1 fd", [](auto& l) { l.planes[1].fd_index = 1; }},
      {"plane 1 of NV12 1920x1080: offset 2073601 + size 1036800 is beyond the 3110400 bytes of fd 0",
       [](auto& l) { l.planes[1].offset++; }},
      {"plane 1 of NV12 1920x1080: offset 18446744073709551615 + size 1036800 is beyond the 3110400 bytes of fd 0",
       [](auto& l) { l.planes[1].offset = UINT64_MAX; }},
      {"plane 1 of NV12 1920x1080: offset 2073600 + size 18446744073709551615 is beyond the 3110400 bytes of fd 0",
       [](auto& l) { l.planes[1].size = UINT64_MAX; }},
      {"plane 1 of NV12 1920x1080: bytes from 2073599 to 3110399 of fd 0 overlap plane 0, from 0 to 2073600",
       [](auto& l) { l.planes[1].offset--; }},
      {"plane 1 of NV12 1920x1080: bytes from 0 to 1036800 of fd 0 overlap plane 0, from 0 to 2073600",
       [](auto& l) { l.planes[1].offset = 0; }},
  };
  for (const Change& change : table) {
    vstream_layout layout = *ComputeLayout(VSTREAM_FORMAT_NV12, 1920, 1080);
    change.apply(layout);
    const Status sut = CheckLayout(layout, fd_size, 1);
    EXPECT_EQ(sut ? "" : sut.error().message, change.text);
    if (!sut) {
      EXPECT_EQ(sut.error().code, layout.modifier != 0 ? Code::kUnsupported : Code::kInvalidArgument) << change.text;
    }
  }
}

// Bug: the order of planes in memory taken for a rule.
TEST(CheckLayout, PlanesMayLieInAnyOrder) {
  vstream_layout layout = *ComputeLayout(VSTREAM_FORMAT_NV12, 64, 48);
  layout.planes[0].offset = 1536;
  layout.planes[1].offset = 0;
  const uint64_t fd_size[VSTREAM_MAX_FDS] = {4608, 0, 0, 0};
  const Status sut = CheckLayout(layout, fd_size, 1);
  EXPECT_TRUE(sut) << sut.error().message;
}

// Bug: planes in several fds compared as if they lay in one, or fd counts that index beyond the arrays.
TEST(CheckLayout, TakesPlanesInSeveralFds) {
  vstream_layout layout = *ComputeLayout(VSTREAM_FORMAT_NV12, 64, 48);
  layout.planes[1].fd_index = 1;
  layout.planes[1].offset = 0;
  const uint64_t fd_size[VSTREAM_MAX_FDS] = {3072, 1536, 0, 0};
  EXPECT_TRUE(CheckLayout(layout, fd_size, 2));
  EXPECT_EQ(CheckLayout(layout, fd_size, 0).error().message, "NV12 64x48: 0 fds, expected 1 to 4");
  EXPECT_EQ(CheckLayout(layout, fd_size, 5).error().message, "NV12 64x48: 5 fds, expected 1 to 4");
  layout.planes[1].fd_index = 2;
  EXPECT_EQ(CheckLayout(layout, fd_size, 2).error().message,
            "plane 1 of NV12 64x48: fd_index 2, but the buffer has 2 fds");
}

// Bug: a packet buffer with a stride, or one refused because nobody knows its dimensions.
TEST(CheckLayout, KnowsPacketBuffers) {
  const uint64_t fd_size[VSTREAM_MAX_FDS] = {4096, 0, 0, 0};
  vstream_layout layout = *PacketLayout(VSTREAM_FORMAT_H264, 4096);
  EXPECT_TRUE(CheckLayout(layout, fd_size, 1));
  layout.width = 1920;
  layout.height = 1080;
  EXPECT_TRUE(CheckLayout(layout, fd_size, 1));
  layout.planes[0].stride = 1920;
  EXPECT_EQ(CheckLayout(layout, fd_size, 1).error().message,
            "plane 0 of H264 1920x1080: stride 1920, a packet has stride 0");
  layout.planes[0].stride = 0;
  layout.planes[0].size = 4097;
  EXPECT_EQ(CheckLayout(layout, fd_size, 1).error().message,
            "plane 0 of H264 1920x1080: offset 0 + size 4097 is beyond the 4096 bytes of fd 0");
}

vstream_frame FullFrame(const vstream_layout& layout) {
  vstream_frame frame{};
  frame.struct_size = sizeof frame;
  frame.acquire_fence = frame.release_fence = -1;
  for (uint32_t i = 0; i < layout.plane_count; ++i) frame.bytes_used[i] = layout.planes[i].size;
  return frame;
}

void PutTlv(vstream_frame& frame, uint32_t at, uint32_t type, uint32_t length) {
  const vstream_tlv record{type, length};
  std::memcpy(frame.tlv + at, &record, sizeof record);
}

struct FrameChange {
  std::string text;  // empty: the frame stays valid
  std::function<void(vstream_frame&)> apply;
};

// Bug: a frame record that lets a consumer read beyond a plane, or an error without the two numbers.
TEST(CheckFrame, SaysExactlyWhatIsWrong) {
  const vstream_layout layout = *ComputeLayout(VSTREAM_FORMAT_NV12, 64, 48, {.stride_alignment = 128});
  const FrameChange table[] = {
      {"", [](auto&) {}},
      {"", [](auto& f) { f.flags = 0x1f; }},
      {"frame of NV12 64x48: unknown flags 0x20", [](auto& f) { f.flags = 0x21; }},
      {"frame of NV12 64x48: unknown timestamp_source 4", [](auto& f) { f.timestamp_source = 4; }},
      {"plane 0 of NV12 64x48: bytes_used 6145 is more than its size 6144", [](auto& f) { f.bytes_used[0]++; }},
      {"", [](auto& f) { f.bytes_used[0] = 128 * 47 + 64; }},
      {"plane 0 of NV12 64x48: bytes_used 6079 is less than 6080", [](auto& f) { f.bytes_used[0] = 128 * 47 + 63; }},
      {"plane 1 of NV12 64x48: bytes_used 0 is less than 3008", [](auto& f) { f.bytes_used[1] = 0; }},
      {"plane 2 of NV12 64x48: bytes_used 1, but there is no such plane", [](auto& f) { f.bytes_used[2] = 1; }},
      {"", [](auto& f) { f.flags = VSTREAM_FRAME_CORRUPTED, f.bytes_used[0] = 0; }},
      {"plane 0 of NV12 64x48: bytes_used 6145 is more than its size 6144",
       [](auto& f) { f.flags = VSTREAM_FRAME_CORRUPTED, f.bytes_used[0] = 6145; }},
      {"",
       [](auto& f) {
         f.visible = {0, 0, 64, 48};
       }},
      {"",
       [](auto& f) {
         f.visible = {63, 47, 1, 1};
       }},
      {"frame of NV12 64x48: visible rectangle 0x48+0+0 is not inside 64x48",
       [](auto& f) {
         f.visible = {0, 0, 0, 48};
       }},
      {"frame of NV12 64x48: visible rectangle 64x48+1+0 is not inside 64x48",
       [](auto& f) {
         f.visible = {1, 0, 64, 48};
       }},
      {"frame of NV12 64x48: visible rectangle 2x2+4294967295+0 is not inside 64x48",
       [](auto& f) {
         f.visible = {UINT32_MAX, 0, 2, 2};
       }},
      {"frame of NV12 64x48: visible rectangle 1x4294967295+0+1 is not inside 64x48",
       [](auto& f) {
         f.visible = {0, 1, 1, UINT32_MAX};
       }},
      {"frame of NV12 64x48: visible rectangle 4294967295x48+1+0 is not inside 64x48",
       [](auto& f) {
         f.visible = {1, 0, UINT32_MAX, 48};
       }},
      {"frame of NV12 64x48: acquire_fence 0, release_fence -1: fences are not supported, expected -1",
       [](auto& f) { f.acquire_fence = 0; }},
      {"frame of NV12 64x48: acquire_fence -1, release_fence 7: fences are not supported, expected -1",
       [](auto& f) { f.release_fence = 7; }},
      {"", [](auto& f) { f.tlv_bytes = 128, PutTlv(f, 0, VSTREAM_TLV_USER, 120); }},
      {"", [](auto& f) { f.tlv_bytes = 25, PutTlv(f, 0, VSTREAM_TLV_USER, 1), PutTlv(f, 16, 9, 1); }},
      {"frame of NV12 64x48: tlv_bytes 129 is more than 128", [](auto& f) { f.tlv_bytes = 129; }},
      {"frame of NV12 64x48: metadata record at byte 0 needs 8 bytes, 7 are left", [](auto& f) { f.tlv_bytes = 7; }},
      {"frame of NV12 64x48: metadata record at byte 0 says 9 bytes, 8 are left",
       [](auto& f) { f.tlv_bytes = 16, PutTlv(f, 0, 1, 9); }},
      {"frame of NV12 64x48: metadata record at byte 8 says 4294967295 bytes, 16 are left",
       [](auto& f) { f.tlv_bytes = 32, PutTlv(f, 8, 1, UINT32_MAX); }},
  };
  for (const FrameChange& change : table) {
    vstream_frame frame = FullFrame(layout);
    change.apply(frame);
    const Status sut = CheckFrame(frame, layout);
    EXPECT_EQ(sut ? "" : sut.error().message, change.text);
  }
}

// Bug: an empty packet taken for a packet; a visible rectangle refused because the dimensions are unknown.
TEST(CheckFrame, KnowsPackets) {
  const vstream_layout layout = *PacketLayout(VSTREAM_FORMAT_H264, 1000);
  vstream_frame frame = FullFrame(layout);
  frame.bytes_used[0] = 1;
  frame.visible = {0, 0, 1920, 1080};
  EXPECT_TRUE(CheckFrame(frame, layout));
  frame.bytes_used[0] = 0;
  EXPECT_EQ(CheckFrame(frame, layout).error().message, "plane 0 of H264: bytes_used 0 is less than 1");
  frame.bytes_used[0] = 1001;
  EXPECT_EQ(CheckFrame(frame, layout).error().message, "plane 0 of H264: bytes_used 1001 is more than its size 1000");
}

// Bug: two fields of the ABI confused by the tests above because both were equal.
TEST(ComputeLayout, KeepsWidthAndHeightApart) {
  const Result<vstream_layout> sut = ComputeLayout(VSTREAM_FORMAT_RGB24, 7, 2);
  ASSERT_TRUE(sut);
  EXPECT_THAT((std::vector<uint64_t>{sut->width, sut->height, sut->planes[0].stride, sut->planes[0].size}),
              ElementsAre(7, 2, 21, 42));
}

}  // namespace
}  // namespace videostream

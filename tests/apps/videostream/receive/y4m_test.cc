// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream/receive/y4m.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace videostream::receive {
namespace {

// A picture of 4x2 pixels in its own memory, rows padded to a stride of 8.
struct TestPicture {
  std::vector<uint8_t> planes[3];
  Picture picture;

  TestPicture(uint32_t format, uint32_t width, uint32_t height, const std::vector<std::vector<std::string>>& rows) {
    picture.format = format;
    picture.width = width;
    picture.height = height;
    picture.visible = {0, 0, width, height};
    picture.rate = {30, 1};
    picture.plane_count = static_cast<uint32_t>(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      for (const std::string& row : rows[i]) {
        std::string padded = row;
        padded.resize(kStride, '#');
        planes[i].insert(planes[i].end(), padded.begin(), padded.end());
      }
      picture.planes[i] = {planes[i].data(), kStride, planes[i].size()};
    }
  }
  static constexpr uint32_t kStride = 8;
};

std::string Written(const Picture& picture) {
  EXPECT_TRUE(CheckPicture(picture).has_value());
  const Result<Y4m> sut = Y4m::Create(picture);
  if (!sut) return sut.error().message;
  std::vector<uint8_t> bytes(sut->header().begin(), sut->header().end());
  const Status appended = sut->Append(picture, &bytes);
  if (!appended) return appended.error().message;
  return {bytes.begin(), bytes.end()};
}

constexpr char kHead420[] = "YUV4MPEG2 W4 H2 F30:1 Ip A1:1 C420jpeg\nFRAME\n";

// Catches padding of rows that gets into the file, and a wrong order of planes.
TEST(Y4mTest, I420IsWrittenPlaneByPlaneWithoutPadding) {
  const TestPicture sut(VSTREAM_FORMAT_I420, 4, 2, {{"abcd", "efgh"}, {"UV"}, {"XY"}});
  EXPECT_EQ(Written(sut.picture), std::string(kHead420) + "abcdefghUVXY");
}

// Catches swapped or interleaved chroma: NV12 has U first, NV21 has V first, Y4M wants all U, then all V.
TEST(Y4mTest, SemiPlanarChromaIsTakenApart) {
  const TestPicture nv12(VSTREAM_FORMAT_NV12, 4, 2, {{"abcd", "efgh"}, {"UXVY"}});
  EXPECT_EQ(Written(nv12.picture), std::string(kHead420) + "abcdefghUVXY");
  const TestPicture nv21(VSTREAM_FORMAT_NV21, 4, 2, {{"abcd", "efgh"}, {"XUYV"}});
  EXPECT_EQ(Written(nv21.picture), std::string(kHead420) + "abcdefghUVXY");
}

// Catches a wrong offset inside the four bytes of a packed pair.
TEST(Y4mTest, PackedFormatsBecome422) {
  const std::string head = "YUV4MPEG2 W4 H2 F30:1 Ip A1:1 C422\nFRAME\n";
  const TestPicture yuyv(VSTREAM_FORMAT_YUYV, 4, 2, {{"aUbXcVdY", "eSfPgThQ"}});
  EXPECT_EQ(Written(yuyv.picture), head + "abcdefgh" + "UVST" + "XYPQ");
  const TestPicture uyvy(VSTREAM_FORMAT_UYVY, 4, 2, {{"UaXbVcYd", "SePfTgQh"}});
  EXPECT_EQ(Written(uyvy.picture), head + "abcdefgh" + "UVST" + "XYPQ");
}

TEST(Y4mTest, GreyIsMono) {  // Catches chroma invented for a format that has none.
  const TestPicture sut(VSTREAM_FORMAT_GREY, 4, 2, {{"abcd", "efgh"}});
  EXPECT_EQ(Written(sut.picture), "YUV4MPEG2 W4 H2 F30:1 Ip A1:1 Cmono\nFRAME\nabcdefgh");
}

// Catches chroma rounded down for odd sizes, which loses the last column and row.
TEST(Y4mTest, OddSizesRoundChromaUp) {
  const TestPicture sut(VSTREAM_FORMAT_I420, 3, 3, {{"abc", "def", "ghi"}, {"UV", "ST"}, {"XY", "PQ"}});
  EXPECT_EQ(Written(sut.picture), "YUV4MPEG2 W3 H3 F30:1 Ip A1:1 C420jpeg\nFRAME\nabcdefghiUVSTXYPQ");
}

// Catches a header that claims a place of the chroma samples, a range or a rate which the stream does not have.
TEST(Y4mTest, HeaderCarriesRateChromaPlaceAndRange) {
  TestPicture sut(VSTREAM_FORMAT_NV12, 4, 2, {{"abcd", "efgh"}, {"UXVY"}});
  const auto header = [&] { return Y4m::Create(sut.picture)->header(); };
  sut.picture.rate = {30000, 1001};
  sut.picture.colorimetry.range = VSTREAM_RANGE_FULL;
  sut.picture.colorimetry.chroma_x = sut.picture.colorimetry.chroma_y = 2;
  EXPECT_EQ(header(), "YUV4MPEG2 W4 H2 F30000:1001 Ip A1:1 C420jpeg XCOLORRANGE=FULL\n");
  sut.picture.rate = {0, 0};
  sut.picture.colorimetry.range = VSTREAM_RANGE_LIMITED;
  sut.picture.colorimetry.chroma_x = 1;
  EXPECT_EQ(header(), "YUV4MPEG2 W4 H2 F0:0 Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED\n");
  sut.picture.colorimetry.chroma_y = 1;
  EXPECT_EQ(header(), "YUV4MPEG2 W4 H2 F0:0 Ip A1:1 C420paldv XCOLORRANGE=LIMITED\n");
}

// Catches invisible rows and columns in the file, and luma cut at an odd place that its chroma cannot follow.
TEST(Y4mTest, OnlyTheVisiblePartIsWritten) {
  TestPicture sut(VSTREAM_FORMAT_I420, 4, 4, {{"abcd", "efgh", "ijkl", "mnop"}, {"UV", "ST"}, {"XY", "PQ"}});
  sut.picture.visible = {2, 2, 2, 2};
  EXPECT_EQ(Written(sut.picture), "YUV4MPEG2 W2 H2 F30:1 Ip A1:1 C420jpeg\nFRAME\nklopTQ");
  sut.picture.visible = {3, 3, 1, 1};
  EXPECT_EQ(Written(sut.picture), "YUV4MPEG2 W2 H2 F30:1 Ip A1:1 C420jpeg\nFRAME\nklopTQ");
}

// Catches RGB written as if it were something else; the user has to learn what would work.
TEST(Y4mTest, RgbIsRefusedWithTheListOfWhatWorks) {
  const TestPicture sut(VSTREAM_FORMAT_RGB24, 2, 2, {{"RGBRGB", "RGBRGB"}});
  const Result<Y4m> created = Y4m::Create(sut.picture);
  ASSERT_FALSE(created.has_value());
  EXPECT_EQ(created.error().code, Code::kUnsupported);
  EXPECT_EQ(created.error().message,
            "frames of format RGB24 cannot be written as Y4M, which holds NV12, NV21, I420, YUYV, UYVY and GREY");
}

// Catches frames of another size in one file, which every reader would take for garbage.
TEST(Y4mTest, ChangeOfFormatIsRefused) {
  const TestPicture first(VSTREAM_FORMAT_GREY, 4, 2, {{"abcd", "efgh"}});
  const TestPicture second(VSTREAM_FORMAT_I420, 2, 2, {{"ab", "cd"}, {"U"}, {"V"}});
  const Result<Y4m> sut = Y4m::Create(first.picture);
  ASSERT_TRUE(sut.has_value());
  std::vector<uint8_t> bytes;
  const Status appended = sut->Append(second.picture, &bytes);
  ASSERT_FALSE(appended.has_value());
  EXPECT_EQ(appended.error().message, "the stream changed from GREY 4x2 to I420 2x2, which one Y4M file cannot hold");
  EXPECT_TRUE(bytes.empty());
}

// Catches reading beyond the mapping because a producer lies about stride, size, planes or the visible part.
TEST(CheckPictureTest, RefusesPicturesThatDoNotHoldWhatTheyPromise) {
  const TestPicture good(VSTREAM_FORMAT_NV12, 4, 2, {{"abcd", "efgh"}, {"UXVY"}});
  EXPECT_TRUE(CheckPicture(good.picture).has_value());
  const auto code = [&](auto change) {
    Picture picture = good.picture;
    change(picture);
    const Status status = CheckPicture(picture);
    return status ? Code::kEndOfStream : status.error().code;
  };
  EXPECT_EQ(code([](Picture& p) { p.planes[0].size = 11; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.planes[0].size = 12; }), Code::kEndOfStream) << "the last row needs no padding";
  EXPECT_EQ(code([](Picture& p) { p.planes[1].stride = 3; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.planes[1].data = nullptr; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.plane_count = 1; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.height = 0; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.height = 0xFFFFFFFF; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.planes[0].stride = 0xFFFFFFFF; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.visible = {1, 0, 4, 2}; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.visible = {0xFFFFFFFF, 0, 4, 2}; }), Code::kIo);
  EXPECT_EQ(code([](Picture& p) { p.format = VSTREAM_FORMAT_H264; }), Code::kUnsupported);
  EXPECT_EQ(code([](Picture& p) { p.format = 0x12345678; }), Code::kUnsupported);
}

}  // namespace
}  // namespace videostream::receive

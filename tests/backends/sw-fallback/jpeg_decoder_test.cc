// SPDX-License-Identifier: Apache-2.0
// JPEG pictures as cameras send them: every pixel where it belongs, and whatever else comes is refused in good order.
#include "backends/sw-fallback/jpeg_decoder.h"

#include <cmath>
#include <random>

#include "tests/backends/sw-fallback/fake_host.h"
#include "tests/backends/sw-fallback/jpeg_files.h"

namespace videostream::sw_fallback {
namespace {

constexpr uint32_t kTargets[] = {VSTREAM_FORMAT_I420,  VSTREAM_FORMAT_NV12,  VSTREAM_FORMAT_GREY,
                                 VSTREAM_FORMAT_RGB24, VSTREAM_FORMAT_BGR24, VSTREAM_FORMAT_RGBX,
                                 VSTREAM_FORMAT_RGBA,  VSTREAM_FORMAT_BGRX,  VSTREAM_FORMAT_BGRA};
// Rounding in the file, of the cosine transform and of the average of four: smooth pictures at quality 100.
constexpr int kTolerance = 3;
// Colours between the samples are interpolated by libjpeg in its own way: at the steepest place, and in RGB.
constexpr int kRgbTolerance = 9;

class JpegDecoderTest : public testing::Test {
 protected:
  backend::Status Decode(const std::string& jpeg, uint32_t width, uint32_t height,
                         uint32_t fourcc = VSTREAM_FORMAT_I420, uint32_t padding = 5) {
    sut_.Configure(width, height);
    host_.Add(1, PaddedLayout(fourcc, width, height, padding));
    // A copy of exactly this size: reading beyond it is found.
    const std::vector<uint8_t> bytes(jpeg.begin(), jpeg.end());
    backend::Status status = sut_.Decode(bytes.data(), bytes.size(), host_.Picture(1));
    EXPECT_TRUE(host_.GuardsIntact(1));
    return status;
  }
  std::string ErrorOf(const std::string& jpeg) {
    const backend::Status status = Decode(jpeg, 64, 48);
    return std::to_string(status.code()) + " " + status.message();
  }
  // All planes of the picture, without padding.
  std::string Pixels() {
    const Image image = host_.Picture(1);
    std::string all;
    for (uint32_t plane = 0; plane < image.format->plane_count; ++plane) {
      const PlaneFormat& format = image.format->planes[plane];
      for (uint32_t y = 0; y < Rows(format, image.height); ++y) {
        all.append(reinterpret_cast<char*>(image.data[plane]) + size_t{y} * image.stride[plane],
                   RowBytes(format, image.width));
      }
    }
    return all;
  }
  // The largest difference from the picture, by an implementation of its own.
  int Worst(bool grey);

  Watchdog watchdog_;
  FakeHost host_;
  JpegDecoder sut_;
};

int JpegDecoderTest::Worst(bool grey) {
  const Image image = host_.Picture(1);
  const uint32_t fourcc = image.format->fourcc, width = image.width, height = image.height;
  double worst = 0;
  const auto compare = [&](double expected, uint8_t found) {
    worst = std::max(worst, std::abs(std::clamp(expected, 0.0, 255.0) - found));
  };
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      Yuv yuv = PictureAt(x, y, width, height);
      if (grey) yuv.u = yuv.v = 128;
      const uint8_t* at = image.data[0] + size_t{y} * image.stride[0] + size_t{x} * image.format->planes[0].bytes;
      if (!image.format->rgb) {
        compare(yuv.y, *at);
        continue;
      }
      const double rgb[3] = {yuv.y + 1.402 * (yuv.v - 128), yuv.y - 0.344136 * (yuv.u - 128) - 0.714136 * (yuv.v - 128),
                             yuv.y + 1.772 * (yuv.u - 128)};
      const bool bgr = fourcc == VSTREAM_FORMAT_BGR24 || fourcc == VSTREAM_FORMAT_BGRX || fourcc == VSTREAM_FORMAT_BGRA;
      for (int i = 0; i < 3; ++i) compare(rgb[bgr ? 2 - i : i], at[i]);
      if (fourcc == VSTREAM_FORMAT_RGBA || fourcc == VSTREAM_FORMAT_BGRA) compare(255, at[3]);
    }
  }
  for (uint32_t y = 0; !image.format->rgb && image.format->plane_count > 1 && y < (height + 1) / 2; ++y) {
    for (uint32_t x = 0; x < (width + 1) / 2; ++x) {
      double u = 0, v = 0;
      for (uint32_t i = 0; i < 4; ++i) {
        const Yuv yuv =
            PictureAt(std::min(2 * x + i % 2, width - 1), std::min(2 * y + i / 2, height - 1), width, height);
        u += (grey ? 128 : yuv.u) / 4;
        v += (grey ? 128 : yuv.v) / 4;
      }
      const bool planar = fourcc == VSTREAM_FORMAT_I420;
      const uint8_t* row = image.data[1] + size_t{y} * image.stride[1];
      compare(u, planar ? row[x] : row[size_t{2} * x]);
      compare(v, planar ? image.data[2][size_t{y} * image.stride[2] + x] : row[size_t{2} * x + 1]);
    }
  }
  return static_cast<int>(std::ceil(worst));
}

// Planes mixed up or shifted by the blocks' borders; subsamplings other than 4:2:0 taken for it; odd sizes that are cut
// or written over their edge.
TEST_F(JpegDecoderTest, EverySubsamplingAtEverySize) {
  constexpr int kSamplings[][2] = {{2, 2}, {2, 1}, {1, 1}, {1, 2}, {4, 1}};
  constexpr uint32_t kSizes[][2] = {{64, 48}, {97, 63}, {160, 121}, {129, 100}, {66, 50}};
  for (const auto& [across, down] : kSamplings) {
    for (const auto& [width, height] : kSizes) {
      JpegFile file{.width = width, .height = height, .across = across, .down = down};
      const std::string jpeg = MakeJpeg(file);
      for (const uint32_t fourcc : kTargets) {
        SCOPED_TRACE(std::to_string(across) + "x" + std::to_string(down) + " " + std::to_string(width) + "x" +
                     std::to_string(height) + " " + FormatName(fourcc));
        const backend::Status status = Decode(jpeg, width, height, fourcc);
        ASSERT_TRUE(status.ok()) << status.message();
        const bool rgb = FindFormat(fourcc)->rgb;
        EXPECT_LE(Worst(false), across == 4 || rgb ? kRgbTolerance : kTolerance);
      }
    }
  }
}

// Colour taken from memory that a grey picture does not fill.
TEST_F(JpegDecoderTest, GreyPicturesAreNeutral) {
  for (const uint32_t fourcc : kTargets) {
    SCOPED_TRACE(FormatName(fourcc));
    ASSERT_TRUE(Decode(MakeJpeg({.width = 67, .height = 35, .grey = true}), 67, 35, fourcc).ok());
    EXPECT_LE(Worst(true), kTolerance);
  }
}

// The smallest pictures: fewer pixels than a block, in every direction.
TEST_F(JpegDecoderTest, TinyPictures) {
  for (uint32_t width = 1; width < 20; ++width) {
    for (uint32_t height = 1; height < 20; ++height) {
      const std::string jpeg = MakeJpeg({.width = width, .height = height, .across = 1, .down = 1});
      for (const uint32_t fourcc : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24}) {
        ASSERT_TRUE(Decode(jpeg, width, height, fourcc).ok()) << width << "x" << height;
      }
    }
  }
}

// Cameras leave the Huffman tables out (the AVI tradition); those of the picture before must not be taken instead.
TEST_F(JpegDecoderTest, MissingHuffmanTablesAreTheStandardOnes) {
  const std::string jpeg = MakeJpeg({}), bare = WithoutSegments(jpeg, 0xC4);
  ASSERT_LT(bare.size(), jpeg.size() - 300);
  ASSERT_TRUE(Decode(jpeg, 64, 48).ok());
  const std::string expected = Pixels();
  ASSERT_TRUE(Decode(MakeJpeg({.optimized = true}), 64, 48).ok());
  const backend::Status status = Decode(bare, 64, 48);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(Pixels(), expected);
}

// What cameras and their drivers add around the picture, and what they forget.
TEST_F(JpegDecoderTest, WhatCamerasAddDoesNotMatter) {
  const std::string jpeg = MakeJpeg({}), body = jpeg.substr(0, jpeg.size() - 2), thumbnail = MakeJpeg({.width = 16});
  ASSERT_TRUE(Decode(jpeg, 64, 48).ok());
  const std::string expected = Pixels();
  const std::pair<const char*, std::string> varieties[] = {
      {"padding behind the end", jpeg + std::string(4096, '\0')},
      {"garbage behind the end", jpeg + "garbage" + thumbnail},
      {"a thumbnail in front", WithSegment(jpeg, 0xE1, thumbnail)},
      {"a segment of the camera's own", WithSegment(jpeg, 0xEF, std::string(65000, '\xFF'))},
      {"a comment", WithSegment(jpeg, 0xFE, "made by a test")},
      {"two bytes before the end marker", body + std::string("\0\0", 2) + "\xFF\xD9"},
      {"fill bytes before the end marker", body + "\xFF\xFF\xFF\xFF\xD9"},
      {"no end marker", body},
      {"half an end marker", body + "\xFF"},
  };
  for (const auto& [name, bytes] : varieties) {
    SCOPED_TRACE(name);
    const backend::Status status = Decode(bytes, 64, 48);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(Pixels(), expected);
  }
  EXPECT_FALSE(Decode(body + std::string(500, '\0') + "\xFF\xD9", 64, 48).ok()) << "half a kilobyte is no slip";
}

// Restart markers read as data.
TEST_F(JpegDecoderTest, RestartMarkers) {
  for (const unsigned restart : {1U, 3U, 7U}) {
    const std::string jpeg = MakeJpeg({.restart = restart});
    ASSERT_NE(jpeg.find("\xFF\xD0"), jpeg.npos);
    ASSERT_TRUE(Decode(jpeg, 64, 48).ok());
    EXPECT_LE(Worst(false), kTolerance);
  }
}

// Refusals without a reason, and pictures of another kind shown as noise.
TEST_F(JpegDecoderTest, NamesWhatItDoesNotTake) {
  EXPECT_EQ(ErrorOf(MakeJpeg({.width = 80, .height = 60})), "-7 JPEG: the picture is 80x60, expected 64x48");
  EXPECT_EQ(ErrorOf(MakeJpeg({.progressive = true})), "-2 JPEG: is progressive, expected one sequential scan");
  EXPECT_EQ(ErrorOf(MakeJpeg({.separate_scans = true})), "-2 JPEG: has several scans, expected one");
  EXPECT_EQ(ErrorOf(MakeJpeg({.arithmetic = true})), "-2 JPEG: is coded arithmetically, expected Huffman codes");
  EXPECT_EQ(ErrorOf(MakeJpeg({.cmyk = true})), "-2 JPEG: holds CMYK in 4 components, expected YCbCr or grey");
  EXPECT_EQ(ErrorOf(MakeJpeg({.rgb = true})), "-2 JPEG: holds RGB in 3 components, expected YCbCr or grey");
  EXPECT_EQ(ErrorOf(MakeJpeg({.across = 1, .down = 4})), "-2 JPEG: sampling factors 1x4,1x1,1x1 are not supported");
  EXPECT_EQ(ErrorOf("GIF89a"), "-7 JPEG: Not a JPEG file: starts with 0x47 0x49");
  EXPECT_EQ(ErrorOf(""), "-7 JPEG: Not a JPEG file: starts with 0xff 0xd9");
}

// A few bytes that claim to be four gigapixels: refused by what was configured, before anything is allocated for them.
TEST_F(JpegDecoderTest, BombsAreRefusedByTheirHeader) {
  std::string jpeg = MakeJpeg({});
  const size_t at = FindMarker(jpeg, 0xC0);
  ASSERT_NE(at, jpeg.npos);
  jpeg.replace(at + 5, 4, "\xFF\xDC\xFF\xDC");
  EXPECT_EQ(ErrorOf(jpeg), "-7 JPEG: the picture is 65500x65500, expected 64x48");
}

// Half a picture shown as a whole one, a read behind the end, an end of the process, a line on stderr.
TEST_F(JpegDecoderTest, TruncatedAnywhereIsAnErrorOrThePicture) {
  for (const int down : {1, 2}) {
    const std::string jpeg = MakeJpeg({.width = 40, .height = 24, .down = down, .restart = 2});
    for (const uint32_t fourcc : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_RGB24}) {
      ASSERT_TRUE(Decode(jpeg, 40, 24, fourcc).ok());
      const std::string expected = Pixels();
      testing::internal::CaptureStderr();
      size_t good = 0;
      for (size_t length = 0; length < jpeg.size(); ++length) {
        const backend::Status status = Decode(jpeg.substr(0, length), 40, 24, fourcc);
        if (!status.ok()) {
          EXPECT_GT(status.message().size(), sizeof "JPEG: ") << length;
          continue;
        }
        ++good;
        EXPECT_EQ(Pixels(), expected) << length << " of " << jpeg.size();
      }
      EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
      EXPECT_LE(good, 3u) << "the end marker may be missing, and a byte of nothing but padding bits";
    }
  }
}

// Any bytes at all: an error or a picture, nothing else.
TEST_F(JpegDecoderTest, FlippedBytesAreAnErrorOrAPicture) {
  const unsigned seed = 20;
  std::mt19937 random(seed);
  std::vector<std::string> good;
  for (const int across : {1, 2, 4}) {
    good.push_back(MakeJpeg({.width = 48, .height = 40, .across = across, .down = 1, .quality = 70}));
    good.push_back(MakeJpeg({.width = 48, .height = 40, .across = across, .quality = 70, .restart = 2, .noise = 3}));
  }
  good.push_back(MakeJpeg({.width = 48, .height = 40, .grey = true, .quality = 70}));
  good.push_back(MakeJpeg({.width = 48, .height = 40, .progressive = true, .quality = 70}));
  testing::internal::CaptureStderr();
  int broken = 0;
  constexpr int kRounds = 20'000;
  for (int round = 0; round < kRounds; ++round) {
    std::string jpeg = good[random() % good.size()];
    // Half of the changes in the headers, where they do most.
    const size_t reach = random() % 2 == 0 ? std::min<size_t>(jpeg.size(), 700) : jpeg.size();
    for (unsigned change = 1 + random() % 4; change-- > 0;) {
      const size_t at = random() % std::min(reach, jpeg.size());
      switch (random() % 4) {
        case 0:
          jpeg[at] = static_cast<char>(random());
          break;
        case 1:
          jpeg[at] = static_cast<char>(jpeg[at] ^ (1 << random() % 8));
          break;
        case 2:
          jpeg[at] = '\xFF';
          break;
        default:
          jpeg.erase(at, 1 + random() % 8);
      }
    }
    const backend::Status status = Decode(jpeg, 48, 40, kTargets[random() % std::size(kTargets)]);
    broken += status.ok() ? 0 : 1;
    ASSERT_FALSE(HasFailure()) << "seed " << seed << " round " << round;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(broken, kRounds / 3);
  EXPECT_LT(broken, kRounds);
}

}  // namespace
}  // namespace videostream::sw_fallback

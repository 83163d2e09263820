// SPDX-License-Identifier: Apache-2.0
// The encoder device `jpeg`: one JPEG file per frame, in the right colours, never larger than was said.
#include "backends/sw-fallback/jpeg_codec.h"

#include <cmath>
#include <random>

#include "backends/sw-fallback/encoder.h"
#include "backends/sw-fallback/jpeg_decoder.h"
#include "tests/backends/sw-fallback/fake_host.h"
#include "tests/backends/sw-fallback/jpeg_files.h"

namespace videostream::sw_fallback {
namespace {

constexpr vstream_colorimetry kFull601{2, 2, 6, VSTREAM_RANGE_FULL, 0, 0, {}};
constexpr vstream_colorimetry kLimited601{2, 2, 6, VSTREAM_RANGE_LIMITED, 0, 0, {}};
constexpr vstream_colorimetry kLimited709{1, 1, 1, VSTREAM_RANGE_LIMITED, 0, 0, {}};

struct Rgb {
  double r, g, b;
};

Rgb RgbAt(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  const double across = (x + 0.5) / width, down = (y + 0.5) / height;
  return {60 + 150 * across, 200 - 120 * down, 90 + 80 * across * down};
}

// The samples of a pixel in these colours, from their definition.
Yuv Encode(const Rgb& rgb, const vstream_colorimetry& colour) {
  const double kr = colour.matrix == 1 ? 0.2126 : 0.299, kb = colour.matrix == 1 ? 0.0722 : 0.114;
  const double y = kr * rgb.r + (1 - kr - kb) * rgb.g + kb * rgb.b;
  const double u = (rgb.b - y) / (2 - 2 * kb), v = (rgb.r - y) / (2 - 2 * kr);
  if (colour.range == VSTREAM_RANGE_FULL) return {y, u + 128, v + 128};
  return {16 + y * 219 / 255, 128 + u * 224 / 255, 128 + v * 224 / 255};
}

uint8_t Round(double value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))); }

// Draws the picture of RgbAt in any format. Chroma is sampled where it stands.
void Draw(const Image& image, const vstream_colorimetry& colour) {
  const uint32_t width = image.width, height = image.height, fourcc = image.format->fourcc;
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const Rgb rgb = RgbAt(x, y, width, height);
      const Yuv yuv = Encode(rgb, colour);
      uint8_t* row = image.data[0] + size_t{y} * image.stride[0];
      if (image.format->rgb) {
        const bool bgr =
            fourcc == VSTREAM_FORMAT_BGR24 || fourcc == VSTREAM_FORMAT_BGRX || fourcc == VSTREAM_FORMAT_BGRA;
        uint8_t* at = row + size_t{x} * image.format->planes[0].bytes;
        const double values[3] = {bgr ? rgb.b : rgb.r, rgb.g, bgr ? rgb.r : rgb.b};
        for (int i = 0; i < 3; ++i) at[i] = Round(values[i]);
      } else if (fourcc == VSTREAM_FORMAT_YUYV || fourcc == VSTREAM_FORMAT_UYVY) {
        const uint32_t luma = fourcc == VSTREAM_FORMAT_YUYV ? 0 : 1;
        row[2 * x + luma] = Round(yuv.y);
        row[4 * (x / 2) + 1 - luma + (x % 2) * 2] = Round(x % 2 == 0 ? yuv.u : yuv.v);
        if (x % 2 == 0 && x + 1 == width) row[4 * (x / 2) + 3 - luma] = Round(yuv.v);
      } else {
        row[x] = Round(yuv.y);
      }
      if (image.format->plane_count == 1 || x % 2 != 0 || y % 2 != 0) continue;
      const size_t chroma = size_t{y / 2} * image.stride[1];
      if (image.format->plane_count == 3) {
        image.data[1][chroma + x / 2] = Round(yuv.u);
        image.data[2][size_t{y / 2} * image.stride[2] + x / 2] = Round(yuv.v);
      } else {
        const uint32_t u = fourcc == VSTREAM_FORMAT_NV12 ? 0 : 1;
        image.data[1][chroma + x + u] = Round(yuv.u);
        image.data[1][chroma + x + 1 - u] = Round(yuv.v);
      }
    }
  }
}

class JpegCodecTest : public testing::Test {
 protected:
  static vstream_encoder_config Config(uint32_t fourcc, uint32_t width, uint32_t height,
                                       const vstream_colorimetry& colour = kFull601, uint32_t quality = 0) {
    vstream_encoder_config config{};
    config.struct_size = sizeof config;
    config.codec = VSTREAM_FORMAT_MJPEG;
    config.input = MinimalLayout(fourcc, width, height);
    config.colorimetry = colour;
    config.gop = 30;
    config.quality = quality;
    return config;
  }
  // Encodes the picture of buffer 1 into exactly `capacity` bytes.
  backend::Status Encode(uint64_t capacity) {
    packet_.assign(capacity, 0);
    Codec::Packet packet;
    backend::Status status = sut_.Encode(host_.Picture(1), 0, false, packet_.data(), packet_.size(), &packet);
    if (!status.ok()) return status;
    EXPECT_TRUE(packet.key);
    EXPECT_LE(packet.bytes, capacity);
    packet_.resize(packet.bytes);
    return status;
  }
  // Largest and mean difference of the packet from RgbAt, in RGB.
  void Compare(uint32_t width, uint32_t height, double* worst, double* mean, const vstream_colorimetry* grey = nullptr);
  // Compares as a whole what Config, Draw and Encode have made.
  void RoundTrip(uint32_t fourcc, uint32_t width, uint32_t height, const vstream_colorimetry& colour);

  Watchdog watchdog_;
  FakeHost host_;
  JpegCodec sut_{host_.handle()};
  vstream_encoder_needs needs_{};
  std::vector<uint8_t> packet_;
};

void JpegCodecTest::Compare(uint32_t width, uint32_t height, double* worst, double* mean,
                            const vstream_colorimetry* grey) {
  JpegDecoder decoder;
  decoder.Configure(width, height);
  host_.Add(900, MinimalLayout(VSTREAM_FORMAT_RGB24, width, height));
  const backend::Status status = decoder.Decode(packet_.data(), packet_.size(), host_.Picture(900));
  ASSERT_TRUE(status.ok()) << status.message();
  *worst = *mean = 0;
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      Rgb rgb = RgbAt(x, y, width, height);
      if (grey != nullptr) {  // the luma stays what it was: there is no colour to make another one of
        rgb.r = rgb.g = rgb.b = sw_fallback::Encode(rgb, {2, 2, grey->matrix, VSTREAM_RANGE_FULL, 0, 0, {}}).y;
      }
      const uint8_t* at = host_.Plane(900, 0) + (size_t{y} * width + x) * 3;
      for (const double error : {rgb.r - at[0], rgb.g - at[1], rgb.b - at[2]}) {
        *worst = std::max(*worst, std::abs(error));
        *mean += std::abs(error) / (3.0 * width * height);
      }
    }
  }
}

void JpegCodecTest::RoundTrip(uint32_t fourcc, uint32_t width, uint32_t height, const vstream_colorimetry& colour) {
  SCOPED_TRACE(FormatName(fourcc) + " " + std::to_string(width) + "x" + std::to_string(height) + " matrix " +
               std::to_string(colour.matrix) + " range " + std::to_string(colour.range));
  const backend::Status configured = sut_.Configure(Config(fourcc, width, height, colour, 100), &needs_);
  ASSERT_TRUE(configured.ok()) << configured.message();
  host_.Add(1, PaddedLayout(fourcc, width, height, 12));
  Draw(host_.Picture(1), colour);
  const backend::Status status = Encode(needs_.max_packet_bytes);
  ASSERT_TRUE(status.ok()) << status.message();
  double worst = 0, mean = 0;
  Compare(width, height, &worst, &mean, fourcc == VSTREAM_FORMAT_GREY ? &colour : nullptr);
  // A wrong range or matrix is off by 10 and more; two roundings and chroma at half resolution are not.
  EXPECT_LE(worst, 9);
  EXPECT_LE(mean, 1.8);
}

// Wrong colours: a matrix or range taken for another, planes swapped, edges of odd sizes made of something else.
TEST_F(JpegCodecTest, EveryInputFormatComesBack) {
  for (const Format& format : AllFormats()) {
    for (const auto& [width, height] : {std::pair{160U, 96U}, {101U, 67U}, {162U, 98U}}) {
      for (const vstream_colorimetry& colour : {kFull601, kLimited601, kLimited709}) {
        if (format.rgb) {
          RoundTrip(format.fourcc, width, height, {2, 2, 0, VSTREAM_RANGE_FULL, 0, 0, {}});
        } else {
          RoundTrip(format.fourcc, width, height, colour);
        }
      }
    }
  }
}

// Unspecified YUV is limited range, and BT.709 from 1280x720 on: taken for JPEG's own it would look washed out.
TEST_F(JpegCodecTest, UnspecifiedColoursAreWhatTheContractSays) {
  constexpr vstream_colorimetry kNothing{};
  for (const auto& [width, height, meant] : {std::tuple{320U, 240U, kLimited601}, {1280U, 720U, kLimited709}}) {
    ASSERT_TRUE(sut_.Configure(Config(VSTREAM_FORMAT_NV12, width, height, kNothing, 100), &needs_).ok());
    host_.Add(1, MinimalLayout(VSTREAM_FORMAT_NV12, width, height));
    Draw(host_.Picture(1), meant);
    ASSERT_TRUE(Encode(needs_.max_packet_bytes).ok());
    double worst = 0, mean = 0;
    Compare(width, height, &worst, &mean);
    EXPECT_LE(worst, 9) << width;
    EXPECT_LE(mean, 1.8) << width;
  }
}

// The smallest pictures, and every remainder of a unit.
TEST_F(JpegCodecTest, TinyPictures) {
  for (uint32_t width = 1; width < 36; width += 3) {
    for (uint32_t height = 1; height < 36; height += 3) {
      for (const uint32_t fourcc :
           {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_I420, VSTREAM_FORMAT_GREY, VSTREAM_FORMAT_BGRX}) {
        ASSERT_TRUE(sut_.Configure(Config(fourcc, width, height), &needs_).ok());
        host_.Add(1, PaddedLayout(fourcc, width, height, 1));
        Draw(host_.Picture(1), kFull601);
        ASSERT_TRUE(Encode(needs_.max_packet_bytes).ok()) << width << "x" << height;
        double worst = 0, mean = 0;
        Compare(width, height, &worst, &mean, fourcc == VSTREAM_FORMAT_GREY ? &kFull601 : nullptr);
      }
    }
  }
}

// A bound that the worst picture there is breaks: it would be dropped, or lose quality without need.
TEST_F(JpegCodecTest, BlackAndWhiteNoiseFitsIntoMaxPacketBytes) {
  std::mt19937 random(11);
  for (const uint32_t quality : {50U, 85U, 95U, 96U, 100U}) {
    for (const uint32_t fourcc : {VSTREAM_FORMAT_I420, VSTREAM_FORMAT_GREY, VSTREAM_FORMAT_RGB24}) {
      ASSERT_TRUE(sut_.Configure(Config(fourcc, 320, 240, kFull601, quality), &needs_).ok());
      host_.Add(1, MinimalLayout(fourcc, 320, 240));
      const Image image = host_.Picture(1);
      for (uint32_t plane = 0; plane < image.format->plane_count; ++plane) {
        const size_t bytes = size_t{image.stride[plane]} * Rows(image.format->planes[plane], 240);
        for (size_t i = 0; i < bytes; ++i) image.data[plane][i] = random() % 2 == 0 ? 0 : 255;
      }
      ASSERT_TRUE(Encode(needs_.max_packet_bytes).ok());
      EXPECT_TRUE(host_.Log().empty()) << host_.Log()[0];
      EXPECT_GT(packet_.size(), needs_.max_packet_bytes / 4) << "a bound that says nothing";
    }
  }
}

// A write behind the buffer; a picture given up that would fit at a lower quality; a log line per frame.
TEST_F(JpegCodecTest, WhatDoesNotFitIsEncodedMoreCoarsely) {
  ASSERT_TRUE(sut_.Configure(Config(VSTREAM_FORMAT_RGB24, 160, 120, kFull601, 90), &needs_).ok());
  host_.Add(1, MinimalLayout(VSTREAM_FORMAT_RGB24, 160, 120));
  std::mt19937 random(12);
  for (size_t i = 0; i < size_t{160} * 120 * 3; ++i) host_.Plane(1, 0)[i] = static_cast<uint8_t>(random());
  ASSERT_TRUE(Encode(needs_.max_packet_bytes).ok());
  const size_t full = packet_.size();
  ASSERT_TRUE(Encode(full - 1).ok());
  ASSERT_TRUE(Encode(full / 3).ok());
  EXPECT_LT(packet_.size(), full / 3);
  double worst = 0, mean = 0;
  Compare(160, 120, &worst, &mean);
  ASSERT_EQ(host_.Log().size(), 1u);
  EXPECT_EQ(host_.Log()[0], "3 a picture outgrew its packet buffer of " + std::to_string(full - 1) +
                                " bytes: such pictures are encoded at a lower quality");
  for (uint64_t capacity : {uint64_t{0}, uint64_t{1}, uint64_t{600}}) {
    const backend::Status status = Encode(capacity);
    EXPECT_EQ(status.code(), VSTREAM_E_IO);
    EXPECT_EQ(status.message(), "the packet does not fit into a buffer of " + std::to_string(capacity) +
                                    " bytes, not even at quality 1: it is dropped");
  }
  ASSERT_TRUE(Encode(full + 1).ok()) << "the next one is as if nothing had been";
  EXPECT_EQ(packet_.size(), full);
}

// A quality that is ignored, or turned round.
TEST_F(JpegCodecTest, QualityDecidesAboutTheSize) {
  host_.Add(1, MinimalLayout(VSTREAM_FORMAT_RGB24, 160, 120));
  std::mt19937 random(13);
  for (size_t i = 0; i < size_t{160} * 120 * 3; ++i) host_.Plane(1, 0)[i] = static_cast<uint8_t>(100 + random() % 60);
  std::vector<size_t> sizes;
  for (const uint32_t quality : {1U, 30U, 60U, 85U, 95U, 100U, 0U}) {
    ASSERT_TRUE(sut_.Configure(Config(VSTREAM_FORMAT_RGB24, 160, 120, kFull601, quality), &needs_).ok());
    ASSERT_TRUE(Encode(needs_.max_packet_bytes).ok());
    sizes.push_back(packet_.size());
  }
  for (size_t i = 1; i < 6; ++i) EXPECT_GT(sizes[i], sizes[i - 1]) << i;
  EXPECT_EQ(sizes[6], sizes[3]) << "0 is 85";
}

// Configurations that are taken and end in a crash, and refusals without the limit.
TEST_F(JpegCodecTest, RefusesWhatItCannot) {
  const auto error = [&](auto&& change) {
    vstream_encoder_config config = Config(VSTREAM_FORMAT_NV12, 64, 64);
    change(config);
    const backend::Status status = sut_.Configure(config, &needs_);
    return std::to_string(status.code()) + " " + status.message();
  };
  EXPECT_EQ(error([](auto& config) { config.codec = VSTREAM_FORMAT_H264; }), "-2 codec 0x34363248: expected MJPEG");
  EXPECT_EQ(error([](auto& config) { config.input.fourcc = VSTREAM_FORMAT_MJPEG; }),
            "-2 input 0x47504a4d: expected a raw format");
  EXPECT_EQ(error([](auto& config) { config.input.width = 0; }), "-2 size 0x64 is outside 1x1..16384x16384");
  EXPECT_EQ(error([](auto& config) { config.quality = 101; }), "-1 quality 101 is outside 1..100");
  EXPECT_EQ(error([](auto& config) { config.gop = 0; }), "-1 gop 0: expected 1 or more");
  EXPECT_FALSE(sut_.CheckBitrate(0).ok());
  EXPECT_TRUE(sut_.CheckBitrate(1'000'000).ok());
}

// The device: named by probe with its formats, found by its name, and every packet in order, a key frame, of its frame.
TEST_F(JpegCodecTest, TheDeviceEncodesInOrder) {
  backend::DeviceList devices;
  ASSERT_TRUE(Encoder::Probe(host_.handle(), devices).ok());
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_STREQ(devices[1].id, "jpeg");
  const vstream_format_range& last = devices[1].formats[devices[1].format_count - 1];
  EXPECT_EQ(last.fourcc, VSTREAM_FORMAT_MJPEG);
  EXPECT_EQ(last.directions, VSTREAM_DIRECTION_OUTPUT);
  Encoder device;
  device.SetHost(host_.handle());
  const CreateInfo nobody("webp", {}), jpeg("jpeg", {});
  EXPECT_EQ(device.Open(nobody.options()).message(), "device 'webp': no such device, expected 'openh264' or 'jpeg'");
  ASSERT_TRUE(device.Open(jpeg.options()).ok());
  ASSERT_TRUE(device.Configure(Config(VSTREAM_FORMAT_NV12, 96, 64), &needs_).ok());
  int32_t fd = -1;
  ASSERT_TRUE(device.PollFd(&fd).ok());
  vstream_layout coded{};
  coded.fourcc = VSTREAM_FORMAT_MJPEG;
  coded.plane_count = 1;
  coded.planes[0].size = needs_.max_packet_bytes;
  for (uint32_t i = 0; i < needs_.max_jobs; ++i) {
    ASSERT_TRUE(device.Attach(i, host_.Add(i, MinimalLayout(VSTREAM_FORMAT_NV12, 96, 64))).ok());
    ASSERT_TRUE(device.Attach(100 + i, host_.Add(100 + i, coded)).ok());
    Draw(host_.Picture(i), kFull601);
  }
  coded.fourcc = VSTREAM_FORMAT_H264;
  EXPECT_FALSE(device.Attach(200, host_.Add(200, coded)).ok()) << "a buffer for the other codec";
  for (uint64_t frame = 0; frame < 40; frame += needs_.max_jobs) {
    for (uint32_t i = 0; i < needs_.max_jobs; ++i) {
      vstream_encoder_job job{};
      job.packet_id = 100 + i;
      job.input.buffer_id = i;
      job.cookie = job.input.sequence = frame + i;
      ASSERT_TRUE(device.Submit(job).ok());
    }
    for (uint32_t i = 0; i < needs_.max_jobs; ++i) {
      ASSERT_TRUE(Readable(fd, 60'000));
      vstream_encoder_result result{};
      ASSERT_TRUE(device.Collect(&result).ok());
      EXPECT_EQ(result.status, VSTREAM_OK);
      EXPECT_EQ(result.cookie, frame + i);
      EXPECT_EQ(result.packet.flags, VSTREAM_FRAME_KEY);
      packet_.assign(host_.Plane(100 + i, 0), host_.Plane(100 + i, 0) + result.packet.bytes_used[0]);
      double worst = 255, mean = 255;
      Compare(96, 64, &worst, &mean);
      EXPECT_LE(mean, 2);
    }
  }
}

}  // namespace
}  // namespace videostream::sw_fallback

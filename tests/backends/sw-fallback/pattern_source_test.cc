// SPDX-License-Identifier: Apache-2.0
// The test picture in every format: readable, inside its buffer, and still readable after a conversion.
#include "backends/sw-fallback/pattern_source.h"

#include <set>

#include "backends/sw-fallback/conversion.h"
#include "tests/backends/sw-fallback/fake_host.h"

namespace videostream::sw_fallback {
namespace {

using pattern::Reading;
using pattern::Stamp;

vstream_capture_config Configured(PatternSource& source, uint32_t fourcc, uint32_t width, uint32_t height) {
  vstream_capture_request request{};
  request.fourcc = fourcc;
  request.width = width;
  request.height = height;
  vstream_capture_config config{};
  const backend::Status status = source.Configure(request, &config);
  EXPECT_TRUE(status.ok()) << status.message();
  return config;
}

std::vector<uint32_t> AllFormats() {
  vstream_device device{};
  PatternSource::AppendFormats(&device);
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < device.format_count; ++i) all.push_back(device.formats[i].fourcc);
  return all;
}

Reading ReadImage(const Image& image) {
  return pattern::Read(image.format->fourcc, image.data[0], image.stride[0], image.width, image.height);
}

// A format whose luma is misplaced, a row that runs over its end, an odd size that is cut.
TEST(PatternSourceTest, IsReadBackInEveryFormatAndSize) {
  ASSERT_EQ(AllFormats().size(), 12u);
  for (uint32_t fourcc : AllFormats()) {
    for (const auto& [width, height] :
         {std::pair{64u, 64u}, {65u, 67u}, {66u, 65u}, {129u, 96u}, {322u, 241u}, {640u, 480u}}) {
      FakeHost host;
      PatternSource sut;
      Configured(sut, fourcc, width, height);
      host.Add(1, PaddedLayout(fourcc, width, height, 24));
      const Stamp stamp{0x1'0000'0007, 1'234'567'891'234};
      sut.Draw(stamp, host.Picture(1));
      const Reading reading = ReadImage(host.Picture(1));
      EXPECT_TRUE(reading.is_pattern && !reading.torn && reading.stamp == stamp)
          << FormatName(fourcc) << " " << width << "x" << height << " bad rows " << reading.bad_rows << " from "
          << reading.first_bad;
      EXPECT_TRUE(host.GuardsIntact(1)) << FormatName(fourcc) << " " << width << "x" << height;
      uint32_t frame = 0;
      EXPECT_TRUE(pattern::ReadHeader(fourcc, host.Plane(1, 0), host.Picture(1).stride[0], width, height, &frame));
      EXPECT_EQ(frame, 7u);
    }
  }
}

// Pixels that are left from the frame before: every byte of every plane must be written each time.
TEST(PatternSourceTest, OverwritesTheWholePicture) {
  for (uint32_t fourcc : AllFormats()) {
    FakeHost host;
    PatternSource sut;
    Configured(sut, fourcc, 131, 97);
    const vstream_layout layout = MinimalLayout(fourcc, 131, 97);
    host.Add(1, layout);
    host.Add(2, layout);
    const vstream_plane& last = layout.planes[layout.plane_count - 1];
    std::fill_n(host.Plane(2, 0), last.offset + last.size, uint8_t{0});
    sut.Draw({9, 9}, host.Picture(1));
    sut.Draw({8, 8}, host.Picture(2));
    sut.Draw({9, 9}, host.Picture(2));
    EXPECT_TRUE(std::equal(host.Plane(1, 0), host.Plane(1, 0) + last.offset + last.size, host.Plane(2, 0)))
        << FormatName(fourcc);
  }
}

// A picture for people that stands still, or whose digits do not follow the stamp.
TEST(PatternSourceTest, ShowsMotionAndTime) {
  FakeHost host;
  PatternSource sut;
  Configured(sut, VSTREAM_FORMAT_GREY, 640, 480);
  std::set<std::vector<uint8_t>> text, bars;
  for (uint64_t frame = 1; frame <= 5; ++frame) {
    host.Add(1, MinimalLayout(VSTREAM_FORMAT_GREY, 640, 480));
    sut.Draw({frame, static_cast<int64_t>(frame) * 40'000'000}, host.Picture(1));
    const auto without_code = [&](uint32_t row) {
      std::vector<uint8_t> pixels(host.Plane(1, 0) + size_t{row} * 640, host.Plane(1, 0) + size_t{row + 1} * 640);
      for (uint8_t& pixel : pixels) pixel &= 0xF0;
      return pixels;
    };
    bars.insert(without_code(400));
    std::vector<uint8_t> band;
    for (uint32_t row = 60; row < 140; ++row) {
      const std::vector<uint8_t> pixels = without_code(row);
      band.insert(band.end(), pixels.begin(), pixels.end());
    }
    text.insert(band);
  }
  EXPECT_EQ(bars.size(), 5u);
  EXPECT_EQ(text.size(), 5u);
}

// Colours that a conversion clips would break the code: every target of the converter stays readable.
TEST(PatternSourceTest, SurvivesOneConversion) {
  for (uint32_t source : AllFormats()) {
    for (uint32_t target : AllFormats()) {
      vstream_converter_config config{};
      config.source = MinimalLayout(source, 322, 242);
      config.target = MinimalLayout(target, 322, 242);
      Conversion conversion;
      if (!conversion.Configure(config).ok()) continue;
      FakeHost host;
      PatternSource sut;
      Configured(sut, source, 322, 242);
      host.Add(1, config.source);
      host.Add(2, config.target);
      sut.Draw({1234, 5678}, host.Picture(1));
      ASSERT_TRUE(conversion.Run(host.Picture(1), host.Picture(2)).ok());
      const Reading reading = ReadImage(host.Picture(2));
      EXPECT_TRUE(reading.is_pattern && !reading.torn)
          << FormatName(source) << " to " << FormatName(target) << ": bad rows " << reading.bad_rows << " from "
          << reading.first_bad;
    }
  }
}

// Wishes that cannot be had are adjusted; a format that cannot be drawn is refused by name.
TEST(PatternSourceTest, AdjustsWishes) {
  PatternSource sut;
  vstream_capture_request request{};
  vstream_capture_config config{};
  ASSERT_TRUE(sut.Configure(request, &config).ok());
  EXPECT_EQ(config.layout.fourcc, VSTREAM_FORMAT_NV12);
  EXPECT_EQ(config.layout.width, 1280u);
  EXPECT_EQ(config.layout.height, 720u);
  EXPECT_EQ(config.rate.num / config.rate.den, 30u);
  EXPECT_EQ(config.colorimetry.matrix, 6);
  request.width = 1;
  request.height = 100;
  request.rate = {4'000'000'000u, 1};
  ASSERT_TRUE(sut.Configure(request, &config).ok());
  EXPECT_EQ(config.layout.width, 64u);
  EXPECT_EQ(config.layout.height, 100u);
  EXPECT_EQ(config.rate.num, 1000u);
  request.fourcc = VSTREAM_FORMAT_MJPEG;
  const backend::Status status = sut.Configure(request, &config);
  EXPECT_EQ(status.code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(status.message(),
            "pattern: cannot draw 0x47504a4d, expected one of NV12, NV21, I420, YUYV, UYVY, GREY, RGB24, BGR24, RGBX, "
            "RGBA, BGRX, BGRA");
}

}  // namespace
}  // namespace videostream::sw_fallback

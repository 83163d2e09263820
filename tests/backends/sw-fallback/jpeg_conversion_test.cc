// SPDX-License-Identifier: Apache-2.0
// MJPEG into a converter: decoded right into the target or through a conversion, one broken picture at a time.
#include "backends/sw-fallback/jpeg_conversion.h"

#include <cmath>
#include <random>

#include "backends/sw-fallback/coded_layout.h"
#include "backends/sw-fallback/converter.h"
#include "tests/backends/sw-fallback/fake_host.h"
#include "tests/backends/sw-fallback/jpeg_files.h"

namespace videostream::sw_fallback {
namespace {

constexpr vstream_colorimetry kLimited709{1, 1, 1, VSTREAM_RANGE_LIMITED, 0, 0, {}};
constexpr vstream_colorimetry kFull601{2, 2, 6, VSTREAM_RANGE_FULL, 0, 0, {}};

vstream_converter_config Config(uint32_t width, uint32_t height, uint32_t fourcc) {
  vstream_converter_config config{};
  config.struct_size = sizeof config;
  config.filter = VSTREAM_FILTER_BOX;
  config.source = CodedLayout(VSTREAM_FORMAT_MJPEG, width, height, 1 << 20);
  config.target = MinimalLayout(fourcc, width, height);
  return config;
}

class JpegConversionTest : public testing::Test {
 protected:
  void Run(const vstream_converter_config& config, const std::string& jpeg) {
    const backend::Status configured = sut_.Configure(config);
    ASSERT_TRUE(configured.ok()) << configured.message();
    host_.Add(1, PaddedLayout(config.target.fourcc, config.target.width, config.target.height, 6));
    const backend::Status status =
        sut_.Run(reinterpret_cast<const uint8_t*>(jpeg.data()), jpeg.size(), host_.Picture(1));
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(host_.GuardsIntact(1));
  }
  // The largest difference of the luma (or of R, G, B) from `expected(x, y)`.
  template <class Expected>
  double Worst(Expected&& expected) {
    const Image image = host_.Picture(1);
    double worst = 0;
    for (uint32_t y = 0; y < image.height; ++y) {
      for (uint32_t x = 0; x < image.width; ++x) {
        const Yuv pixel = expected(x, y);
        const double values[3] = {pixel.y, pixel.u, pixel.v};
        const uint32_t bytes = image.format->planes[0].bytes;
        for (uint32_t i = 0; i < (image.format->rgb ? 3 : 1); ++i) {
          const double found = image.data[0][size_t{y} * image.stride[0] + size_t{x} * bytes + i];
          worst = std::max(worst, std::abs(std::clamp(values[i], 0.0, 255.0) - found));
        }
      }
    }
    return worst;
  }

  Watchdog watchdog_;
  FakeHost host_;
  JpegConversion sut_;
};

Yuv ToRgb(const Yuv& yuv) {
  return {yuv.y + 1.402 * (yuv.v - 128), yuv.y - 0.344136 * (yuv.u - 128) - 0.714136 * (yuv.v - 128),
          yuv.y + 1.772 * (yuv.u - 128)};
}

// Colours that the file has and the target must not: unspecified YUV is limited range.
TEST_F(JpegConversionTest, ColoursAreThoseOfTheContract) {
  const std::string jpeg = MakeJpeg({.width = 160, .height = 96});
  const auto as_stored = [](uint32_t x, uint32_t y) { return PictureAt(x, y, 160, 96); };
  const auto limited = [](uint32_t x, uint32_t y) {
    Yuv yuv = PictureAt(x, y, 160, 96);
    yuv.y = 16 + yuv.y * 219 / 255;
    return yuv;
  };
  for (const uint32_t fourcc : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_I420, VSTREAM_FORMAT_GREY}) {
    SCOPED_TRACE(FormatName(fourcc));
    vstream_converter_config config = Config(160, 96, fourcc);
    ASSERT_NO_FATAL_FAILURE(Run(config, jpeg));
    EXPECT_LE(Worst(limited), 3);
    config.target_color = kFull601;
    ASSERT_NO_FATAL_FAILURE(Run(config, jpeg));
    EXPECT_LE(Worst(as_stored), 2);
    config.source_color.range = VSTREAM_RANGE_LIMITED;  // a camera that puts limited range into its files, and says so
    config.target_color.range = VSTREAM_RANGE_LIMITED;
    ASSERT_NO_FATAL_FAILURE(Run(config, jpeg));
    EXPECT_LE(Worst(as_stored), 2);
  }
  ASSERT_NO_FATAL_FAILURE(Run(Config(160, 96, VSTREAM_FORMAT_RGB24), jpeg));
  EXPECT_LE(Worst([&](uint32_t x, uint32_t y) { return ToRgb(as_stored(x, y)); }), 9);
  vstream_converter_config config = Config(160, 96, VSTREAM_FORMAT_NV12);
  config.target_color = kLimited709;
  ASSERT_NO_FATAL_FAILURE(Run(config, jpeg));
  const auto luma709 = [&](uint32_t x, uint32_t y) {
    const Yuv rgb = ToRgb(as_stored(x, y));
    return Yuv{16 + (0.2126 * rgb.y + 0.7152 * rgb.u + 0.0722 * rgb.v) * 219 / 255, 0, 0};
  };
  EXPECT_LE(Worst(luma709), 4);
}

// Crop, scaling and transforms that are forgotten since the decoder alone would do.
TEST_F(JpegConversionTest, TheRestIsDoneBehindTheDecoder) {
  const std::string jpeg = MakeJpeg({.width = 160, .height = 96});
  const auto picture = [](uint32_t x, uint32_t y) { return ToRgb(PictureAt(x, y, 160, 96)); };
  vstream_converter_config config = Config(160, 96, VSTREAM_FORMAT_RGB24);
  config.crop = {32, 16, 64, 48};
  config.target = MinimalLayout(VSTREAM_FORMAT_RGB24, 64, 48);
  ASSERT_NO_FATAL_FAILURE(Run(config, jpeg));
  EXPECT_LE(Worst([&](uint32_t x, uint32_t y) { return picture(32 + x, 16 + y); }), 9);
  config.crop = {};
  config.target = MinimalLayout(VSTREAM_FORMAT_RGB24, 80, 48);
  ASSERT_NO_FATAL_FAILURE(Run(config, jpeg));
  EXPECT_LE(Worst([&](uint32_t x, uint32_t y) { return ToRgb(PictureAt(x, y, 80, 48)); }), 9);
  config.target = MinimalLayout(VSTREAM_FORMAT_RGB24, 160, 96);
  config.transform = VSTREAM_TRANSFORM_FLIP_HORIZONTAL;
  ASSERT_NO_FATAL_FAILURE(Run(config, jpeg));
  EXPECT_LE(Worst([&](uint32_t x, uint32_t y) { return picture(159 - x, y); }), 9);
  config.transform = VSTREAM_TRANSFORM_NONE;
  config.target = MinimalLayout(VSTREAM_FORMAT_YUYV, 160, 96);
  EXPECT_TRUE(sut_.Configure(config).ok());
}

// Refusals in other words than those of raw sources, or none.
TEST_F(JpegConversionTest, RefusalsNameTheReason) {
  vstream_converter_config config = Config(160, 96, VSTREAM_FORMAT_NV12);
  config.crop = {150, 0, 64, 48};
  backend::Status status = sut_.Configure(config);
  EXPECT_EQ(status.code(), VSTREAM_E_INVALID);
  EXPECT_EQ(status.message().find("MJPEG decoded, then I420 160x96 to NV12 160x96: crop"), 0u) << status.message();
  config = Config(160, 96, VSTREAM_FORMAT_NV12);
  config.target.fourcc = VSTREAM_FORMAT_H264;
  EXPECT_EQ(sut_.Configure(config).code(), VSTREAM_E_UNSUPPORTED);
  for (const uint32_t width : {0U, 16'385U, 70'000U}) {
    vstream_converter_config wrong = Config(160, 96, VSTREAM_FORMAT_NV12);
    wrong.source.width = width;
    EXPECT_FALSE(sut_.Configure(wrong).ok()) << width;
  }
}

// The device: broken pictures are results like others, in order, and never the end; sizes that lie are refused.
TEST_F(JpegConversionTest, TheConverterGoesOnAfterBrokenPictures) {
  Converter device;
  device.SetHost(host_.handle());
  const CreateInfo info("", {});
  ASSERT_TRUE(device.Open(info.options()).ok());
  vstream_converter_needs needs{};
  ASSERT_TRUE(device.Configure(Config(64, 48, VSTREAM_FORMAT_NV12), &needs).ok());
  int32_t fd = -1;
  ASSERT_TRUE(device.PollFd(&fd).ok());
  const vstream_layout coded = CodedLayout(VSTREAM_FORMAT_MJPEG, 64, 48, 30'000);
  vstream_layout strided = coded;
  strided.planes[0].stride = 64;
  EXPECT_EQ(device.Attach(1, host_.Add(1, strided)).code(), VSTREAM_E_INVALID);
  ASSERT_TRUE(device.Attach(1, host_.Add(1, coded)).ok());
  ASSERT_TRUE(device.Attach(2, host_.Add(2, MinimalLayout(VSTREAM_FORMAT_NV12, 64, 48))).ok());
  const std::string good = MakeJpeg({.quality = 80}), other = MakeJpeg({.width = 80, .height = 60});
  const unsigned seed = 4;
  std::mt19937 random(seed);
  vstream_converter_job job{};
  job.source.buffer_id = 1;
  job.target_id = 2;
  for (const uint64_t bytes : {0U, 30'001U}) {
    job.source.bytes_used[0] = bytes;
    EXPECT_EQ(device.Submit(job).code(), VSTREAM_E_INVALID) << bytes;
  }
  for (uint64_t round = 0; round < 400; ++round) {
    std::string jpeg = round % 4 == 1 ? other : good;
    if (round % 4 == 2) jpeg[random() % jpeg.size()] = static_cast<char>(random());
    if (round % 4 == 3) jpeg.resize(1 + random() % (jpeg.size() / 2));
    std::copy(jpeg.begin(), jpeg.end(), host_.Plane(1, 0));
    job.cookie = round;
    job.source.bytes_used[0] = jpeg.size();
    ASSERT_TRUE(device.Submit(job).ok());
    ASSERT_TRUE(Readable(fd, 60'000)) << "seed " << seed << " round " << round;
    vstream_converter_result result{};
    ASSERT_TRUE(device.Collect(&result).ok());
    EXPECT_EQ(result.cookie, round);
    if (round % 4 == 0) {
      EXPECT_EQ(result.status, VSTREAM_OK);
      EXPECT_EQ(result.bytes_used[0], 64u * 48);
    }
    if (round % 4 == 1 || round % 4 == 3) {
      EXPECT_EQ(result.status, VSTREAM_E_IO) << round;
    }
  }
  const std::vector<std::string> log = host_.Log();
  ASSERT_FALSE(log.empty());
  EXPECT_EQ(log[0], "3 conversion failed: JPEG: the picture is 80x60, expected 64x48");
  for (size_t i = 1; i < log.size(); ++i) EXPECT_EQ(log[i][0], '1') << "said once: " << log[i];
}

}  // namespace
}  // namespace videostream::sw_fallback

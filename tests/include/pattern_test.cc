// SPDX-License-Identifier: Apache-2.0
// The code of the test picture: what is drawn is read, and nothing torn passes as whole.
#include "videostream/pattern.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace videostream::pattern {
namespace {

struct Size {
  uint32_t width, height;
};
constexpr Size kSizes[] = {{64, 64}, {65, 67}, {71, 64}, {127, 129}, {130, 70}, {320, 240}, {641, 479}, {1280, 720}};

using Picture = std::vector<uint8_t>;

Picture Drawn(Size size, const Stamp& stamp) {
  Picture picture(size_t{size.width} * size.height);
  EXPECT_TRUE(Draw(stamp, picture.data(), size.width, size.width, size.height));
  return picture;
}

Reading ReadGrey(Size size, const Picture& picture) {
  return Read(VSTREAM_FORMAT_GREY, picture.data(), size.width, size.width, size.height);
}

testing::AssertionResult IsWhole(const Reading& reading, const Stamp& stamp) {
  if (reading.is_pattern && !reading.torn && reading.stamp == stamp) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "is_pattern " << reading.is_pattern << " torn " << reading.torn << " bad rows "
                                     << reading.bad_rows << " from " << reading.first_bad << " frame "
                                     << reading.stamp.frame << " time " << reading.stamp.time_ns;
}

// A reader that lost bits of large numbers or of negative times, or a size whose partial cells are drawn and read
// apart.
TEST(PatternTest, ReadsWhatWasDrawn) {
  const Stamp stamps[] = {{0, 0},           {1, 33'333'333},         {255, -1},
                          {0xFFFF'FFFF, 1}, {UINT64_MAX, INT64_MIN}, {77, INT64_MAX}};
  for (Size size : kSizes) {
    for (const Stamp& stamp : stamps) {
      EXPECT_TRUE(IsWhole(ReadGrey(size, Drawn(size, stamp)), stamp)) << size.width << "x" << size.height;
    }
  }
}

// Rows of another frame that agree with this one: the tear would go unseen.
TEST(PatternTest, ReportsASpliceAtEveryRow) {
  const std::pair<uint64_t, uint64_t> pairs[] = {{1, 2},     {7, 8},  {100, 101},    {100, 104},
                                                 {254, 255}, {40, 8}, {65535, 65536}};
  for (Size size : kSizes) {
    if (size.width > 400) continue;
    for (const auto& [a, b] : pairs) {
      const Picture upper = Drawn(size, {a, 1'000'000}), lower = Drawn(size, {b, 34'000'000});
      for (uint32_t row = 1; row < size.height; ++row) {
        Picture torn = lower;
        std::copy_n(upper.begin(), size_t{row} * size.width, torn.begin());
        const Reading reading = ReadGrey(size, torn);
        EXPECT_TRUE(reading.is_pattern && reading.torn)
            << size.width << "x" << size.height << " frames " << a << "," << b << " row " << row;
      }
    }
  }
}

// One stale row in the middle of a frame, for instance from a buffer that was handed out twice.
TEST(PatternTest, ReportsOneRowOfAnotherFrame) {
  const Size size{640, 480};
  const Picture good = Drawn(size, {500, 5}), other = Drawn(size, {496, 4});
  for (uint32_t row = 0; row < size.height; ++row) {
    Picture torn = good;
    std::copy_n(other.begin() + size_t{row} * size.width, size.width, torn.begin() + size_t{row} * size.width);
    const Reading reading = ReadGrey(size, torn);
    ASSERT_TRUE(reading.is_pattern && reading.torn) << row;
    EXPECT_EQ(reading.stamp.frame, 500u);
    EXPECT_EQ(reading.bad_rows, 1u) << row;
    EXPECT_EQ(reading.first_bad, row);
  }
}

// A check that samples: every pixel counts, also those of the partial cell at the right.
TEST(PatternTest, ReportsEverySinglePixel) {
  const Size size{67, 65};
  const Stamp stamp{123456789, 42};
  Picture picture = Drawn(size, stamp);
  for (size_t i = 0; i < picture.size(); ++i) {
    picture[i] ^= 8;
    const Reading reading = ReadGrey(size, picture);
    EXPECT_TRUE(reading.is_pattern && reading.torn) << "pixel " << i % size.width << "," << i / size.width;
    picture[i] ^= 8;
  }
  EXPECT_TRUE(IsWhole(ReadGrey(size, picture), stamp));
}

// A tear inside a row: a copy that was overtaken in the middle of a line.
TEST(PatternTest, ReportsATearInsideARow) {
  const Size size{640, 480};
  const Picture good = Drawn(size, {10, 5}), other = Drawn(size, {11, 6});
  for (uint32_t from = 0; from + 128 <= size.width; from += 8) {
    Picture torn = good;
    std::copy_n(other.begin() + size_t{300} * size.width + from, 128, torn.begin() + size_t{300} * size.width + from);
    EXPECT_TRUE(ReadGrey(size, torn).torn) << from;
  }
}

// Rows of the right frame in the wrong place: skewed strides, rows that moved.
TEST(PatternTest, ReportsRowsInTheWrongPlace) {
  const Size size{640, 480};
  const Picture good = Drawn(size, {10, 5});
  Picture moved = good;
  std::copy_n(good.begin() + size_t{101} * size.width, size.width, moved.begin() + size_t{100} * size.width);
  EXPECT_TRUE(ReadGrey(size, moved).torn);
  for (uint32_t skew : {1u, 2u, 8u, 16u, 128u}) {
    Picture skewed(good.size() + size_t{skew} * size.height);
    for (uint32_t y = 0; y < size.height; ++y) {
      std::copy_n(good.begin() + size_t{y} * size.width, size.width, skewed.begin() + size_t{y} * (size.width + skew));
    }
    const Reading reading = ReadGrey(size, skewed);
    EXPECT_TRUE(!reading.is_pattern || reading.torn) << skew;
  }
}

// A false alarm on a frame that went through a conversion with rounding errors.
TEST(PatternTest, ToleratesErrorsOfThree) {
  const Size size{322, 242};
  const Stamp stamp{0xABCDEF, 99};
  Picture picture = Drawn(size, stamp);
  std::mt19937 random(1);
  for (uint8_t& pixel : picture) pixel = static_cast<uint8_t>(pixel + static_cast<int>(random() % 7) - 3);
  EXPECT_TRUE(IsWhole(ReadGrey(size, picture), stamp));
}

// Luma bytes two apart, and any base picture below the code.
TEST(PatternTest, WorksInPackedFormatsAndOverAnyBase) {
  const Size size{130, 70};
  const Stamp stamp{77, 88};
  Picture packed(size_t{2} * size.width * size.height, 128);
  ASSERT_TRUE(Draw(stamp, packed.data() + 1, 2 * size.width, size.width, size.height, 2));
  EXPECT_TRUE(IsWhole(Read(VSTREAM_FORMAT_UYVY, packed.data(), 2 * size.width, size.width, size.height), stamp));
  EXPECT_FALSE(Read(VSTREAM_FORMAT_YUYV, packed.data(), 2 * size.width, size.width, size.height).is_pattern);

  Code code(size.width, size.height);
  code.Set(stamp);
  std::mt19937 random(2);
  Picture picture(size_t{size.width} * size.height);
  for (uint32_t y = 0; y < size.height; ++y) {
    Picture base(size.width);
    for (uint8_t& pixel : base) pixel = static_cast<uint8_t>(16 * (1 + random() % 13) + 4);
    code.Row(y, base.data(), &picture[size_t{y} * size.width]);
  }
  EXPECT_TRUE(IsWhole(ReadGrey(size, picture), stamp));
}

// Any other picture taken for ours: noise, flat, too small, unknown format.
TEST(PatternTest, IsNotFoundInOtherPictures) {
  const Size size{320, 240};
  std::mt19937 random(3);
  uint32_t frame = 0;
  for (int round = 0; round < 50; ++round) {
    Picture noise(size_t{size.width} * size.height);
    for (uint8_t& pixel : noise) pixel = static_cast<uint8_t>(random());
    EXPECT_FALSE(ReadGrey(size, noise).is_pattern);
    EXPECT_FALSE(ReadHeader(VSTREAM_FORMAT_GREY, noise.data(), 320, 320, 240, &frame));
  }
  for (int value : {0, 16, 128, 255}) {
    const Picture flat(size_t{size.width} * size.height, static_cast<uint8_t>(value));
    EXPECT_FALSE(ReadGrey(size, flat).is_pattern) << value;
    EXPECT_FALSE(ReadHeader(VSTREAM_FORMAT_GREY, flat.data(), 320, 320, 240, &frame)) << value;
  }
  Picture small(size_t{63} * 64);
  EXPECT_FALSE(Draw({}, small.data(), 63, 63, 64));
  EXPECT_FALSE(Read(VSTREAM_FORMAT_GREY, small.data(), 63, 63, 64).is_pattern);
  const Picture good = Drawn(size, {1, 1});
  EXPECT_FALSE(Read(VSTREAM_FORMAT_H264, good.data(), 320, 320, 240).is_pattern);
}

// A header that only reads at the size it was drawn at.
TEST(PatternTest, HeaderSurvivesScaling) {
  for (Size from : kSizes) {
    const Picture picture = Drawn(from, {0x12345678, 0});
    for (Size to : {Size{96, 96}, Size{640, 640}, Size{333, 777}}) {
      Picture scaled(size_t{to.width} * to.height);
      for (uint32_t y = 0; y < to.height; ++y) {
        for (uint32_t x = 0; x < to.width; ++x) {
          scaled[size_t{y} * to.width + x] =
              picture[size_t{y * from.height / to.height} * from.width + x * from.width / to.width];
        }
      }
      uint32_t frame = 0;
      EXPECT_TRUE(ReadHeader(VSTREAM_FORMAT_GREY, scaled.data(), to.width, to.width, to.height, &frame))
          << from.width << "x" << from.height << " to " << to.width << "x" << to.height;
      EXPECT_EQ(frame, 0x12345678u);
    }
  }
}

}  // namespace
}  // namespace videostream::pattern

// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-snapshot/image_file.h"

#include <gtest/gtest.h>

#include "tests/apps/videostream-snapshot/decoded.h"

namespace videostream::snapshot {
namespace {

RgbPicture Picture(uint32_t width, uint32_t height) {
  RgbPicture picture{width, height, {}};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      picture.pixels.push_back(static_cast<uint8_t>(40 + 170 * x / width));
      picture.pixels.push_back(static_cast<uint8_t>(200 - 150 * y / height));
      picture.pixels.push_back(static_cast<uint8_t>(60 + 60 * x / width + 60 * y / height));
    }
  }
  return picture;
}

constexpr uint32_t kSizes[][2] = {{1, 1}, {2, 3}, {64, 48}, {101, 67}, {1920, 3}};

// Catches rows or channels in the wrong order, and a picture that loses anything.
TEST(ImageFileTest, PngIsExact) {
  for (const auto& [width, height] : kSizes) {
    const RgbPicture picture = Picture(width, height);
    const auto file = EncodePng(picture);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(Distance(DecodeFile(*file), picture), 0) << width << "x" << height;
  }
}

// Catches channels swapped, a quality that is ignored, and files that only a lenient decoder takes.
TEST(ImageFileTest, JpegIsNear) {
  for (const auto& [width, height] : kSizes) {
    const RgbPicture picture = Picture(width, height);
    size_t last = 0;
    for (const uint32_t quality : {20U, 60U, 90U, 100U}) {
      const auto file = EncodeJpeg(picture, quality);
      ASSERT_TRUE(file) << file.error().message;
      EXPECT_LE(Distance(DecodeFile(*file), picture), quality >= 90 ? 8 : 120)
          << width << "x" << height << " " << quality;
      EXPECT_GE(file->size(), width < 64 ? 0 : last);
      last = file->size();
    }
  }
}

// Catches a size that libpng or libjpeg refuses and that ends the process.
TEST(ImageFileTest, WhatCannotBeWrittenIsAnError) {
  EXPECT_FALSE(EncodePng({0, 0, {}}));
  const auto jpeg = EncodeJpeg({0, 0, {}}, 90);
  ASSERT_FALSE(jpeg);
  EXPECT_EQ(jpeg.error().message.rfind("libjpeg: ", 0), 0u) << jpeg.error().message;
}

// Catches names in capitals, and folders with a dot.
TEST(ImageFileTest, TheNameSaysTheType) {
  EXPECT_EQ(*ImageTypeOf("a.png"), ImageType::kPng);
  EXPECT_EQ(*ImageTypeOf("/x.jpg/A.PNG"), ImageType::kPng);
  EXPECT_EQ(*ImageTypeOf("a.JPG"), ImageType::kJpeg);
  EXPECT_EQ(*ImageTypeOf("a.jpeg"), ImageType::kJpeg);
  EXPECT_EQ(*ImageTypeOf("-"), ImageType::kPng);
  for (const char* name : {"a", "a.png/b", "png", "a.bmp", ""}) EXPECT_FALSE(ImageTypeOf(name)) << name;
}

}  // namespace
}  // namespace videostream::snapshot

// SPDX-License-Identifier: Apache-2.0
// Where JPEG pictures begin and end, whatever is in them and between them.
#include "backends/sw-fallback/mjpeg.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "tests/backends/sw-fallback/jpeg_files.h"

namespace videostream::sw_fallback {
namespace {

constexpr size_t kWhole = std::numeric_limits<size_t>::max();

// The pictures in `bytes`, fed in pieces of `step`.
std::vector<std::string> Split(const std::string& bytes, size_t step = kWhole) {
  const std::string_view all = bytes;
  MjpegSplitter sut;
  std::vector<std::string> pictures;
  std::string picture;
  for (size_t at = 0; at < bytes.size();) {
    auto event = MjpegSplitter::Event::kMore;
    const size_t taken = sut.Feed(all.substr(at, step), &event);
    EXPECT_GE(taken, 1u);
    picture += bytes.substr(at, taken);
    at += taken;
    switch (event) {
      case MjpegSplitter::Event::kMore:
        break;
      case MjpegSplitter::Event::kBegin:
        picture = "\xFF\xD8";
        break;
      case MjpegSplitter::Event::kEnd:
        pictures.push_back(picture);
        picture.clear();
        break;
      case MjpegSplitter::Event::kCut:
        pictures.push_back(picture.substr(0, picture.size() - 2));
        picture = "\xFF\xD8";
    }
  }
  if (sut.inside()) pictures.push_back("unfinished: " + picture);
  return pictures;
}

std::string Joined(std::initializer_list<std::string> parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

// Ends found in thumbnails, in escaped bytes or in restart markers; padding taken for a picture.
TEST(MjpegSplitterTest, FindsEveryPictureWhole) {
  const std::string thumbnail = MakeJpeg({.width = 16, .height = 16}), plain = MakeJpeg({});
  const std::vector<std::string> pictures = {
      plain,
      MakeJpeg({.restart = 1}),
      WithSegment(plain, 0xE1, "Exif" + thumbnail + thumbnail),
      WithSegment(plain, 0xFE, "\xFF\xD9\xFF\xD8\xFF"),
      MakeJpeg({.progressive = true}),
      MakeJpeg({.noise = 5}),
      plain.substr(0, 2) + "\xFF\xFF\xFF" + plain.substr(2),  // fill bytes in front of a marker
      std::string("\xFF\xD8\xFF\xD9"),
  };
  for (const std::string& between :
       {std::string(), std::string(7, '\0'), std::string("\xFF\xFF"), std::string("\xFF\x01")}) {
    std::string all;
    for (const std::string& picture : pictures) all += picture + between;
    for (const size_t step : {kWhole, size_t{1}, size_t{2}, size_t{3}, size_t{1000}}) {
      EXPECT_EQ(Split(all, step), pictures) << step << " bytes at a time, " << between.size() << " between";
    }
  }
}

// A picture without its end that swallows all those behind it.
TEST(MjpegSplitterTest, ABrokenPictureCostsOnlyItself) {
  const std::string good = MakeJpeg({}), headless = good.substr(0, 2) + "garbage" + good.substr(9);
  const std::string cut = good.substr(0, good.size() / 2);
  for (const size_t step : {kWhole, size_t{1}, size_t{64}}) {
    EXPECT_EQ(Split(Joined({good, cut, good, good}), step), (std::vector{good, cut, good, good}));
    EXPECT_EQ(Split(cut + good, step), (std::vector{cut, good}));
    const auto pictures = Split(Joined({good, headless, good, good}), step);
    ASSERT_GE(pictures.size(), 4u);
    EXPECT_EQ(pictures.front(), good);
    EXPECT_EQ(pictures.back(), good);
  }
  EXPECT_EQ(Split(good + cut).back(), "unfinished: " + cut);
}

// A size read from a thumbnail, or from a table.
TEST(MjpegSplitterTest, TheSizeIsThePicturesOwn) {
  const std::string jpeg = WithSegment(MakeJpeg({.width = 130, .height = 70}), 0xE1, MakeJpeg({.width = 16}));
  const std::string_view all = jpeg;
  MjpegSplitter sut;
  auto event = MjpegSplitter::Event::kMore;
  size_t at = 0;
  for (; !sut.has_size(); ++at) sut.Feed(all.substr(at, 1), &event);
  EXPECT_EQ(sut.width(), 130u);
  EXPECT_EQ(sut.height(), 70u);
  EXPECT_GT(at, FindMarker(jpeg, 0xC0));
}

// Any bytes: it must come to an end, in the same places however they are cut into pieces.
TEST(MjpegSplitterTest, PiecesMakeNoDifference) {
  const unsigned seed = 3;
  std::mt19937 random(seed);
  const std::string good =
      MakeJpeg({.quality = 50}) + MakeJpeg({.quality = 60, .restart = 2}) + MakeJpeg({.grey = true});
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (unsigned change = 1 + random() % 6; change-- > 0;) {
      const size_t at = random() % bytes.size();
      if (random() % 2 == 0) {
        bytes[at] = random() % 2 == 0 ? '\xFF' : static_cast<char>(random());
      } else {
        bytes.erase(at, 1 + random() % 100);
      }
    }
    ASSERT_EQ(Split(bytes), Split(bytes, 1 + random() % 300)) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// Several outputs of one stream, and every key of an output: what it becomes and what it refuses.
#include "core/profile/parse_output.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

using std::literals::operator""sv;

class OutputErrorTest : public ErrorRowTest {};

// Catches a value that passes out of range, and a message at the wrong place.
TEST_P(OutputErrorTest, MessageIsExact) { ExpectTheMessage(); }

constexpr ErrorRow kRows[] = {
    {"RateIsAWord", 18, R"(      full:
        rate: half)"sv,
     R"(x.yaml:19:15: error: expected a frame rate such as 30 or 30000/1001, from 1 to 1000, found 'half'
  19 |         rate: half
     |               ^~~~)"},
    {"CropWithoutPlace", 18, R"(      full:
        crop: 640x480)"sv,
     R"(x.yaml:19:15: error: expected a crop WIDTHxHEIGHT+X+Y such as 640x480+16+32, inside 16384x16384, found '640x480'
  19 |         crop: 640x480
     |               ^~~~~~~)"},
    {"CropIsAList", 18, R"(      full:
        crop: [16, 32, 640, 480])"sv,
     R"(x.yaml:19:15: error: expected a crop WIDTHxHEIGHT+X+Y such as 640x480+16+32, inside 16384x16384, found a list
  19 |         crop: [16, 32, 640, 480]
     |               ^)"},
    {"KeyNearRotate", 18, R"(      full:
        rotated: 90)"sv,
     R"(x.yaml:19:9: error: unknown key 'rotated' in an output; did you mean 'rotate'?
  19 |         rotated: 90
     |         ^~~~~~~)"},
    {"KeyNearColor", 18, R"(      full:
        colour: bt709)"sv,
     R"(x.yaml:19:9: error: unknown key 'colour' in an output; did you mean 'color'?
  19 |         colour: bt709
     |         ^~~~~~)"},
    {"QualityOfH264", 22, "          quality: 85"sv,
     R"(x.yaml:22:11: error: key 'quality' does not go with codec 'h264': its quality follows from the bitrate; say 'bitrate: 4M'
  22 |           quality: 85
     |           ^~~~~~~)"},
    {"BitrateAndGopOfMjpeg", 20, "          codec: mjpeg"sv,
     R"(x.yaml:21:11: error: key 'bitrate' does not go with codec 'mjpeg': its pictures are as large as 'quality' makes them; say 'quality: 85'
  21 |           bitrate: 4M
     |           ^~~~~~~
x.yaml:22:11: error: key 'gop' does not go with codec 'mjpeg': each of its pictures is a key frame; take 'gop' out
  22 |           gop: 30
     |           ^~~)"},
    {"QualityOutOfRange", 22, "          quality: 101"sv,
     R"(x.yaml:22:11: error: key 'quality' does not go with codec 'h264': its quality follows from the bitrate; say 'bitrate: 4M'
  22 |           quality: 101
     |           ^~~~~~~
x.yaml:22:20: error: expected a whole number from 1 to 100, found '101'
  22 |           quality: 101
     |                    ^~~)"},
    {"SecondOutputWithoutPublish", 30, R"(            clients: 256
      small: {size: 320x240})"sv,
     R"(x.yaml:31:7: error: missing key 'publish' in an output
  31 |       small: {size: 320x240}
     |       ^~~~~)"},
};

INSTANTIATE_TEST_SUITE_P(All, OutputErrorTest, testing::ValuesIn(kRows), RowName);

// A profile with `outputs` under one stream.
std::string WithOutputs(const std::string& outputs) {
  return "version: 1\nname: n\nbackends: {capture: [a], converter: [a], encoder: [a], transport: [shm]}\n"
         "streams:\n  front:\n    capture: {format: MJPEG, size: 1280x720, rate: 30}\n    outputs:\n" +
         outputs;
}

std::string NumberedOutputs(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text.append("      o").append(std::to_string(i));
    text.append(": {format: NV12, publish: [{socket: /run/").append(std::to_string(i)).append("}]}\n");
  }
  return text;
}

// Catches a value that is read into the wrong field, and outputs that share what each has of its own.
TEST(ParseOutputTest, EachOutputHasItsOwnValues) {
  const auto sut = ParseProfile(WithOutputs(R"(      detector:
        format: RGB24
        size: 640x640
        rate: 20/2
        crop: 640x480+16+32
        rotate: 270
        flip: vertical
        filter: box
        publish: [{socket: /run/d}]
      photo:
        format: I420
        color: bt2020-full
        encoder: {codec: mjpeg, quality: 60}
        publish: [{socket: /run/p}]
)"),
                                "x.yaml", NoEnvironment());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->streams.at(0).capture.format.value, "MJPEG");
  const auto& outputs = sut->streams[0].outputs;
  ASSERT_EQ(outputs.size(), 2U);
  const OutputSpec& detector = outputs[0];
  EXPECT_EQ(detector.name.value, "detector");
  EXPECT_EQ(detector.rate.value, (FrameRate{10, 1}));
  EXPECT_EQ(detector.crop.value, (CropSpec{16, 32, 640, 480}));
  EXPECT_EQ(detector.crop.pos.line, 12);
  EXPECT_EQ(detector.rotate.value, 270U);
  EXPECT_EQ(detector.flip.value, "vertical");
  EXPECT_EQ(detector.filter.value, "box");
  EXPECT_EQ(detector.color.value, "");
  EXPECT_FALSE(detector.encoder.has_value());
  const OutputSpec& photo = outputs[1];
  EXPECT_EQ(photo.name.value, "photo");
  EXPECT_EQ(photo.color.value, "bt2020-full");
  EXPECT_EQ(photo.encoder->codec.value, "mjpeg");
  EXPECT_EQ(photo.encoder->quality.value, 60U);
  EXPECT_EQ(photo.publish.at(0).socket_path, "/run/p");
}

// Catches a default that differs from the manual.
TEST(ParseOutputTest, WhatIsLeftOutHasItsDefault) {
  const auto sut =
      ParseProfile(WithOutputs("      o: {format: NV12, encoder: {codec: mjpeg}, publish: [{socket: /run/o}]}\n"),
                   "x.yaml", NoEnvironment());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  const OutputSpec& output = sut->streams.at(0).outputs.at(0);
  EXPECT_EQ(output.rate.value.num, 0U);
  EXPECT_EQ(output.crop.value.width, 0U);
  EXPECT_EQ(output.rotate.value, 0U);
  EXPECT_EQ(output.flip.value, "none");
  EXPECT_EQ(output.filter.value, "bilinear");
  EXPECT_EQ(output.color.value, "");
  EXPECT_EQ(output.encoder->quality.value, 85U);
}

// Catches a bound that is off by one, and a flood of errors from outputs beyond it.
TEST(ParseOutputTest, NumberOfOutputsIsBounded) {
  const auto most = ParseProfile(WithOutputs(NumberedOutputs(8)), "x.yaml", NoEnvironment());
  ASSERT_TRUE(most.has_value()) << most.error().message;
  EXPECT_EQ(most->streams.at(0).outputs.size(), 8U);
  const auto more = ParseProfile(WithOutputs(NumberedOutputs(9)), "x.yaml", NoEnvironment());
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().message, R"(x.yaml:8:7: error: expected 1 to 8 outputs, found 9
   8 |       o0: {format: NV12, publish: [{socket: /run/0}]}
     |       ^)");
}

}  // namespace
}  // namespace videostream

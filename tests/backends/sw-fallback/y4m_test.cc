// SPDX-License-Identifier: Apache-2.0
// The Y4M header parser: what it accepts, the exact words for each mistake, and mutated headers.
#include "backends/sw-fallback/y4m.h"

#include <gtest/gtest.h>

#include <random>

namespace videostream::sw_fallback {
namespace {

std::string Error(std::string_view line) {
  Y4mHeader header;
  const backend::Status status = ParseY4mHeader(line, &header);
  return status.ok() ? "" : std::to_string(status.code()) + " " + status.message();
}

// A common header that is not understood.
TEST(Y4mTest, ReadsWhatToolsWrite) {
  Y4mHeader header;
  ASSERT_TRUE(
      ParseY4mHeader("YUV4MPEG2 W640 H480 F30000:1001 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED", &header)
          .ok());
  EXPECT_EQ(header.fourcc, VSTREAM_FORMAT_I420);
  EXPECT_EQ(header.width, 640u);
  EXPECT_EQ(header.height, 480u);
  EXPECT_EQ(header.rate.num, 30000u);
  EXPECT_EQ(header.rate.den, 1001u);
  EXPECT_EQ(header.colorimetry.range, VSTREAM_RANGE_LIMITED);
  EXPECT_EQ(header.colorimetry.matrix, 2);
  EXPECT_EQ(header.colorimetry.chroma_x, 1);
  ASSERT_TRUE(ParseY4mHeader("YUV4MPEG2 F10:1 H2 W16384 Cmono XCOLORRANGE=FULL", &header).ok());
  EXPECT_EQ(header.fourcc, VSTREAM_FORMAT_GREY);
  EXPECT_EQ(header.colorimetry.range, VSTREAM_RANGE_FULL);
  for (const char* chroma : {"C420", "C420jpeg", "C420paldv", "I?"}) {
    EXPECT_EQ(Error(std::string("YUV4MPEG2 W64 H64 F25:1 ") + chroma), "") << chroma;
  }
  EXPECT_EQ(Error("YUV4MPEG2 W64  H64 F25:1 "), "") << "more than one space";
}

struct Mistake {
  const char* line;
  const char* error;
};
constexpr Mistake kMistakes[] = {
    {"", "-1 starts with '', expected 'YUV4MPEG2 '"},
    {"RIFF\x01\xffxxxxxxxx", "-1 starts with 'RIFF\\x01\\xffxxxx', expected 'YUV4MPEG2 '"},
    {"YUV4MPEG3 W64 H64 F25:1", "-1 starts with 'YUV4MPEG3 ', expected 'YUV4MPEG2 '"},
    {"YUV4MPEG2W64 H64 F25:1", "-1 starts with 'YUV4MPEG2W', expected 'YUV4MPEG2 '"},
    {"YUV4MPEG2", "-1 no width (tag 'W')"},
    {"YUV4MPEG2 W64 F25:1", "-1 no height (tag 'H')"},
    {"YUV4MPEG2 W64 H64", "-1 no frame rate (tag 'F')"},
    {"YUV4MPEG2 W2147483648 H64 F25:1", "-1 width 2147483648 is outside 2..16384"},
    {"YUV4MPEG2 W0 H64 F25:1", "-1 width 0 is outside 2..16384"},
    {"YUV4MPEG2 W64 H16385 F25:1", "-1 height 16385 is outside 2..16384"},
    {"YUV4MPEG2 W-64 H64 F25:1", "-1 width is '-64', expected a number"},
    {"YUV4MPEG2 W99999999999999999999 H64 F25:1", "-1 width is '99999999999999999999', expected a number"},
    {"YUV4MPEG2 W64x H64 F25:1", "-1 width is '64x', expected a number"},
    {"YUV4MPEG2 W64 H F25:1", "-1 height is '', expected a number"},
    {"YUV4MPEG2 W64 W64 H64 F25:1", "-1 tag 'W64' is the second of its kind"},
    {"YUV4MPEG2 W64 H64 F0:0", "-1 frame rate 0:0 is outside 1:1000..1000:1"},
    {"YUV4MPEG2 W64 H64 F25:0", "-1 frame rate 25:0 is outside 1:1000..1000:1"},
    {"YUV4MPEG2 W64 H64 F1001:1", "-1 frame rate 1001:1 is outside 1:1000..1000:1"},
    {"YUV4MPEG2 W64 H64 F4294967297:4294967296", "-1 frame rate 4294967297:4294967296 is outside 1:1000..1000:1"},
    {"YUV4MPEG2 W64 H64 F25", "-1 frame rate is '25', expected NUMBER:NUMBER"},
    {"YUV4MPEG2 W64 H64 F25:1 It", "-2 interlacing 'It' is not supported, expected Ip"},
    {"YUV4MPEG2 W64 H64 F25:1 C444",
     "-2 colour space 'C444' is not supported, expected one of C420, C420jpeg, C420mpeg2, C420paldv, Cmono"},
    {"YUV4MPEG2 W64 H64 F25:1 C422",
     "-2 colour space 'C422' is not supported, expected one of C420, C420jpeg, C420mpeg2, C420paldv, Cmono"},
    {"YUV4MPEG2 W64 H64 F25:1 C420p10",
     "-2 colour space 'C420p10' is not supported, expected one of C420, C420jpeg, C420mpeg2, C420paldv, Cmono"},
    {"YUV4MPEG2 W64 H64 F25:1 XCOLORRANGE=WIDE", "-1 colour range is 'WIDE', expected FULL or LIMITED"},
    {"YUV4MPEG2 W64 H64 F25:1 Q7", "-1 unknown tag 'Q7', expected one of W, H, F, I, A, C, X"},
};

// A message without what was found or what is expected.
TEST(Y4mTest, NamesEveryMistake) {
  for (const Mistake& mistake : kMistakes) EXPECT_EQ(Error(mistake.line), mistake.error) << mistake.line;
}

// Frame headers: parameters are allowed, anything else is out of step.
TEST(Y4mTest, ChecksFrameHeaders) {
  EXPECT_TRUE(ParseY4mFrameHeader("FRAME").ok());
  EXPECT_TRUE(ParseY4mFrameHeader("FRAME Xfoo").ok());
  EXPECT_EQ(ParseY4mFrameHeader("FRAMES").message(), "expected 'FRAME', found 'FRAMES'");
  EXPECT_EQ(ParseY4mFrameHeader("").message(), "expected 'FRAME', found ''");
}

// Mutations of good headers: what is accepted lies within the limits, what is refused says why in printable text.
TEST(Y4mTest, MutatedHeadersStayInBounds) {
  const unsigned seed = 20240607;
  std::mt19937 random(seed);
  const std::string good[] = {"YUV4MPEG2 W640 H480 F30000:1001 Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED",
                              "YUV4MPEG2 W64 H64 F25:1 Cmono", "YUV4MPEG2 W16384 H2 F1:1000 C420"};
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string line = good[random() % std::size(good)];
    for (unsigned change = random() % 4; change-- > 0 && !line.empty();) {
      const size_t at = random() % line.size();
      switch (random() % 4) {
        case 0:
          line[at] = static_cast<char>(random());
          break;
        case 1:
          line.erase(at, 1 + random() % 3);
          break;
        case 2:
          line.insert(at, 1, "0123456789 :WHFCX\xff"[random() % 18]);
          break;
        default:
          line.insert(at, line.substr(random() % line.size(), random() % 12));
          break;
      }
    }
    Y4mHeader header;
    const backend::Status status = ParseY4mHeader(line, &header);
    if (!status.ok()) {
      ASSERT_FALSE(status.message().empty()) << "seed " << seed << " round " << round;
      for (char c : status.message()) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << "seed " << seed << " round " << round;
      continue;
    }
    ++accepted;
    ASSERT_TRUE(header.width >= 2 && header.width <= 16384 && header.height >= 2 && header.height <= 16384) << line;
    ASSERT_TRUE(header.rate.num > 0 && header.rate.den > 0) << line;
    ASSERT_TRUE(header.fourcc == VSTREAM_FORMAT_I420 || header.fourcc == VSTREAM_FORMAT_GREY) << line;
  }
  EXPECT_GT(accepted, 10'000) << "the mutations are too wild to prove anything";
}

}  // namespace
}  // namespace videostream::sw_fallback

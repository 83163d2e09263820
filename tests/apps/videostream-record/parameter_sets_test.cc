// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-record/parameter_sets.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "videostream/frame.h"

namespace videostream::record {
namespace {

using Bytes = std::vector<uint8_t>;

std::vector<Bytes> Split(const Bytes& packet) {
  std::vector<Bytes> units;
  for (const NalUnit& unit : SplitAnnexB(packet)) units.emplace_back(unit.begin(), unit.end());
  return units;
}

Bytes Sets(uint32_t format, const Bytes& packet) { return ParameterSets(format, packet); }

// Catches start codes of one length only: both occur in one packet.
TEST(SplitAnnexBTest, FindsUnitsBehindShortAndLongStartCodes) {
  EXPECT_EQ(Split({0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 4, 0, 5}),
            (std::vector<Bytes>{{0x67, 1, 2}, {0x68, 3}, {0x65, 4, 0, 5}}));
}

// Catches padding taken for content, and empty units, which KindOf would read beyond.
TEST(SplitAnnexBTest, TrailingZerosAndEmptyUnitsAreDropped) {
  EXPECT_EQ(Split({0, 0, 1, 0x67, 9, 0, 0, 0}), (std::vector<Bytes>{{0x67, 9}}));
  EXPECT_EQ(Split({0, 0, 1, 0, 0, 1, 0x68}), (std::vector<Bytes>{{0x68}}));
  EXPECT_TRUE(Split({0, 0, 1}).empty());
  EXPECT_TRUE(Split({0, 0}).empty());
  EXPECT_TRUE(Split({}).empty());
  EXPECT_TRUE(Split({1, 2, 3, 4}).empty());
}

// Catches a scan that leaves the packet: any bytes will do, the sanitizer judges.
TEST(SplitAnnexBTest, UnitsLieInsideThePacketWhateverItHolds) {
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    Bytes packet(random() % 40);
    for (uint8_t& byte : packet) byte = static_cast<uint8_t>(random() % 3);
    for (const NalUnit& unit : SplitAnnexB(packet)) {
      ASSERT_FALSE(unit.empty());
      ASSERT_GE(unit.data(), packet.data());
      ASSERT_LE(unit.data() + unit.size(), packet.data() + packet.size());
    }
    ParameterSets(VSTREAM_FORMAT_H264, packet);
    ParameterSets(VSTREAM_FORMAT_HEVC, packet);
  }
}

// Catches slices, SEI and delimiters in the head of the file.
TEST(ParameterSetsTest, OfH264AreSpsAndPps) {
  EXPECT_EQ(Sets(VSTREAM_FORMAT_H264,
                 {0, 0, 0, 1, 0x09, 0xF0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x06, 5, 0, 0, 1, 0x65, 3}),
            (Bytes{0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2}));
}

// Catches a head that lacks one of the two, with which no player starts.
TEST(ParameterSetsTest, IncompleteSetsAreNone) {
  EXPECT_TRUE(Sets(VSTREAM_FORMAT_H264, {0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 3}).empty());
  EXPECT_TRUE(Sets(VSTREAM_FORMAT_H264, {0, 0, 1, 0x41, 1}).empty());
  EXPECT_TRUE(Sets(VSTREAM_FORMAT_HEVC, {0, 0, 1, 0x42, 1, 1, 0, 0, 1, 0x44, 1, 2}).empty());
}

// Catches H.264 unit types read out of HEVC headers.
TEST(ParameterSetsTest, OfHevcAreVpsSpsAndPps) {
  EXPECT_EQ(
      Sets(VSTREAM_FORMAT_HEVC, {0, 0, 1, 0x40, 1, 9, 0, 0, 1, 0x42, 1, 8, 0, 0, 1, 0x44, 1, 7, 0, 0, 1, 0x26, 1, 6}),
      (Bytes{0, 0, 0, 1, 0x40, 1, 9, 0, 0, 0, 1, 0x42, 1, 8, 0, 0, 0, 1, 0x44, 1, 7}));
}

TEST(ParameterSetsTest, OtherFormatsHaveNone) {  // Catches JPEG bytes searched for start codes.
  EXPECT_TRUE(Sets(VSTREAM_FORMAT_MJPEG, {0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2}).empty());
}

}  // namespace
}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// The spellings of single values: what is accepted, what is not, and back to text.
#include "core/profile/scalars.h"

#include <gtest/gtest.h>

#include <string>

namespace videostream {
namespace {

// Catches overflow, signs, spaces, other bases.
TEST(ScalarsTest, WholeNumbersAreDecimalDigitsOnly) {
  EXPECT_EQ(ParseWhole("0"), 0U);
  EXPECT_EQ(ParseWhole("999999999999999999"), 999999999999999999U);
  for (const char* text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1_000", "0x10", "1e3", "1.0", "1000000000000000000",
                           "99999999999999999999999999"}) {
    EXPECT_EQ(ParseWhole(text), std::nullopt) << text;
  }
}

// Catches sizes beyond what any device has, and "1920X1080".
TEST(ScalarsTest, SizesHaveBounds) {
  EXPECT_EQ(ParseSize("16x16384"), (Size{16, 16384}));
  EXPECT_EQ(FormatSize({1920, 1080}), "1920x1080");
  for (const char* text : {"", "x", "16x", "x16", "15x16", "16x15", "16385x16", "16x16385", "16X16", "16x16x16",
                           "16 x16", "4294967312x16"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

// Catches parts that are swapped, and crops that overflow or lie outside of every picture.
TEST(ScalarsTest, CropsLieInsideTheLargestPicture) {
  EXPECT_EQ(ParseCrop("640x480+16+32"), (CropSpec{16, 32, 640, 480}));
  EXPECT_EQ(ParseCrop("16x16384+16368+0"), (CropSpec{16368, 0, 16, 16384}));
  EXPECT_EQ(FormatCrop({16, 32, 640, 480}), "640x480+16+32");
  for (const char* text : {"", "+", "++", "640x480", "640x480+16", "640x480+16+", "640x480++32", "640x480+16+32+1",
                           "640x480-16-32", "640x480+16+-32", "640x480+016+32", "15x480+0+0", "640x16384+0+1",
                           "16x16+16369+0", "640x480+4294967280+0", "640x480 +16+32", "+16+32", "16+32+640x480"}) {
    EXPECT_EQ(ParseCrop(text), std::nullopt) << text;
  }
}

// Catches angles that no device turns by.
TEST(ScalarsTest, RotationsAreQuarterTurns) {
  for (const uint32_t degrees : {0U, 90U, 180U, 270U}) EXPECT_EQ(ParseRotation(std::to_string(degrees)), degrees);
  for (const char* text : {"", "45", "360", "-90", "+90", "090", "90.0", "90deg", "4294967386"}) {
    EXPECT_EQ(ParseRotation(text), std::nullopt) << text;
  }
}

// Catches a rate of 0, a division by 0, and two spellings of one rate that differ.
TEST(ScalarsTest, FrameRatesAreReducedFractions) {
  EXPECT_EQ(ParseFrameRate("30"), (FrameRate{30, 1}));
  EXPECT_EQ(ParseFrameRate("60/2"), (FrameRate{30, 1}));
  EXPECT_EQ(ParseFrameRate("30000/1001"), (FrameRate{30000, 1001}));
  EXPECT_EQ(ParseFrameRate("1000"), (FrameRate{1000, 1}));
  EXPECT_EQ(FormatFrameRate({30000, 1001}), "30000/1001");
  EXPECT_EQ(FormatFrameRate({30, 1}), "30");
  for (const char* text : {"", "0", "0/1", "1/0", "30/", "/1", "1/2", "1001", "2001/2", "29.97", "30/1/1", "-30",
                           "1000001/1000001", "1000000001/1000000"}) {
    EXPECT_EQ(ParseFrameRate(text), std::nullopt) << text;
  }
}

// Catches units of 1024, overflow in the multiplication, and units nobody defined.
TEST(ScalarsTest, BitratesArePowersOfThousand) {
  EXPECT_EQ(ParseBitrate("5M"), 5000000U);
  EXPECT_EQ(ParseBitrate("500k"), 500000U);
  EXPECT_EQ(ParseBitrate("1000"), 1000U);
  EXPECT_EQ(ParseBitrate("1000M"), 1000000000U);
  EXPECT_EQ(FormatBitrate(5000000), "5M");
  EXPECT_EQ(FormatBitrate(1500000), "1500k");
  EXPECT_EQ(FormatBitrate(1234567), "1234567");
  for (const char* text : {"", "M", "k", "0", "999", "1001M", "1G", "5m", "5K", "5Mbit", "4.5M", "5 M",
                           "18446744073710M", "999999999999999999M"}) {
    EXPECT_EQ(ParseBitrate(text), std::nullopt) << text;
  }
}

// Catches minutes read as milliseconds, and durations without unit.
TEST(ScalarsTest, DurationsNeedTheirUnit) {
  EXPECT_EQ(ParseDuration("1s"), 1000000000);
  EXPECT_EQ(ParseDuration("10ms"), 10000000);
  EXPECT_EQ(ParseDuration("60000ms"), 60000000000);
  EXPECT_EQ(FormatDuration(1500000000), "1500ms");
  EXPECT_EQ(FormatDuration(2000000000), "2s");
  for (const char* text : {"", "s", "ms", "1", "9ms", "61s", "60001ms", "1m", "1.5s", "1 s", "-1s", "10us",
                           "999999999999999999s", "18446744073709ms"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

// Catches 660 read as decimal, and set-uid bits.
TEST(ScalarsTest, ModesAreFourOctalDigits) {
  EXPECT_EQ(ParseMode("0660"), 0660U);
  EXPECT_EQ(ParseMode("0000"), 0U);
  EXPECT_EQ(ParseMode("0777"), 0777U);
  EXPECT_EQ(FormatMode(0640), "0640");
  EXPECT_EQ(FormatMode(0), "0000");
  for (const char* text : {"", "660", "0680", "4755", "00660", "0o660", "rw-rw----"}) {
    EXPECT_EQ(ParseMode(text), std::nullopt) << text;
  }
}

// Catches names that could be a path, an option or a slot of their own.
TEST(ScalarsTest, NamesAreLowerCaseWords) {
  for (const char* text : {"a", "sw-fallback", "0", "abcdefghijklmnopqrstuvwxyz-01234"}) EXPECT_TRUE(IsName(text));
  for (const char* text : {"", "A", "a_b", "a.b", "a/b", "a b", "\xC3\xA9", "abcdefghijklmnopqrstuvwxyz-012345"}) {
    EXPECT_FALSE(IsName(text)) << text;
  }
  EXPECT_TRUE(IsProfileName("dev-x86_64"));
  EXPECT_FALSE(IsProfileName("x.yaml"));
  EXPECT_TRUE(IsOptionKey("lease_time-2"));
  EXPECT_FALSE(IsOptionKey("a.b"));
  EXPECT_FALSE(IsOptionKey(std::string(65, 'a')));
}

// Catches a number that wraps round to root or stands for "nobody", and names that are a path or two names.
TEST(ScalarsTest, AccountsAreNamesOrNumbers) {
  for (const std::string& text :
       {std::string("0"), std::string("44"), std::string("4294967294"), std::string("video"), std::string("_apt"),
        std::string("User.Name-2@example.com"), std::string("1st"), std::string(64, 'x')}) {
    EXPECT_TRUE(IsAccount(text)) << text;
  }
  for (const std::string& text :
       {std::string(), std::string("4294967295"), std::string("4294967296"), std::string("18446744073709551616"),
        std::string("007"), std::string("-1"), std::string("-x"), std::string(".x"), std::string("@x"),
        std::string("a b"), std::string("a:b"), std::string("a,b"), std::string("a/b"), std::string("\xC3\xA9"),
        std::string(65, 'x')}) {
    EXPECT_FALSE(IsAccount(text)) << text;
  }
}

// Catches a quotation that cuts a character in half or shows a megabyte.
TEST(ScalarsTest, QuotedTextIsCutBetweenCharacters) {
  EXPECT_EQ(QuoteForMessage("short"), "'short'");
  EXPECT_EQ(QuoteForMessage(std::string(64, 'x')), "'" + std::string(64, 'x') + "'");
  EXPECT_EQ(QuoteForMessage(std::string(65, 'x')), "'" + std::string(64, 'x') + "...'");
  EXPECT_EQ(QuoteForMessage(std::string(63, 'x') + "\xE2\x82\xAC" + "end"),
            "'" + std::string(63, 'x') + "\xE2\x82\xAC" + "...'");
}

}  // namespace
}  // namespace videostream

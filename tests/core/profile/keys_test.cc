// SPDX-License-Identifier: Apache-2.0
// The tables of keys: hints for the misspelt, and that the manual names them all.
#include "core/profile/keys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace videostream {
namespace {

constexpr std::string_view kCandidates[] = {"encoder", "format", "publish", "NV12"};

// Catches hints that are far-fetched, missing, or case-sensitive.
TEST(DidYouMeanTest, OnlySlipsOfThePenGetAHint) {
  EXPECT_EQ(DidYouMean("encodr", kCandidates), "; did you mean 'encoder'?");
  EXPECT_EQ(DidYouMean("ecnoder", kCandidates), "; did you mean 'encoder'?");
  EXPECT_EQ(DidYouMean("formatt", kCandidates), "; did you mean 'format'?");
  EXPECT_EQ(DidYouMean("PUBLISH", kCandidates), "; did you mean 'publish'?");
  EXPECT_EQ(DidYouMean("nv12", kCandidates), "; did you mean 'NV12'?");
  EXPECT_EQ(DidYouMean("decode", kCandidates), "");
  EXPECT_EQ(DidYouMean("x", kCandidates), "");
  EXPECT_EQ(DidYouMean("", kCandidates), "");
  EXPECT_EQ(DidYouMean("encoder", {}), "");
}

// Catches quadratic work on a key of a megabyte.
TEST(DidYouMeanTest, VeryLongNamesAreNotCompared) {
  EXPECT_EQ(DidYouMean("encoder" + std::string(100000, 'r'), kCandidates), "");
}

// Catches a coded format in the list of raw ones.
TEST(FormatNamesTest, OnlyACaptureMayBeCoded) {
  EXPECT_EQ(CaptureFormatNames().size(), FormatNames().size() + 1);
  EXPECT_EQ(CaptureFormatNames().back(), "MJPEG");
  EXPECT_EQ(FormatNames().back(), "GREY");
}

// Catches a hint that advertises what this version refuses.
TEST(KeyTableTest, ListOfKeysHoldsOnlyThoseThatWork) {
  EXPECT_EQ(kStreamKeys.Hint("colour"), "; expected one of: capture, outputs");
  EXPECT_EQ(kProfileKeys.Hint("extnds"), "; did you mean 'extends'?");
}

// Catches a key that is listed twice, so that one of its two states is never seen.
TEST(KeyTableTest, KeysAreUniqueWithinATable) {
  for (const KeyTable* table : AllKeyTables()) {
    for (const KeySpec& key : table->keys) EXPECT_EQ(table->Find(key.name), &key) << table->where << " " << key.name;
    EXPECT_EQ(table->Find("no-such-key"), nullptr);
  }
}

// Catches a key, format or codec that the parser knows and the manual does not.
TEST(ManualTest, EveryKeyIsDocumented) {
  std::ifstream file("docs/profile.md");
  ASSERT_TRUE(file.is_open()) << "docs/profile.md";
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  for (const KeyTable* table : AllKeyTables()) {
    for (const KeySpec& key : table->keys) {
      // A row of a table that starts with the key, so that a mention in passing is not enough.
      const std::string row = "\n| `" + std::string(key.name) + "` |";
      EXPECT_NE(manual.find(row), std::string::npos) << "'" << key.name << "' of " << table->where;
    }
  }
  for (const auto words : {CaptureFormatNames(), FlipNames(), FilterNames()}) {
    for (const std::string_view word : words) {
      EXPECT_NE(manual.find("`" + std::string(word) + "`"), std::string::npos) << word;
    }
  }
  for (const KeySpec& codec : CodecNames()) {
    EXPECT_NE(manual.find("`" + std::string(codec.name) + "`"), std::string::npos) << codec.name;
  }
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The tables of keys: hints for the misspelt, and that nothing is missing in them.
#include "core/profile/keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/profile/key_types.h"

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
  EXPECT_EQ(kStreamKeys.Hint("colour"), "; expected one of: capture, outputs, backends, require");
  EXPECT_EQ(kProfileKeys.Hint("extnds"), "; did you mean 'extends'?");
}

// Catches a key that is listed twice, so that one of its two states is never seen.
TEST(KeyTableTest, KeysAreUniqueWithinATable) {
  for (const KeyTable* table : AllKeyTables()) {
    for (const KeySpec& key : table->keys) EXPECT_EQ(table->Find(key.name), &key) << table->where << " " << key.name;
    EXPECT_EQ(table->Find("no-such-key"), nullptr);
  }
}

// Catches a key without what the manual, the schema or a message needs of it.
TEST(KeyTableTest, EveryKeyIsDescribedInFull) {
  for (const KeyTable* table : AllKeyTables()) {
    EXPECT_FALSE(table->id.empty()) << table->where;
    for (const KeySpec& key : table->keys) {
      SCOPED_TRACE(std::string(table->where) + ": " + std::string(key.name));
      EXPECT_TRUE(key.help.ends_with('.')) << key.help;
      EXPECT_FALSE(key.example.empty());
      EXPECT_FALSE(key.required && !(key.fallback.empty() && key.otherwise.empty()));
      EXPECT_EQ(key.table != nullptr,
                key.type == KeyType::kMapping || key.type == KeyType::kNamed || key.type == KeyType::kPublish);
      EXPECT_EQ(key.words.empty(), key.type != KeyType::kWord && key.type != KeyType::kRequire);
      EXPECT_FALSE(TypeText(key).empty());
    }
  }
}

// Catches a codec that may be written and is not in the list of codecs, or the other way round.
TEST(KeyTableTest, CodecsOfTheTableAreThoseThatWork) {
  std::vector<std::string_view> names;
  for (const KeySpec& codec : CodecNames()) {
    if (codec.implemented) names.push_back(codec.name);
  }
  const auto words = kEncoderKeys.Find("codec")->words;
  EXPECT_EQ(names, std::vector<std::string_view>(words.begin(), words.end()));
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The tables of words are complete.
#include "core/machine/words.h"

#include <gtest/gtest.h>

#include <set>

#include "core/plugin/identity.h"
#include "core/plugin/known_bits.h"

namespace videostream {
namespace {

// Catches a number of the ABI without a word: it would be recorded as "unknown" and refused by the reader.
TEST(WordsTest, NumbersAreComplete) {
  const struct {
    std::span<const Word> words;
    uint32_t last;
  } tables[] = {{KindWords(), VSTREAM_KINDS - 1},
                {ReasonWords(), VSTREAM_REASON_BROKEN},
                {OptionTypeWords(), VSTREAM_OPTION_CHOICE}};
  for (const auto& [words, last] : tables) {
    ASSERT_EQ(words.size(), last + 1);
    for (uint32_t i = 0; i <= last; ++i) {
      EXPECT_EQ(words[i].value, i);
      EXPECT_EQ(FindWord(words, WordFor(words, i)), i);
    }
    EXPECT_EQ(WordFor(words, last + 1), "unknown");
    EXPECT_FALSE(FindWord(words, "unknown"));
  }
  for (const Word& kind : KindWords()) EXPECT_EQ(kind.name, KindName(kind.value));
}

// Catches a bit of the ABI without a word: it would be lost in a recording.
TEST(WordsTest, BitsAreComplete) {
  const struct {
    std::span<const Word> words;
    uint32_t all;
  } tables[] = {{KindBitWords(), (1U << VSTREAM_KINDS) - 1},
                {DeviceFlagWords(), VSTREAM_DEVICE_HARDWARE | VSTREAM_DEVICE_REALTIME | VSTREAM_DEVICE_EXCLUSIVE},
                {MemoryWords(), kKnownMemory},
                {DirectionWords(), VSTREAM_DIRECTION_INPUT | VSTREAM_DIRECTION_OUTPUT},
                {OptionFlagWords(), VSTREAM_OPTION_FLAG_LIVE | VSTREAM_OPTION_FLAG_LIST | VSTREAM_OPTION_FLAG_HOST}};
  for (const auto& [words, all] : tables) {
    uint32_t bits = 0;
    std::set<std::string_view> names;
    for (const Word& word : words) {
      EXPECT_EQ(bits & word.value, 0U) << word.name;
      bits |= word.value;
      EXPECT_TRUE(names.insert(word.name).second) << word.name;
    }
    EXPECT_EQ(bits, all);
    EXPECT_EQ(WordsFor(words, all).size(), words.size());
    EXPECT_TRUE(WordsFor(words, 0).empty());
  }
}

// Catches citations of two devices that are filed under one key.
TEST(WordsTest, ACitationBelongsToOneDevice) {
  EXPECT_EQ(CitationKey("v4l2", VSTREAM_KIND_ENCODER, "vsi-enc"), "v4l2 encoder vsi-enc");
  EXPECT_NE(CitationKey("v4l2", VSTREAM_KIND_ENCODER, "a"), CitationKey("v4l2", VSTREAM_KIND_CAPTURE, "a"));
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Foreign text made harmless.
#include "core/plugin/foreign_text.h"

#include <gtest/gtest.h>

namespace videostream {
namespace {

// Catches: a message of a backend that forges further lines of a log or drives the terminal.
TEST(OneLine, LeavesOnePrintableLine) {
  EXPECT_EQ(OneLine("plain", 80), "plain");
  EXPECT_EQ(OneLine("two\nlines\tand a tab \n\n", 80), "two lines and a tab");
  EXPECT_EQ(OneLine("\x1b[31mred\x7f", 80), "\\x1b[31mred\\x7f");
  EXPECT_EQ(OneLine("", 80), "");
  EXPECT_EQ(OneLine("gr\xC3\xBC\xC3\x9F \xFF", 80), "gr\xC3\xBC\xC3\x9F \xEF\xBF\xBD");
}

// Catches: a text of a megabyte in one message, or one cut in the middle of a character.
TEST(OneLine, CutsAtACharacter) {
  EXPECT_EQ(OneLine("abcdef", 3), "abc...");
  EXPECT_EQ(OneLine("ab\xC3\xBCx", 3), "ab...");
  EXPECT_EQ(OneLine("ab\xC3\xBCx", 4), "ab\xC3\xBC...");
  EXPECT_EQ(OneLine("abc", 3), "abc");
}

// Catches: a fixed array read beyond its end because it has no NUL.
TEST(ArrayText, EndsWithTheArray) {
  const char full[4] = {'a', 'b', 'c', 'd'};
  EXPECT_EQ(ArrayText(full), "abcd");
  const char part[4] = {'a', '\0', 'c', 'd'};
  EXPECT_EQ(ArrayText(part), "a");
}

// Catches: a record passed on with bytes behind the NUL, without NUL, or with control characters.
TEST(CleanText, EndsTheTextAndClearsTheRest) {
  char full[4] = {'a', '\n', 'c', 'd'};
  CleanText(full);
  EXPECT_EQ(std::string(full, 4), std::string("a?c\0", 4));
  char part[4] = {'a', '\0', 'c', 'd'};
  CleanText(part);
  EXPECT_EQ(std::string(part, 4), std::string("a\0\0\0", 4));
  char split[3] = {'a', '\xC3', '\xBC'};
  CleanText(split);
  EXPECT_STREQ(split, "a?") << "a character that loses its second byte to the NUL";
  char utf8[4] = "\xC3\xBC";
  CleanText(utf8);
  EXPECT_STREQ(utf8, "\xC3\xBC");
}

// Catches: a text cut without its NUL.
TEST(SetArrayText, CutsWhatDoesNotFit) {
  char field[4];
  SetArrayText(field, "abcdef");
  EXPECT_STREQ(field, "abc");
  SetArrayText(field, "x");
  EXPECT_EQ(std::string(field, 4), std::string("x\0\0\0", 4));
}

}  // namespace
}  // namespace videostream

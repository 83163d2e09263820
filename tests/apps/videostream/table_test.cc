// SPDX-License-Identifier: Apache-2.0
// Columns and paragraphs.
#include "apps/videostream/table.h"

#include <gtest/gtest.h>

namespace videostream {
namespace {

// Would catch: columns that do not line up, trailing spaces, missing cells.
TEST(TableTest, ColumnsLineUp) {
  Table table({"NAME", ">COUNT", "NOTE"});
  table.Row({"a", "1000000", "x"});
  table.Row({"longer", "2"});
  EXPECT_EQ(table.Text(2),
            "  NAME      COUNT  NOTE\n"
            "  a       1000000  x\n"
            "  longer        2\n");
}

// Would catch: widths counted in bytes, and foreign text that moves the terminal's cursor.
TEST(TableTest, ForeignTextIsCountedInCharactersAndEscaped) {
  Table table({"N", "X"});
  table.Row({"\xc3\xa9", "1"});
  table.Row({"\x1b[2J", "2"});
  EXPECT_EQ(table.Text(), "N        X\n\xc3\xa9        1\n\\x1b[2J  2\n");
}

// Would catch: lines beyond the width, lost words, an indent that is not kept.
TEST(TableTest, ParagraphsAreWrapped) {
  std::string words;
  for (int i = 0; i < 40; ++i) words += "word" + std::to_string(i) + " ";
  const std::string text = Wrap(words, 4);
  size_t at = 0;
  for (size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    EXPECT_LE(end - at, kTextWidth);
    EXPECT_EQ(text.substr(at, 4), "    ");
  }
  EXPECT_EQ(at, text.size());
  EXPECT_NE(text.find("word39\n"), std::string::npos);
  EXPECT_EQ(Wrap("", 4), "");
  EXPECT_EQ(Wrap("a b", 2, true), "a b\n");
  const std::string longer(100, 'x');
  EXPECT_EQ(Wrap("a " + longer, 0), "a\n" + longer + "\n");
}

// Would catch: powers of 1024 under the names of powers of 1000.
TEST(TableTest, BytesAreReadable) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1234567), "1.2 MB");
  EXPECT_EQ(FormatBytes(UINT64_MAX), "18446744.1 TB");
}

}  // namespace
}  // namespace videostream

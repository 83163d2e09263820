// SPDX-License-Identifier: Apache-2.0
// Foreign text: what is valid, what a terminal and a JSON reader get to see.
#include "core/base/text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace videostream {
namespace {

using std::literals::operator""sv;

std::string Printable(std::string_view text) {
  std::string out;
  AppendPrintable(out, text);
  return out;
}

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

// Independent of the code under test: the encoding of one code point, valid or not.
std::string Encode(uint32_t point, int length) {
  std::string out;
  if (length == 1) return {static_cast<char>(point)};
  for (int i = 0; i < length - 1; ++i, point >>= 6U) out.insert(out.begin(), static_cast<char>(0x80 | (point & 0x3F)));
  const unsigned lead = length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0;
  out.insert(out.begin(), static_cast<char>(lead | point));
  return out;
}

// Catches a decoder that refuses a valid character or accepts a surrogate or one beyond Unicode.
TEST(Utf8Test, EveryCodePointHasItsOneEncoding) {
  for (uint32_t point = 0; point < 0x120000; ++point) {
    const int length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    const bool valid = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
    ASSERT_EQ(Utf8SequenceLength(Encode(point, length)), valid ? static_cast<size_t>(length) : 0) << std::hex << point;
    if (length < 4) {
      ASSERT_EQ(Utf8SequenceLength(Encode(point, length + 1)), 0U) << "overlong " << std::hex << point;
    }
  }
}

// Catches a read behind the end of a truncated sequence (under asan) and stray bytes taken for characters.
TEST(Utf8Test, TruncatedAndStrayBytesAreInvalid) {
  EXPECT_EQ(Utf8SequenceLength(""sv), 0U);
  EXPECT_EQ(Utf8SequenceLength("\xC3"sv), 0U);
  EXPECT_EQ(Utf8SequenceLength("\xE2\x82"sv), 0U);
  EXPECT_EQ(Utf8SequenceLength("\xF0\x9F\x98"sv), 0U);
  EXPECT_EQ(Utf8SequenceLength("\xC3("sv), 0U);
  EXPECT_EQ(Utf8SequenceLength("\x80"sv), 0U);
  EXPECT_EQ(Utf8SequenceLength("\xFF"sv), 0U);
}

// Catches an escape sequence from a device name or a peer that reaches the operator's terminal.
TEST(PrintableTest, ControlCharactersAreEscaped) {
  EXPECT_EQ(Printable("a\x1b[2Jb\x7f\r\0c"sv), "a\\x1b[2Jb\\x7f\\x0d\\x00c");
  EXPECT_EQ(Printable("\xC2\x9B[2J"sv), "\\x9b[2J");  // the one-character form of ESC [
  EXPECT_EQ(Printable("two\nlines\tand \xC3\xA9"sv), "two\nlines\tand \xC3\xA9");
  EXPECT_EQ(Printable("\xFFx\xC3"sv), "\xEF\xBF\xBDx\xEF\xBF\xBD");
}

// Catches a JSON line that is split or invalid because of what somebody called a device.
TEST(JsonStringTest, QuotesAndEscapes) {
  EXPECT_EQ(Json("a\"b\\c"sv), R"("a\"b\\c")");
  EXPECT_EQ(Json("l1\nl2\tx\x01\x7f"sv), R"("l1\nl2\tx\u0001\u007f")");
  EXPECT_EQ(Json("\0"sv), R"("\u0000")");
  EXPECT_EQ(Json("\xC3\xA9\xFF"sv), "\"\xC3\xA9\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The look of a message: position, window, caret.
#include "core/profile/diagnostics.h"

#include <gtest/gtest.h>

#include <string>

namespace videostream {
namespace {

// Catches a caret that drifts under tabs, or a message without its final form.
TEST(DiagnosticsTest, TabsStayTabsUnderTheLine) {
  EXPECT_EQ(FormatDiagnostic("f", "a: {\tb: c}\n", {1, 9, 1}, "m"),
            "f:1:9: error: m\n   1 | a: {\tb: c}\n     |     \t   ^");
}

// Catches a caret line longer than the line it marks.
TEST(DiagnosticsTest, WidthIsCutAtTheEndOfTheLine) {
  EXPECT_EQ(FormatDiagnostic("f", "abc\ndef\n", {1, 2, 50}, "m"), "f:1:2: error: m\n   1 | abc\n     |  ^~");
}

// Catches line numbers that push the bars out of line.
TEST(DiagnosticsTest, LargeLineNumbersWidenTheMargin) {
  std::string text(12344, '\n');
  text += "x: y\n";
  EXPECT_EQ(FormatDiagnostic("f", text, {12345, 4, 1}, "m"), "f:12345:4: error: m\n12345 | x: y\n      |    ^");
}

// Catches a long line that hides the message, or a window that does not contain the caret.
TEST(DiagnosticsTest, LongLinesAreShownInAWindow) {
  const std::string text = std::string(1000, 'a') + "B" + std::string(1000, 'c');
  const std::string shown = FormatDiagnostic("f", text, {1, 1001, 1}, "m");
  EXPECT_EQ(shown, "f:1:1001: error: m\n   1 | " + std::string(80, 'a') + "B" + std::string(79, 'c') + "\n     | " +
                       std::string(80, ' ') + "^");
}

// Catches foreign text that reaches the terminal through a message, a path or the line itself.
TEST(DiagnosticsTest, NothingForeignReachesTheTerminal) {
  const std::string shown = FormatDiagnostic("f\x1b[1m", "x\x1b[2J: y\n", {1, 1, 1}, "m\x07");
  EXPECT_EQ(shown.find_first_of("\x1b\x07"), std::string::npos) << shown;
}

// Catches positions outside the text for marks that the YAML library puts behind its end.
TEST(SourceTextTest, PositionsBehindTheEndAreMovedIntoTheText) {
  const SourceText sut("ab\ncd\n");
  const SourcePos pos = sut.Locate(7, 3);
  EXPECT_EQ(pos.line, 2);
  EXPECT_EQ(pos.column, 2);
  EXPECT_EQ(SourceText("").Locate(0, 0).line, 1);
  EXPECT_EQ(SourceText("").Locate(5, 5).column, 1);
  EXPECT_EQ(sut.Locate(-1, -1).line, 2);
  EXPECT_EQ(sut.RestOfLine(0, 1), "b");
  EXPECT_EQ(sut.RestOfLine(9, 0), "");
  EXPECT_EQ(sut.RestOfLine(0, 99), "");
}

// Catches columns counted in bytes.
TEST(SourceTextTest, ColumnsCountCharacters) {
  const SourceText sut("\xC3\xA9\xE2\x82\xAC: \"\xF0\x9F\x98\x80\"\n");
  const SourcePos pos = sut.Locate(0, 7);
  EXPECT_EQ(pos.column, 5);
  EXPECT_EQ(pos.width, 3);
  EXPECT_EQ(sut.LocateOffset(5).column, 3);
}

// Catches an escaped quote taken for the closing one.
TEST(SourceTextTest, QuotedTextEndsAtItsOwnQuote) {
  EXPECT_EQ(QuotedLength(R"("a\"b" c)"), 6U);
  EXPECT_EQ(QuotedLength(R"('a''b\' c)"), 7U);
  EXPECT_EQ(QuotedLength(R"('it''s')"), 7U);
  EXPECT_EQ(QuotedLength(R"("a\)"), 0U);
  EXPECT_EQ(QuotedLength(R"("a\")"), 0U);
  EXPECT_EQ(QuotedLength("'"), 0U);
  EXPECT_EQ(QuotedLength(""), 0U);
}

}  // namespace
}  // namespace videostream

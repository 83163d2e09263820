// SPDX-License-Identifier: Apache-2.0
// Messages about a place in a text file, in the one form the operator sees: position, message, source line, caret.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/profile/profile.h"

namespace videostream {

// "FILE:LINE:COLUMN: error: MESSAGE", the line and a caret line, without a final newline. A long line is cut to a
// window around the column; control characters of the file are shown escaped. Without the place if `pos` is not in the
// file.
[[nodiscard]] std::string FormatDiagnostic(std::string_view file, std::string_view text, const SourcePos& pos,
                                           std::string_view message);

// Bytes of the quoted text that `rest` starts with, quotes included; 0 if it is not closed within `rest`.
[[nodiscard]] size_t QuotedLength(std::string_view rest);

// Where the value that starts at a byte offset of line `line` (0-based, as yaml-cpp counts) stands: translates bytes
// into characters and measures the width of the value, of which `value` is the unescaped text (empty: not a scalar).
// Positions behind the end of the text are moved to its last character.
// All positions are of file `file` (see SourcePos).
class SourceText {
 public:
  explicit SourceText(std::string_view text, int file = 0);

  [[nodiscard]] SourcePos Locate(int line, int byte_column, std::string_view value = {}) const;
  // From a byte column to the end of that line; empty behind the end of the text. Borrowed from the text.
  [[nodiscard]] std::string_view RestOfLine(int line, int byte_column) const;
  // As Locate, from an offset into the whole text; one character wide.
  [[nodiscard]] SourcePos LocateOffset(size_t offset) const;

 private:
  std::string_view text_;
  int file_;
  std::vector<size_t> line_starts_;
};

// A file that errors are about: what messages call it, and its text.
struct SourceFile {
  std::string_view name, text;
};

// The errors of one or several files. Keeps all, gives out the first kMaxProfileErrors in the order of the files.
class Diagnostics {
 public:
  void Add(const SourcePos& pos, std::string message) { entries_.push_back({pos, std::move(message)}); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] size_t size() const { return entries_.size(); }

  // All of them as one kInvalidArgument error; the same one (of an alias that stands in several places) once.
  // `files` by SourcePos::file.
  [[nodiscard]] Error ToError(std::span<const SourceFile> files) const;
  // The same for errors of one file.
  [[nodiscard]] Error ToError(std::string_view file, std::string_view text) const {
    const SourceFile only{file, text};
    return ToError({&only, 1});
  }

 private:
  struct Entry {
    SourcePos pos;
    std::string message;
  };

  // In the order in which they are told, none twice.
  [[nodiscard]] std::vector<Entry> Sorted() const;

  std::vector<Entry> entries_;
};

}  // namespace videostream

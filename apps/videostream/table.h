// SPDX-License-Identifier: Apache-2.0
// Plain text for people: aligned columns and wrapped paragraphs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace videostream {

inline constexpr size_t kTextWidth = 80;

// Columns as wide as their widest cell, two spaces apart. Cells are made safe to show (AppendPrintable) and counted in
// characters, not bytes.
class Table {
 public:
  // A heading that begins with '>' makes its column right-aligned.
  explicit Table(std::vector<std::string> headings);

  // Cells left out are empty.
  void Row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Headings and rows, each line after `indent` spaces and without trailing ones.
  [[nodiscard]] std::string Text(size_t indent = 0) const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

// `text`, made safe to show, broken at spaces so that no line (its `indent` included) is wider than kTextWidth if that
// can be; words longer than a line stay whole. Ends in a newline unless `text` is empty. The first line is not indented
// where `hanging` is set: the caller has already written something as wide as the indent.
[[nodiscard]] std::string Wrap(std::string_view text, size_t indent, bool hanging = false);

// `text` made safe to show.
[[nodiscard]] std::string Printable(std::string_view text);

// 1234567 as "1.2 MB"; powers of 1000.
[[nodiscard]] std::string FormatBytes(uint64_t bytes);

}  // namespace videostream

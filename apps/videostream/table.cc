// SPDX-License-Identifier: Apache-2.0
// Alignment and wrapping of text.
#include "apps/videostream/table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "core/base/text.h"

namespace videostream {
namespace {

// Characters of valid UTF-8: all bytes but the continuation bytes.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void AppendLine(std::string& out, size_t indent, const std::vector<std::string>& cells,
                const std::vector<size_t>& widths, const std::vector<bool>& right) {
  std::string line(indent, ' ');
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - Width(cells[i]), ' ');
    line += (i == 0 ? "" : "  ") + (right[i] ? padding + cells[i] : cells[i] + padding);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
  for (std::string& heading : headings_) {
    right_.push_back(heading.starts_with('>'));
    if (right_.back()) heading.erase(0, 1);
  }
}

void Table::Row(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Text(size_t indent) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < headings_.size(); ++i) {
    widths.push_back(Width(headings_[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string out;
  AppendLine(out, indent, headings_, widths, right_);
  for (const auto& row : rows_) AppendLine(out, indent, row, widths, right_);
  return out;
}

std::string Wrap(std::string_view text, size_t indent, bool hanging) {
  const std::string safe = Printable(text);
  std::string out;
  std::string line(hanging ? 0 : indent, ' ');
  size_t width = indent;
  bool fresh = true;
  for (size_t at = 0; at < safe.size();) {
    const size_t end = std::min(safe.find_first_of(" \n", at), safe.size());
    const std::string_view word(safe.data() + at, end - at);
    if (!word.empty()) {
      if (!fresh && width + 1 + Width(word) > kTextWidth) {
        out += line + "\n";
        line.assign(indent, ' ');
        width = indent;
        fresh = true;
      }
      if (!fresh) line += ' ';
      line += word;
      width += Width(word) + (fresh ? 0 : 1);
      fresh = false;
    }
    at = end + 1;
  }
  return fresh ? out : out + line + "\n";
}

std::string Printable(std::string_view text) {
  std::string out;
  AppendPrintable(out, text);
  return out;
}

std::string FormatBytes(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  constexpr double kStep = 1000;
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= kStep && unit + 1 < kUnits.size()) {
    value /= kStep;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits.at(unit));
  return text.data();
}

}  // namespace videostream

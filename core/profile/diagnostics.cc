// SPDX-License-Identifier: Apache-2.0
// Lines, columns, carets.
#include "core/profile/diagnostics.h"

#include <algorithm>
#include <tuple>

#include "core/base/text.h"

namespace videostream {
namespace {

constexpr int kLongestLineShown = 160;

size_t CharLength(std::string_view text) { return std::max<size_t>(1, Utf8SequenceLength(text)); }

int CountChars(std::string_view text) {
  int count = 0;
  for (; !text.empty(); text.remove_prefix(CharLength(text))) ++count;
  return count;
}

std::string_view SkipChars(std::string_view text, int count) {
  for (; count > 0 && !text.empty(); --count) text.remove_prefix(CharLength(text));
  return text;
}

std::string_view LineAt(std::string_view text, int line) {
  for (; line > 1; --line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The bytes a value takes up in the rest of its line; at least 1.
size_t ValueBytes(std::string_view rest, std::string_view value) {
  if (rest.empty()) return 1;
  if (rest[0] == '"' || rest[0] == '\'') {
    const size_t quoted = QuotedLength(rest);
    return quoted > 0 ? quoted : rest.find_last_not_of(" \t\r") + 1;
  }
  if (rest[0] == '&' || rest[0] == '!' || rest[0] == '*') return std::min(rest.find_first_of(" \t\r"), rest.size());
  return !value.empty() && rest.starts_with(value) ? value.size() : CharLength(rest);
}

}  // namespace

std::string FormatDiagnostic(std::string_view file, std::string_view text, const SourcePos& pos,
                             std::string_view message) {
  std::string out;
  AppendPrintable(out, file);
  if (pos.in_file()) out += ":" + std::to_string(pos.line) + ":" + std::to_string(pos.column);
  out += ": error: ";
  AppendPrintable(out, message);
  if (!pos.in_file()) return out;

  std::string_view line = LineAt(text, pos.line);
  int before = pos.column - 1;
  if (CountChars(line) > kLongestLineShown) {
    const int cut = std::max(0, before - kLongestLineShown / 2);
    line = SkipChars(line, cut);
    line = line.substr(0, line.size() - SkipChars(line, kLongestLineShown).size());
    before -= cut;
  }
  std::string number = std::to_string(pos.line);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, ' ');
  out += "\n" + number + (line.empty() ? " |" : " | ");
  AppendPrintable(out, line);
  out += "\n" + std::string(number.size(), ' ') + " | ";
  const int left = CountChars(line) - before;
  // Tabs stay tabs under the line, so that the caret stands right whatever their width.
  for (; before > 0; --before) {
    out += !line.empty() && line[0] == '\t' ? '\t' : ' ';
    line = SkipChars(line, 1);
  }
  out += "^";
  const int tildes = std::min(pos.width, left) - 1;
  if (tildes > 0) out.append(static_cast<size_t>(tildes), '~');
  return out;
}

size_t QuotedLength(std::string_view rest) {
  const char quote = rest.empty() ? '\0' : rest[0];
  for (size_t i = 1; i < rest.size(); ++i) {
    const bool doubled = quote == '\'' && rest.substr(i).starts_with("''");
    if (doubled || (quote == '"' && rest[i] == '\\')) {
      ++i;
    } else if (rest[i] == quote) {
      return i + 1;
    }
  }
  return 0;
}

SourceText::SourceText(std::string_view text, int file) : text_(text), file_(file), line_starts_{0} {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && i + 1 < text.size()) line_starts_.push_back(i + 1);
  }
}

SourcePos SourceText::Locate(int line, int byte_column, std::string_view value) const {
  const bool behind_end = line < 0 || static_cast<size_t>(line) >= line_starts_.size();
  const size_t index = behind_end ? line_starts_.size() - 1 : static_cast<size_t>(line);
  std::string_view whole = text_.substr(line_starts_[index]);
  whole = whole.substr(0, whole.find('\n'));
  if (whole.ends_with('\r')) whole.remove_suffix(1);
  const size_t last = whole.empty() ? 0 : whole.size() - 1;
  const size_t wanted = behind_end ? last : static_cast<size_t>(std::max(0, byte_column));
  const size_t column = std::min(wanted, last);
  const std::string_view rest = whole.substr(column);
  const int width = CountChars(rest.substr(0, std::min(rest.size(), ValueBytes(rest, value))));
  return {static_cast<int>(index) + 1, CountChars(whole.substr(0, column)) + 1, std::max(1, width), file_};
}

std::string_view SourceText::RestOfLine(int line, int byte_column) const {
  if (line < 0 || byte_column < 0 || static_cast<size_t>(line) >= line_starts_.size()) return {};
  std::string_view whole = text_.substr(line_starts_[static_cast<size_t>(line)]);
  whole = whole.substr(0, whole.find('\n'));
  return whole.substr(std::min(whole.size(), static_cast<size_t>(byte_column)));
}

SourcePos SourceText::LocateOffset(size_t offset) const {
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = (next - line_starts_.begin()) - 1;
  SourcePos pos = Locate(static_cast<int>(line), static_cast<int>(offset - line_starts_[static_cast<size_t>(line)]));
  pos.width = 1;
  return pos;
}

std::vector<Diagnostics::Entry> Diagnostics::Sorted() const {
  const auto place = [](const Entry& entry) { return std::tie(entry.pos.file, entry.pos.line, entry.pos.column); };
  std::vector<Entry> sorted = entries_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&place](const Entry& a, const Entry& b) { return place(a) < place(b); });
  const auto same = [&place](const Entry& a, const Entry& b) { return place(a) == place(b) && a.message == b.message; };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
  return sorted;
}

Error Diagnostics::ToError(std::span<const SourceFile> files) const {
  const std::vector<Entry> sorted = Sorted();
  Error error{Code::kInvalidArgument, {}};
  for (size_t i = 0; i < sorted.size() && i < kMaxProfileErrors; ++i) {
    const SourceFile& file = files[static_cast<size_t>(sorted[i].pos.file)];
    if (i > 0) error.message += '\n';
    error.message += FormatDiagnostic(file.name, file.text, sorted[i].pos, sorted[i].message);
  }
  if (sorted.size() > kMaxProfileErrors) {
    error.message += "\n" + std::string(files.front().name) + ": " + std::to_string(sorted.size() - kMaxProfileErrors) +
                     " more errors";
  }
  return error;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Byte by byte.
#include "core/profile/yaml_bytes.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/profile/yaml_tree.h"

namespace videostream {
namespace {

// A line whose indentation has a tab in it, unless there is nothing or a remark behind it.
void CheckIndentation(std::string_view line, size_t offset, const SourceText& source, Diagnostics& errors) {
  const size_t end = line.find_first_not_of(" \t");
  const size_t tab = line.substr(0, end).find('\t');
  if (tab == std::string_view::npos || end == std::string_view::npos || line[end] == '\r' || line[end] == '#') return;
  errors.Add(source.LocateOffset(offset + tab), "expected spaces at the start of a line, found a tab");
}

}  // namespace

bool IsControlByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

std::string HexByte(char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'0', 'x', kHex[byte >> 4U], kHex[byte & 0xFU]};
}

bool CheckBytes(std::string_view text, const SourceText& source, Diagnostics& errors) {
  const size_t errors_before = errors.size();
  size_t line_start = 0;
  for (size_t i = 0; i < text.size();) {
    if (i == line_start) CheckIndentation(text.substr(i, text.find('\n', i) - i), i, source, errors);
    if (i - line_start > kMaxYamlLineBytes) {
      errors.Add(source.LocateOffset(i), "line longer than " + std::to_string(kMaxYamlLineBytes) + " bytes");
      return false;
    }
    if (text[i] == '\n') line_start = i + 1;
    const size_t length = Utf8SequenceLength(text.substr(i));
    if (length == 0) {
      errors.Add(source.LocateOffset(i), "expected UTF-8, found byte " + HexByte(text[i]));
      return false;
    }
    const bool line_end = text[i] == '\n' || (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
    if (length == 1 && IsControlByte(text[i]) && text[i] != '\t' && !line_end) {
      errors.Add(source.LocateOffset(i), "expected text, found control character " + HexByte(text[i]));
      return false;
    }
    i += length;
  }
  return errors.size() == errors_before;
}

}  // namespace videostream

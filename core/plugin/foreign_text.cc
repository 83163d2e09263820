// SPDX-License-Identifier: Apache-2.0
// The two ways to clean text: into a string, and in place.
#include "core/plugin/foreign_text.h"

#include <cstdint>

#include "core/base/text.h"

namespace videostream {
namespace {

bool IsControl(std::string_view sequence) {
  const auto lead = static_cast<uint8_t>(sequence[0]);
  if (sequence.size() == 1) return lead < 0x20 || lead == 0x7F;
  return sequence.size() == 2 && lead == 0xC2 && static_cast<uint8_t>(sequence[1]) < 0xA0;
}

}  // namespace

std::string OneLine(std::string_view text, size_t max_bytes) {
  while (!text.empty() && static_cast<uint8_t>(text.back()) <= ' ') text.remove_suffix(1);
  const bool cut = text.size() > max_bytes;
  if (cut) {
    size_t kept = 0;
    for (size_t next = 0; next <= max_bytes; next = kept + std::max<size_t>(1, Utf8SequenceLength(text.substr(kept)))) {
      kept = next;
    }
    text = text.substr(0, kept);
  }
  std::string line;
  AppendPrintable(line, text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  if (cut) line += "...";
  return line;
}

void CleanText(char* field, size_t size) {
  size_t length = strnlen(field, size);
  if (length == size) length = size - 1;
  std::string_view rest(field, length);
  size_t at = 0;
  while (!rest.empty()) {
    size_t bytes = Utf8SequenceLength(rest);
    if (bytes == 0 || IsControl(rest.substr(0, bytes))) {
      bytes = std::max<size_t>(bytes, 1);
      std::memset(field + at, '?', bytes);
    }
    at += bytes;
    rest.remove_prefix(bytes);
  }
  std::memset(field + length, 0, size - length);
}

}  // namespace videostream

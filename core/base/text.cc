// SPDX-License-Identifier: Apache-2.0
// UTF-8 checking and the two escapings.
#include "core/base/text.h"

#include <array>
#include <cstdint>

namespace videostream {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kHex = "0123456789abcdef";

void AppendHexEscape(std::string& out, std::string_view introducer, unsigned byte) {
  out += introducer;
  out += kHex[(byte >> 4U) & 0xFU];
  out += kHex[byte & 0xFU];
}

// Decodes a sequence whose length Utf8SequenceLength has found; only the two-byte C1 range matters to the callers.
bool IsC1(std::string_view sequence) {
  return sequence.size() == 2 && static_cast<uint8_t>(sequence[0]) == 0xC2 && static_cast<uint8_t>(sequence[1]) < 0xA0;
}

}  // namespace

size_t Utf8SequenceLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  uint32_t point = lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return 0;
    point = (point << 6U) | (byte & 0x3FU);
  }
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return point < kLeast.at(length) || point > 0x10FFFF || surrogate ? 0 : length;
}

void AppendPrintable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    const auto byte = static_cast<uint8_t>(text[0]);
    if (length == 0) {
      out += kReplacement;
    } else if (length == 1 && (byte == 0x7F || (byte < 0x20 && byte != '\n' && byte != '\t'))) {
      AppendHexEscape(out, "\\x", byte);
    } else if (IsC1(text.substr(0, length))) {
      AppendHexEscape(out, "\\x", static_cast<uint8_t>(text[1]));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    const auto byte = static_cast<uint8_t>(text[0]);
    if (length == 0) {
      out += kReplacement;
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[0];
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      AppendHexEscape(out, "\\u00", byte);
    } else if (IsC1(text.substr(0, length))) {
      AppendHexEscape(out, "\\u00", static_cast<uint8_t>(text[1]));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace videostream

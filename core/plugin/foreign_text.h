// SPDX-License-Identifier: Apache-2.0
// Text that comes from a backend, made harmless: ended, bounded, one printable line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace videostream {

// `text` as one line of at most `max_bytes` bytes (more when escapes are needed) and "..." where it was cut: trailing
// white space removed, newlines and tabs as spaces, other control characters as \xNN, broken UTF-8 as U+FFFD.
[[nodiscard]] std::string OneLine(std::string_view text, size_t max_bytes);

// The text in a fixed array of the ABI, as far as a NUL, or all of it where there is none.
template <size_t N>
[[nodiscard]] std::string_view ArrayText(const char (&field)[N]) {
  return {field, strnlen(field, N)};
}

// In place: replaces every byte that is a control character or no UTF-8 with '?', puts a NUL at the end (never in the
// middle of a character) and clears what lies behind it.
void CleanText(char* field, size_t size);

template <size_t N>
void CleanText(char (&field)[N]) {
  CleanText(field, N);
}

// Copies `text` with a NUL, cut to fit.
template <size_t N>
void SetArrayText(char (&field)[N], std::string_view text) {
  const size_t length = std::min(text.size(), N - 1);
  std::memcpy(field, text.data(), length);
  std::memset(field + length, 0, N - length);
  CleanText(field);
}

}  // namespace videostream

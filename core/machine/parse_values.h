// SPDX-License-Identifier: Apache-2.0
// Single values of a machine description, on top of core/profile/reader.h: each Read fills `out`, or reports what was
// expected and found and leaves it alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine/words.h"
#include "core/profile/reader.h"

namespace videostream {

// Keys of a description, none of which is of a profile.
constexpr KeySpec DescriptionKey(std::string_view name) {
  KeySpec key{};
  key.name = name;
  key.implemented = true;
  return key;
}

constexpr KeyTable DescriptionTable(std::string_view where, std::span<const KeySpec> keys) {
  KeyTable table{};
  table.where = where;
  table.keys = keys;
  return table;
}

// Text without control characters, of at most `most` bytes; `what` as in "the name of a device". `least`: 1 where
// nothing is no answer.
void ReadLine(const YamlNode& node, std::string_view what, size_t most, std::string& out, Diagnostics& errors,
              size_t least = 1);

// The same into a fixed array of the ABI, with a NUL behind it. May be empty.
template <size_t N>
void ReadField(const YamlNode& node, std::string_view what, char (&out)[N], Diagnostics& errors) {
  std::string text;
  ReadLine(node, what, N - 1, text, errors, 0);
  text.copy(static_cast<char*>(out), N - 1);
}

// A list of at most `count` such texts.
void ReadTexts(const YamlNode& node, std::string_view what, size_t count, size_t most, std::vector<std::string>& out,
               Diagnostics& errors);

// One word of a table; a list of words, none twice, as bits.
void ReadTableWord(const YamlNode& node, std::string_view what, std::span<const Word> words, uint32_t& out,
                   Diagnostics& errors);
void ReadTableWords(const YamlNode& node, std::string_view what, std::span<const Word> words, uint32_t& out,
                    Diagnostics& errors);

void ReadNumber(const YamlNode& node, uint32_t least, uint32_t most, uint32_t& out, Diagnostics& errors);
// A whole number of either sign.
void ReadSigned(const YamlNode& node, int64_t& out, Diagnostics& errors);
// "4096", "512KiB", "384MiB", "8GiB".
void ReadBytes(const YamlNode& node, uint64_t& out, Diagnostics& errors);
// A whole number, or "unlimited" (UINT64_MAX).
void ReadCount(const YamlNode& node, uint64_t& out, Diagnostics& errors);

}  // namespace videostream

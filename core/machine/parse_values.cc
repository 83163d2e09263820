// SPDX-License-Identifier: Apache-2.0
// Reading single values.
#include "core/machine/parse_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "core/machine/text_file.h"

namespace videostream {
namespace {

bool IsNumber(const YamlNode& node) { return node.kind == YamlNode::Kind::kScalar && !node.quoted; }

std::vector<std::string_view> Names(std::span<const Word> words) {
  std::vector<std::string_view> names;
  for (const Word& word : words) names.push_back(word.name);
  return names;
}

std::optional<uint64_t> ParseBytes(std::string_view text) {
  unsigned shift = 0;
  for (const auto& [unit, bits] : {std::pair{"KiB", 10U}, {"MiB", 20U}, {"GiB", 30U}}) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(3);
    shift = bits;
    break;
  }
  const auto count = ParseWhole(text);
  if (!count || *count > std::numeric_limits<uint64_t>::max() >> shift) return std::nullopt;
  return *count << shift;
}

}  // namespace

void ReadLine(const YamlNode& node, std::string_view what, size_t most, std::string& out, Diagnostics& errors,
              size_t least) {
  const bool text = node.kind == YamlNode::Kind::kScalar && CleanedText(node.text, node.text.size()) == node.text;
  if (!text || node.text.size() < least || node.text.size() > most) {
    return ReportUnexpected(
        node, std::string(what) + " (" + std::to_string(least) + " to " + std::to_string(most) + " bytes of text)",
        errors);
  }
  out = node.text;
}

void ReadTexts(const YamlNode& node, std::string_view what, size_t count, size_t most, std::vector<std::string>& out,
               Diagnostics& errors) {
  if (!ExpectKind(node, YamlNode::Kind::kList, "a list", errors)) return;
  if (node.items.size() > count) {
    errors.Add(node.pos,
               "expected at most " + std::to_string(count) + " entries, found " + std::to_string(node.items.size()));
    return;
  }
  for (const YamlNode* item : node.items) ReadLine(*item, what, most, out.emplace_back(), errors);
}

void ReadTableWord(const YamlNode& node, std::string_view what, std::span<const Word> words, uint32_t& out,
                   Diagnostics& errors) {
  Located<std::string> name;
  ReadWord(node, what, Names(words), name, errors);
  if (const auto value = FindWord(words, name.value)) out = *value;
}

void ReadTableWords(const YamlNode& node, std::string_view what, std::span<const Word> words, uint32_t& out,
                    Diagnostics& errors) {
  if (!ExpectKind(node, YamlNode::Kind::kList, "a list of words", errors)) return;
  uint32_t bits = 0;
  for (const YamlNode* item : node.items) {
    uint32_t bit = 0;
    ReadTableWord(*item, what, words, bit, errors);
    if ((bits & bit) != 0) errors.Add(item->pos, "'" + item->text + "' is already in this list");
    bits |= bit;
  }
  out = bits;
}

void ReadNumber(const YamlNode& node, uint32_t least, uint32_t most, uint32_t& out, Diagnostics& errors) {
  Located<uint32_t> value{out, {}};
  ReadWhole(node, least, most, value, errors);
  out = value.value;
}

void ReadSigned(const YamlNode& node, int64_t& out, Diagnostics& errors) {
  int64_t value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [at, error] = std::from_chars(node.text.data(), end, value);
  if (!IsNumber(node) || error != std::errc() || at != end || std::to_string(value) != node.text) {
    return ReportUnexpected(node, "a whole number without quotes", errors);
  }
  out = value;
}

void ReadBytes(const YamlNode& node, uint64_t& out, Diagnostics& errors) {
  const auto bytes = IsNumber(node) ? ParseBytes(node.text) : std::nullopt;
  if (!bytes) return ReportUnexpected(node, "a number of bytes such as 4096, 512KiB, 384MiB or 8GiB", errors);
  out = *bytes;
}

void ReadCount(const YamlNode& node, uint64_t& out, Diagnostics& errors) {
  const bool unlimited = IsNumber(node) && node.text == "unlimited";
  const auto count = IsNumber(node) ? ParseWhole(node.text) : std::nullopt;
  if (!unlimited && !count) return ReportUnexpected(node, "a whole number or 'unlimited'", errors);
  out = unlimited ? std::numeric_limits<uint64_t>::max() : *count;
}

}  // namespace videostream

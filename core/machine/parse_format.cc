// SPDX-License-Identifier: Apache-2.0
// Formats, sizes, rates.
#include "core/machine/parse_format.h"

#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "core/machine/parse_values.h"

namespace videostream {
namespace {

constexpr KeySpec kKeys[] = {DescriptionKey("format"), DescriptionKey("modifier"), DescriptionKey("directions"),
                             DescriptionKey("size"),   DescriptionKey("step"),     DescriptionKey("rate"),
                             DescriptionKey("stride"), DescriptionKey("memory")};
constexpr KeyTable kTable = DescriptionTable("a format", kKeys);

constexpr uint64_t kMost32 = std::numeric_limits<uint32_t>::max();

struct Dimensions {
  uint32_t width = 0, height = 0;
};

std::optional<Dimensions> ParseDimensions(std::string_view text, uint64_t most) {
  const size_t x = text.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const auto width = ParseWhole(text.substr(0, x)), height = ParseWhole(text.substr(x + 1));
  if (!width || !height || *width > most || *height > most) return std::nullopt;
  return Dimensions{static_cast<uint32_t>(*width), static_cast<uint32_t>(*height)};
}

std::optional<uint64_t> ParseHex(std::string_view text) {
  if (!text.starts_with("0x") || text.size() < 3) return std::nullopt;
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + 2, end, value, 16);
  return error == std::errc() && at == end ? std::optional(value) : std::nullopt;
}

std::string_view TextOf(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar ? std::string_view{node.text} : std::string_view{};
}

void ReadFourcc(const YamlNode& node, uint32_t& out, Diagnostics& errors) {
  if (const Format* known = FindFormat(TextOf(node)); known != nullptr) {
    out = known->fourcc;
    return;
  }
  if (const auto code = ParseHex(TextOf(node)); code && *code <= kMost32) {
    out = static_cast<uint32_t>(*code);
    return;
  }
  std::vector<std::string_view> names;
  for (const Format& format : AllFormats()) names.push_back(format.name);
  errors.Add(node.pos, "expected a format such as NV12 or H264, or a code such as 0x3231564e, found " +
                           node.Describe() + DidYouMean(TextOf(node), names));
}

// "1920x1080" or "16x16..4096x2304".
void ReadSizes(const YamlNode& node, vstream_format_range& out, Diagnostics& errors) {
  const std::string_view text = TextOf(node);
  const size_t dots = text.find("..");
  const auto least = ParseDimensions(text.substr(0, dots), VSTREAM_MAX_DIMENSION);
  const auto most =
      dots == std::string_view::npos ? least : ParseDimensions(text.substr(dots + 2), VSTREAM_MAX_DIMENSION);
  if (!least || !most || least->width > most->width || least->height > most->height) {
    return ReportUnexpected(node, "a size such as 1920x1080, or 16x16..4096x2304, at most 16384 each", errors);
  }
  out.min_width = least->width;
  out.min_height = least->height;
  out.max_width = most->width;
  out.max_height = most->height;
}

void ReadRate(const YamlNode& node, vstream_ratio& out, Diagnostics& errors) {
  const std::string_view text = TextOf(node);
  const size_t slash = text.find('/');
  const auto num = ParseWhole(text.substr(0, slash));
  const auto den = slash == std::string_view::npos ? std::optional<uint64_t>(1) : ParseWhole(text.substr(slash + 1));
  if (!num || !den || *num == 0 || *den == 0 || *num > kMost32 || *den > kMost32) {
    return ReportUnexpected(node, "a frame rate such as 60 or 30000/1001", errors);
  }
  out = {static_cast<uint32_t>(*num), static_cast<uint32_t>(*den)};
}

}  // namespace

void ParseFormatRange(const YamlNode& node, vstream_format_range& out, Diagnostics& errors) {
  out.step_width = out.step_height = out.stride_alignment = 1;
  const MapReader map(node, node.pos, kTable, errors);
  if (!map.ok()) return;
  if (const auto* format = map.Require("format")) ReadFourcc(*format->value, out.fourcc, errors);
  if (const auto* directions = map.Require("directions")) {
    ReadTableWords(*directions->value, "a direction", DirectionWords(), out.directions, errors);
  }
  if (const auto* size = map.Require("size")) ReadSizes(*size->value, out, errors);
  if (const auto* modifier = map.Find("modifier")) {
    const auto code = ParseHex(TextOf(*modifier->value));
    if (!code) ReportUnexpected(*modifier->value, "a modifier such as 0x0600000000000001", errors);
    out.modifier = code.value_or(0);
  }
  if (const auto* step = map.Find("step")) {
    const auto steps = ParseDimensions(TextOf(*step->value), kMost32);
    if (!steps) ReportUnexpected(*step->value, "steps of width and height such as 2x2", errors);
    out.step_width = steps.value_or(Dimensions{1, 1}).width;
    out.step_height = steps.value_or(Dimensions{1, 1}).height;
  }
  if (const auto* rate = map.Find("rate")) ReadRate(*rate->value, out.max_rate, errors);
  if (const auto* stride = map.Find("stride")) {
    uint32_t bytes = 1;
    ReadNumber(*stride->value, 1, kMaxLayoutAlignment, bytes, errors);
    if (!std::has_single_bit(bytes)) ReportUnexpected(*stride->value, "a power of two", errors);
    out.stride_alignment = std::has_single_bit(bytes) ? bytes : 1;
  }
  if (const auto* memory = map.Find("memory")) {
    ReadTableWords(*memory->value, "a property of memory", MemoryWords(), out.memory, errors);
  }
}

}  // namespace videostream

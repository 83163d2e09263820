// SPDX-License-Identifier: Apache-2.0
// The YUV4MPEG2 stream header: see y4m.h.
#include "backends/sw-fallback/y4m.h"

#include <charconv>
#include <cstdio>

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kMinSize = 2;

Status Invalid(std::string message) { return {VSTREAM_E_INVALID, std::move(message)}; }

bool ParseNumber(std::string_view text, uint64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

Status ParseDimension(const char* name, std::string_view text, uint32_t* out) {
  uint64_t value = 0;
  if (!ParseNumber(text, &value))
    return Invalid(std::string(name) + " is '" + Printable(text) + "', expected a number");
  if (value < kMinSize || value > VSTREAM_MAX_DIMENSION) {
    return Invalid(std::string(name) + " " + std::to_string(value) + " is outside " + std::to_string(kMinSize) + ".." +
                   std::to_string(VSTREAM_MAX_DIMENSION));
  }
  *out = static_cast<uint32_t>(value);
  return Ok();
}

Status ParseRate(std::string_view text, vstream_ratio* out) {
  constexpr uint64_t kMax = 1'000'000'000;
  const size_t colon = text.find(':');
  uint64_t num = 0, den = 0;
  if (colon == text.npos || !ParseNumber(text.substr(0, colon), &num) || !ParseNumber(text.substr(colon + 1), &den)) {
    return Invalid("frame rate is '" + Printable(text) + "', expected NUMBER:NUMBER");
  }
  if (num == 0 || den == 0 || num > kMax || den > kMax || num > 1000 * den || den > 1000 * num) {
    return Invalid("frame rate " + std::to_string(num) + ":" + std::to_string(den) + " is outside 1:1000..1000:1");
  }
  *out = {static_cast<uint32_t>(num), static_cast<uint32_t>(den)};
  return Ok();
}

Status ParseChroma(std::string_view text, Y4mHeader* out) {
  struct Variety {
    std::string_view name;
    uint32_t fourcc;
    uint8_t chroma_x, chroma_y;
  };
  static constexpr Variety kVarieties[] = {
      {"420", VSTREAM_FORMAT_I420, 0, 0},      {"420jpeg", VSTREAM_FORMAT_I420, 2, 2},
      {"420mpeg2", VSTREAM_FORMAT_I420, 1, 2}, {"420paldv", VSTREAM_FORMAT_I420, 1, 1},
      {"mono", VSTREAM_FORMAT_GREY, 0, 0},
  };
  for (const Variety& each : kVarieties) {
    if (text != each.name) continue;
    out->fourcc = each.fourcc;
    out->colorimetry.chroma_x = each.chroma_x;
    out->colorimetry.chroma_y = each.chroma_y;
    return Ok();
  }
  return {VSTREAM_E_UNSUPPORTED, "colour space 'C" + Printable(text) +
                                     "' is not supported, expected one of C420, C420jpeg, C420mpeg2, "
                                     "C420paldv, Cmono"};
}

Status ParseExtension(std::string_view text, Y4mHeader* out) {
  constexpr std::string_view kRange = "COLORRANGE=";
  if (!text.starts_with(kRange)) return Ok();  // for others
  const std::string_view value = text.substr(kRange.size());
  if (value == "FULL") {
    out->colorimetry.range = VSTREAM_RANGE_FULL;
  } else if (value == "LIMITED") {
    out->colorimetry.range = VSTREAM_RANGE_LIMITED;
  } else {
    return Invalid("colour range is '" + Printable(value) + "', expected FULL or LIMITED");
  }
  return Ok();
}

Status ParseTag(std::string_view tag, Y4mHeader* out) {
  const std::string_view value = tag.substr(1);
  switch (tag[0]) {
    case 'W':
      return ParseDimension("width", value, &out->width);
    case 'H':
      return ParseDimension("height", value, &out->height);
    case 'F':
      return ParseRate(value, &out->rate);
    case 'I':
      if (value == "p" || value == "?") return Ok();
      return {VSTREAM_E_UNSUPPORTED, "interlacing 'I" + Printable(value) + "' is not supported, expected Ip"};
    case 'A':
      return Ok();  // shape of a pixel: has no place in a frame
    case 'C':
      return ParseChroma(value, out);
    case 'X':
      return ParseExtension(value, out);
    default:
      return Invalid("unknown tag '" + Printable(tag) + "', expected one of W, H, F, I, A, C, X");
  }
}

}  // namespace

std::string Printable(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size() && i < 24; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    if (byte >= 0x20 && byte < 0x7F) {
      text += bytes[i];
    } else {
      text += escaped;
    }
  }
  return bytes.size() > 24 ? text + "..." : text;
}

Status ParseY4mHeader(std::string_view line, Y4mHeader* out) {
  if (!line.starts_with(kY4mMagic) || (line.size() > kY4mMagic.size() && line[kY4mMagic.size()] != ' ')) {
    return Invalid("starts with '" + Printable(line.substr(0, kY4mMagic.size() + 1)) + "', expected '" +
                   std::string(kY4mMagic) + " '");
  }
  Y4mHeader header;
  header.colorimetry.primaries = header.colorimetry.transfer = header.colorimetry.matrix = 2;
  std::string_view rest = line.substr(kY4mMagic.size());
  std::string seen;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the space
    const std::string_view tag = rest.substr(0, rest.find(' '));
    rest.remove_prefix(tag.size());
    if (tag.empty()) continue;
    if (tag[0] != 'X' && seen.find(tag[0]) != seen.npos) {
      return Invalid("tag '" + Printable(tag) + "' is the second of its kind");
    }
    seen += tag[0];
    if (Status status = ParseTag(tag, &header); !status.ok()) return status;
  }
  for (const char* need : {"Wwidth", "Hheight", "Fframe rate"}) {
    if (seen.find(need[0]) == seen.npos) {
      return Invalid(std::string("no ") + (need + 1) + " (tag '" + need[0] + "')");
    }
  }
  *out = header;
  return Ok();
}

Status ParseY4mFrameHeader(std::string_view line) {
  if (line == "FRAME" || line.starts_with("FRAME ")) return Ok();
  return Invalid("expected 'FRAME', found '" + Printable(line) + "'");
}

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// Reading and writing single values.
#include "core/profile/scalars.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "core/base/clock.h"
#include "core/base/text.h"

namespace videostream {
namespace {

constexpr std::string_view kRuntimeToken = "${RUNTIME}";
constexpr uint64_t kMostPixels = 16384;  // of one side of a picture
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un{}.sun_path) - 1;

bool InRange(uint64_t value, uint64_t least, uint64_t most) { return value >= least && value <= most; }

bool ConsistsOf(std::string_view text, std::string_view allowed, size_t most) {
  return InRange(text.size(), 1, most) && text.find_first_not_of(allowed) == std::string_view::npos;
}

// The number in front of `suffix`; nothing if `text` does not end in it.
std::optional<uint64_t> WholeBefore(std::string_view text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return std::nullopt;
  return ParseWhole(text.substr(0, text.size() - suffix.size()));
}

// `count` units, as long as the product stays in [least, most].
std::optional<uint64_t> Scaled(uint64_t count, uint64_t unit, uint64_t least, uint64_t most) {
  if (count > most / unit || !InRange(count * unit, least, most)) return std::nullopt;
  return count * unit;
}

}  // namespace

std::optional<uint64_t> ParseWhole(std::string_view text) {
  constexpr size_t kMostDigits = 18;
  if (!ConsistsOf(text, "0123456789", kMostDigits)) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<uint64_t>(c - '0');
  return value;
}

std::optional<Size> ParseSize(std::string_view text) {
  const size_t x = text.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const auto width = ParseWhole(text.substr(0, x));
  const auto height = ParseWhole(text.substr(x + 1));
  if (!width || !height || !InRange(*width, 16, kMostPixels) || !InRange(*height, 16, kMostPixels)) return std::nullopt;
  return Size{static_cast<uint32_t>(*width), static_cast<uint32_t>(*height)};
}

std::string FormatSize(const Size& size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

std::optional<CropSpec> ParseCrop(std::string_view text) {
  const size_t plus = text.find('+');
  const size_t second = plus == std::string_view::npos ? plus : text.find('+', plus + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto size = ParseSize(text.substr(0, plus));
  const auto x = ParseWhole(text.substr(plus + 1, second - plus - 1));
  const auto y = ParseWhole(text.substr(second + 1));
  if (!size || !x || !y || *x > kMostPixels - size->width || *y > kMostPixels - size->height) return std::nullopt;
  return CropSpec{static_cast<uint32_t>(*x), static_cast<uint32_t>(*y), size->width, size->height};
}

std::string FormatCrop(const CropSpec& crop) {
  return FormatSize({crop.width, crop.height}) + "+" + std::to_string(crop.x) + "+" + std::to_string(crop.y);
}

std::optional<uint32_t> ParseRotation(std::string_view text) {
  const auto degrees = ParseWhole(text);
  if (!degrees || *degrees > 270 || *degrees % 90 != 0) return std::nullopt;
  return static_cast<uint32_t>(*degrees);
}

std::optional<FrameRate> ParseFrameRate(std::string_view text) {
  constexpr uint64_t kMostTerm = 1000000;
  const size_t slash = text.find('/');
  const auto num = ParseWhole(text.substr(0, slash));
  const auto den = slash == std::string_view::npos ? std::optional<uint64_t>(1) : ParseWhole(text.substr(slash + 1));
  if (!num || !den || !InRange(*num, 1, kMostTerm) || !InRange(*den, 1, kMostTerm)) return std::nullopt;
  if (*num < *den || *num > 1000 * *den) return std::nullopt;
  const uint64_t common = std::gcd(*num, *den);
  return FrameRate{static_cast<uint32_t>(*num / common), static_cast<uint32_t>(*den / common)};
}

std::string FormatFrameRate(const FrameRate& rate) {
  return rate.den == 1 ? std::to_string(rate.num) : std::to_string(rate.num) + "/" + std::to_string(rate.den);
}

std::optional<uint32_t> ParseBitrate(std::string_view text) {
  uint64_t unit = 1;
  auto count = ParseWhole(text);
  if (const auto kilo = WholeBefore(text, "k")) {
    count = kilo;
    unit = 1000;
  } else if (const auto mega = WholeBefore(text, "M")) {
    count = mega;
    unit = 1000000;
  }
  if (!count) return std::nullopt;
  const auto bits = Scaled(*count, unit, 1000, 1000000000);
  return bits ? std::optional<uint32_t>(static_cast<uint32_t>(*bits)) : std::nullopt;
}

std::string FormatBitrate(uint32_t bits_per_second) {
  if (bits_per_second % 1000000 == 0) return std::to_string(bits_per_second / 1000000) + "M";
  if (bits_per_second % 1000 == 0) return std::to_string(bits_per_second / 1000) + "k";
  return std::to_string(bits_per_second);
}

std::optional<int64_t> ParseDuration(std::string_view text) {
  auto count = WholeBefore(text, "ms");
  const int64_t unit = count ? kNsPerMs : kNsPerSecond;
  if (!count) count = WholeBefore(text, "s");
  if (!count) return std::nullopt;
  const auto ns = Scaled(*count, static_cast<uint64_t>(unit), 10 * kNsPerMs, 60 * kNsPerSecond);
  return ns ? std::optional<int64_t>(static_cast<int64_t>(*ns)) : std::nullopt;
}

std::string FormatDuration(int64_t ns) {
  return ns % kNsPerSecond == 0 ? std::to_string(ns / kNsPerSecond) + "s" : std::to_string(ns / kNsPerMs) + "ms";
}

std::optional<uint32_t> ParseMode(std::string_view text) {
  if (text.size() != 4 || text[0] != '0' || !ConsistsOf(text, "01234567", 4)) return std::nullopt;
  uint32_t mode = 0;
  for (const char c : text) mode = mode * 8 + static_cast<uint32_t>(c - '0');
  return mode;
}

std::string FormatMode(uint32_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0%03o", mode & 0777U);
  return text.data();
}

bool IsName(std::string_view text) { return ConsistsOf(text, "abcdefghijklmnopqrstuvwxyz0123456789-", 32); }

bool IsProfileName(std::string_view text) { return ConsistsOf(text, "abcdefghijklmnopqrstuvwxyz0123456789-_", 32); }

bool IsOptionKey(std::string_view text) { return ConsistsOf(text, "abcdefghijklmnopqrstuvwxyz0123456789-_", 64); }

bool IsAccount(std::string_view text) {
  constexpr std::string_view kRest = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-";
  constexpr std::string_view kFirst = kRest.substr(0, kRest.size() - 3);
  constexpr uint64_t kMost = 4294967294;  // one more is "none" to the kernel
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto number = ParseWhole(text);
    return number && *number <= kMost;
  }
  return kFirst.find(text[0]) != std::string_view::npos && ConsistsOf(text, kRest, 64);
}

Result<std::string> ResolveSocketPath(std::string_view text, EnvLookup env) {
  std::string path(text);
  if (text.starts_with(kRuntimeToken)) path = RuntimeDir(env) + std::string(text.substr(kRuntimeToken.size()));
  const bool separated = !text.starts_with(kRuntimeToken) || text.substr(kRuntimeToken.size()).starts_with('/');
  if (!path.starts_with('/') || !separated || path.ends_with('/')) {
    return Fail(Code::kInvalidArgument,
                "expected the path of a socket that starts with '/' or '${RUNTIME}/', found " + QuoteForMessage(text));
  }
  if (path.find("${") != std::string::npos) {
    return Fail(Code::kInvalidArgument,
                "only ${RUNTIME} at the start of a path stands for a directory, found " + QuoteForMessage(text));
  }
  path = std::filesystem::path(path).lexically_normal().string();
  if (path.size() > kMaxSocketPath) {
    return Fail(Code::kInvalidArgument, "socket path " + QuoteForMessage(path) + " has " + std::to_string(path.size()) +
                                            " bytes, but a unix socket takes at most " +
                                            std::to_string(kMaxSocketPath));
  }
  return path;
}

std::string QuoteForMessage(std::string_view text) {
  constexpr size_t kLongestShown = 64;
  size_t end = 0;
  while (end < text.size() && end < kLongestShown) end += std::max<size_t>(1, Utf8SequenceLength(text.substr(end)));
  return "'" + std::string(text.substr(0, end)) + (end < text.size() ? "...'" : "'");
}

}  // namespace videostream

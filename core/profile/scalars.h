// SPDX-License-Identifier: Apache-2.0
// The spellings of single values in a profile: sizes, crops, rates, bitrates, durations, modes, names, socket paths.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/runtime_dir.h"
#include "core/profile/profile.h"

namespace videostream {

// Each Parse gives nothing for another spelling or a value outside its range, and never throws; Format is its inverse.

// Decimal digits without sign or leading zeros, at most 18 of them.
[[nodiscard]] std::optional<uint64_t> ParseWhole(std::string_view text);

// "1920x1080", 16..16384 each.
[[nodiscard]] std::optional<Size> ParseSize(std::string_view text);
[[nodiscard]] std::string FormatSize(const Size& size);

// "640x480+16+32": width, height, and the distances of its upper left corner from that of the picture; 16..16384 each
// side, and inside a picture of 16384x16384.
[[nodiscard]] std::optional<CropSpec> ParseCrop(std::string_view text);
[[nodiscard]] std::string FormatCrop(const CropSpec& crop);

// "0", "90", "180" or "270" degrees.
[[nodiscard]] std::optional<uint32_t> ParseRotation(std::string_view text);

// "30" or "30000/1001", 1..1000 frames per second, terms of at most 1000000; the result is in lowest terms.
[[nodiscard]] std::optional<FrameRate> ParseFrameRate(std::string_view text);
[[nodiscard]] std::string FormatFrameRate(const FrameRate& rate);

// "5M", "500k" (powers of 1000) or "5000000", in bit/s: 1000..1000000000.
[[nodiscard]] std::optional<uint32_t> ParseBitrate(std::string_view text);
[[nodiscard]] std::string FormatBitrate(uint32_t bits_per_second);

// "1s" or "100ms", in nanoseconds: 10 ms..60 s.
[[nodiscard]] std::optional<int64_t> ParseDuration(std::string_view text);
[[nodiscard]] std::string FormatDuration(int64_t ns);

// "0660": a zero and three octal digits.
[[nodiscard]] std::optional<uint32_t> ParseMode(std::string_view text);
[[nodiscard]] std::string FormatMode(uint32_t mode);

// 1 to 32 characters out of a-z, 0-9 and '-': streams, outputs, backends.
[[nodiscard]] bool IsName(std::string_view text);

// The same and '_': profiles.
[[nodiscard]] bool IsProfileName(std::string_view text);

// 1 to 64 characters out of a-z, 0-9, '-' and '_': options of backends.
[[nodiscard]] bool IsOptionKey(std::string_view text);

// A user or group: a number from 0 to 4294967294, or a name of 1 to 64 of A-Z, a-z, 0-9, '_', '.', '@' and '-' that
// starts with none of the last three and is no number. Whether there is one of this name is not looked at.
[[nodiscard]] bool IsAccount(std::string_view text);

inline constexpr size_t kMaxOptionBytes = 1024;

// The absolute path a `socket` value means, ${RUNTIME} at its start replaced by RuntimeDir(env). Fails with what was
// expected and found: relative paths, other variables, paths that do not fit sun_path.
[[nodiscard]] Result<std::string> ResolveSocketPath(std::string_view text, EnvLookup env);

// `text` in single ticks, cut after 64 characters.
[[nodiscard]] std::string QuoteForMessage(std::string_view text);

}  // namespace videostream

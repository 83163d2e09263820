// SPDX-License-Identifier: Apache-2.0
// How values are written on the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace videostream {

// "10s", "500ms", "5m", "2h": a whole number above 0 and a unit, up to 1000 days. kInvalidArgument otherwise.
[[nodiscard]] Result<std::chrono::nanoseconds> ParseTime(std::string_view text);

// Decimal digits within `least`..`most`. kInvalidArgument otherwise, with both.
[[nodiscard]] Result<uint64_t> ParseNumber(std::string_view text, uint64_t least, uint64_t most);

// "latest" (0) or "queue:N" (N, 1..32). kInvalidArgument otherwise.
[[nodiscard]] Result<uint32_t> ParsePolicy(std::string_view text);

}  // namespace videostream

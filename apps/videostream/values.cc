// SPDX-License-Identifier: Apache-2.0
// Parsing of single values of the command line.
#include "apps/videostream/values.h"

#include <array>
#include <optional>

#include "core/profile/scalars.h"

namespace videostream {
namespace {

using std::chrono::nanoseconds;

struct Unit {
  std::string_view name;
  nanoseconds length;
};
constexpr std::array<Unit, 4> kUnits = {{{"ms", std::chrono::milliseconds(1)},
                                         {"s", std::chrono::seconds(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"h", std::chrono::hours(1)}}};
constexpr nanoseconds kLongest = std::chrono::hours(24 * 1000);

}  // namespace

Result<nanoseconds> ParseTime(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789");
  if (digits != std::string_view::npos) {
    const std::optional<uint64_t> number = ParseWhole(text.substr(0, digits));
    for (const Unit& unit : kUnits) {
      if (text.substr(digits) != unit.name || !number || *number == 0) continue;
      if (*number <= static_cast<uint64_t>(kLongest / unit.length)) return unit.length * static_cast<int64_t>(*number);
    }
  }
  return Fail(Code::kInvalidArgument, "expected a time such as 10s, 500ms, 5m or 2h, found " + QuoteForMessage(text));
}

Result<uint64_t> ParseNumber(std::string_view text, uint64_t least, uint64_t most) {
  const std::optional<uint64_t> number = ParseWhole(text);
  if (number && *number >= least && *number <= most) return *number;
  return Fail(Code::kInvalidArgument, "expected a whole number from " + std::to_string(least) + " to " +
                                          std::to_string(most) + ", found " + QuoteForMessage(text));
}

Result<uint32_t> ParsePolicy(std::string_view text) {
  constexpr std::string_view kQueue = "queue:";
  constexpr uint64_t kDeepest = 32;
  if (text == "latest") return uint32_t{0};
  if (text.starts_with(kQueue)) {
    const std::optional<uint64_t> depth = ParseWhole(text.substr(kQueue.size()));
    if (depth && *depth >= 1 && *depth <= kDeepest) return static_cast<uint32_t>(*depth);
  }
  return Fail(Code::kInvalidArgument, "expected latest or queue:N with N from 1 to 32, found " + QuoteForMessage(text));
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Does a profile's `match` fit a machine, and how well? Pure functions; any thread.
//
// A pattern is text in which '*' stands for any text, also none; everything else stands for itself, in this case. Of
// one key one pattern has to fit; every key that is there has to fit; a `match` without keys fits nothing.
//
// Points. Each key that fits adds points, and a key outweighs all that come after it in this order together:
//   compatible  5600 x (16 - position in the device tree's list, 0 first): a board outweighs its SoC
//   soc         2700
//   dmi         1300
//   node         600
//   kernel       250
//   arch         100
// and, so that of two patterns for one key the closer one wins, 49 for a pattern without '*', else one for each
// character that is not '*', at most 48.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine/machine.h"
#include "core/profile/profile.h"

namespace videostream {

// In time proportional to the product of the lengths at most, whatever the pattern.
[[nodiscard]] bool PatternFits(std::string_view pattern, std::string_view text);

// How one key of a `match` fared.
struct KeyMatch {
  std::string key;  // "compatible"
  bool fits = false;
  std::string pattern;  // the one that fits best; if none fits, the first
  std::string fact;     // what it fits; if none fits, what is there instead: "'a', 'b'", or "nothing"
  uint32_t points = 0;  // 0 unless it fits
};

struct MatchResult {
  bool fits = false;           // every key, and there is at least one
  uint32_t points = 0;         // their sum; 0 unless it fits
  std::vector<KeyMatch> keys;  // in the order above
};

[[nodiscard]] MatchResult MatchMachine(const MatchSpec& match, const MachineFacts& facts);

}  // namespace videostream

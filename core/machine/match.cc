// SPDX-License-Identifier: Apache-2.0
// Patterns and points.
#include "core/machine/match.h"

#include <algorithm>
#include <span>

namespace videostream {
namespace {

constexpr uint32_t kStep = 5600;  // of one position in the device tree's list
constexpr uint32_t kPositions = 16;
constexpr uint32_t kExact = 49;
constexpr size_t kShownFacts = 4;

uint32_t Closeness(std::string_view pattern) {
  const auto stars = static_cast<size_t>(std::count(pattern.begin(), pattern.end(), '*'));
  if (stars == 0) return kExact;
  return static_cast<uint32_t>(std::min<size_t>(pattern.size() - stars, kExact - 1));
}

std::string WhatIsThere(std::span<const std::string> facts) {
  std::string text;
  for (size_t i = 0; i < facts.size(); ++i) {
    if (i == kShownFacts) return text + " and " + std::to_string(facts.size() - i) + " more";
    text += (text.empty() ? "'" : ", '") + facts[i] + "'";
  }
  return text.empty() ? "nothing" : text;
}

// `weight(i)`: of the fact number i.
template <class F>
KeyMatch MatchKey(const char* key, const std::vector<Located<std::string>>& patterns,
                  std::span<const std::string> facts, F&& weight) {
  KeyMatch best;
  best.key = key;
  best.pattern = patterns.front().value;
  best.fact = WhatIsThere(facts);
  for (const Located<std::string>& pattern : patterns) {
    for (size_t i = 0; i < facts.size(); ++i) {
      if (!PatternFits(pattern.value, facts[i])) continue;
      const uint32_t points = weight(i) + Closeness(pattern.value);
      if (!best.fits || points > best.points) best = {key, true, pattern.value, facts[i], points};
    }
  }
  return best;
}

}  // namespace

bool PatternFits(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  size_t star = std::string_view::npos, resume = 0;  // the last '*', and where the text behind it was last tried
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

MatchResult MatchMachine(const MatchSpec& match, const MachineFacts& facts) {
  MatchResult result;
  const auto by_position = [](size_t i) {
    return kStep * (kPositions - static_cast<uint32_t>(std::min<size_t>(i, kPositions - 1)));
  };
  if (!match.compatible.empty()) {
    result.keys.push_back(MatchKey("compatible", match.compatible, facts.compatible, by_position));
  }
  const auto add = [&result](const char* key, const std::vector<Located<std::string>>& patterns,
                             std::span<const std::string> all, uint32_t weight) {
    if (patterns.empty()) return;
    result.keys.push_back(MatchKey(key, patterns, all, [weight](size_t) { return weight; }));
  };
  const auto one = [](const std::string& fact) {
    return std::span<const std::string>(&fact, fact.empty() ? 0 : 1);  // what is unknown fits nothing, not even '*'
  };
  add("soc", match.soc, one(facts.soc), 2700);
  add("dmi", match.dmi, one(facts.dmi), 1300);
  add("node", match.node, facts.nodes, 600);
  add("kernel", match.kernel, one(facts.kernel), 250);
  add("arch", match.arch, one(facts.arch), 100);
  result.fits = !result.keys.empty() && std::ranges::all_of(result.keys, &KeyMatch::fits);
  for (const KeyMatch& key : result.keys) result.points += result.fits ? key.points : 0;
  return result;
}

}  // namespace videostream

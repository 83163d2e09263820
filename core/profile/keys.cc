// SPDX-License-Identifier: Apache-2.0
// Lookups in the tables of keys, and the search for the nearest name.
#include "core/profile/keys.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

namespace videostream {
namespace {

bool SameIgnoringCase(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before;
  std::vector<size_t> previous;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(previous, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = previous[j - 1] + (SameIgnoringCase(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped =
          i > 1 && j > 1 && SameIgnoringCase(a[i - 1], b[j - 2]) && SameIgnoringCase(a[i - 2], b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// The candidate nearest to `name` if it is near enough to be a slip of the pen, ignoring case.
std::optional<std::string_view> NearestName(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr size_t kLongestCompared = 64;
  if (name.size() > kLongestCompared) return std::nullopt;
  std::optional<std::string_view> nearest;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < std::min(least, candidate.size())) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace

std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates) {
  const auto nearest = NearestName(name, candidates);
  return nearest ? "; did you mean '" + std::string(*nearest) + "'?" : "";
}

const KeySpec* KeyTable::Find(std::string_view name) const {
  const auto* found =
      std::find_if(keys.data(), keys.data() + keys.size(), [name](const KeySpec& key) { return key.name == name; });
  return found == keys.data() + keys.size() ? nullptr : found;
}

std::string KeyTable::Hint(std::string_view name) const {
  std::vector<std::string_view> names;
  std::string list;
  for (const KeySpec& key : keys) {
    names.push_back(key.name);
    if (key.implemented) list += (list.empty() ? "" : ", ") + std::string(key.name);
  }
  const std::string nearest = DidYouMean(name, names);
  return nearest.empty() ? "; expected one of: " + list : nearest;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The keys of `match`.
#include "core/profile/parse_match.h"

#include <array>
#include <utility>

#include "core/profile/reader.h"

namespace videostream {

void ParseMatch(const YamlNode& node, MatchSpec& match, Diagnostics& errors) {
  constexpr size_t kMostPatterns = 16;
  constexpr size_t kMostBytes = 128;
  const std::array<std::pair<const char*, std::vector<Located<std::string>>*>, 6> lists = {
      {{"compatible", &match.compatible},
       {"arch", &match.arch},
       {"soc", &match.soc},
       {"dmi", &match.dmi},
       {"kernel", &match.kernel},
       {"node", &match.node}}};
  const auto read = [&errors](const YamlNode& item, Located<std::string>& pattern) {
    ReadText(item, "a pattern of 1 to 128 bytes", 1, kMostBytes, pattern, errors);
  };
  const MapReader map(node, match.pos, kMatchKeys, errors);
  if (map.ok() && node.entries.empty()) {
    errors.Add(node.pos, "'match' has no key" + kMatchKeys.Hint(""));
  }
  for (const auto& [key, list] : lists) {
    const auto* entry = map.Find(key);
    if (entry == nullptr) continue;
    ReadOneOrMore(*entry->value, InfoOf(KeyType::kPatterns).expected, kMostPatterns, read, *list, errors);
  }
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Small words.
#include "core/planner/words.h"

namespace videostream {

std::string AtLine(const Profile& profile, const SourcePos& pos) {
  if (!pos.in_file()) return {};
  std::string text = " (line " + std::to_string(pos.line);
  const auto base = static_cast<size_t>(pos.file);
  if (base > 0 && base <= profile.bases.size()) text += " of '" + profile.bases[base - 1].name + "'";
  return text + ")";
}

std::string KindWord(BackendKind kind) { return std::string(kBackendKindNames.at(static_cast<size_t>(kind))); }

std::string SumOf(const PoolPlan& pool) {
  std::string text = std::to_string(pool.count) + " =";
  const char* separator = " ";
  for (const auto& [what, count] : pool.parts) {
    text += separator + std::to_string(count) + " " + what;
    separator = " + ";
  }
  return text;
}

std::string Times(uint32_t count) { return count == 1 ? "once" : std::to_string(count) + " times"; }

std::string Joined(const std::vector<std::string>& names, const char* last) {
  constexpr size_t kMostNamed = 4;
  const size_t named = names.size() > kMostNamed ? kMostNamed - 1 : names.size();
  std::string text;
  for (size_t i = 0; i < named; ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? last : ", ") + ("'" + names[i] + "'");
  }
  if (named < names.size()) text += last + std::to_string(names.size() - named) + " others";
  return text;
}

}  // namespace videostream

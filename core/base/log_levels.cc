// SPDX-License-Identifier: Apache-2.0
// See log_levels.h; setting and getting are in log.cc.
#include "core/base/log_levels.h"

#include <algorithm>

namespace videostream {
namespace {

constexpr size_t kMaxTopics = 32;
constexpr size_t kMaxTopicBytes = 64;

bool IsTopic(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTopicBytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string_view::npos;
}

// Is `part` one between dots of `topic`?
bool Fits(std::string_view part, std::string_view topic) {
  for (size_t at = topic.find(part); at != std::string_view::npos; at = topic.find(part, at + 1)) {
    const size_t end = at + part.size();
    if ((at == 0 || topic[at - 1] == '.') && (end == topic.size() || topic[end] == '.')) return true;
  }
  return false;
}

Status SetOne(LogLevels& levels, std::string_view topic, LogLevel level) {
  if (!IsTopic(topic)) {
    return Fail(Code::kInvalidArgument, "log topic '" + std::string(topic.substr(0, kMaxTopicBytes)) +
                                            "': expected 1 to 64 of a-z, 0-9, '.', '_' and '-', such as planner");
  }
  const auto known = std::ranges::find_if(levels.topics, [topic](const auto& one) { return one.first == topic; });
  if (known != levels.topics.end()) {
    known->second = level;
    return {};
  }
  if (levels.topics.size() == kMaxTopics) {
    return Fail(Code::kInvalidArgument, "log levels: more than " + std::to_string(kMaxTopics) + " topics");
  }
  levels.topics.emplace_back(topic, level);
  return {};
}

}  // namespace

LogLevel LogLevels::Of(std::string_view topic) const {
  LogLevel level = others;
  size_t longest = 0;
  for (const auto& [part, its_level] : topics) {
    if (part.size() <= longest || !Fits(part, topic)) continue;
    longest = part.size();
    level = its_level;
  }
  return level;
}

LogLevel LogLevels::Least() const {
  LogLevel least = others;
  for (const auto& [part, level] : topics) least = std::min(least, level);
  return least;
}

std::string LogLevels::Text() const {
  std::string text = LogLevelName(others);
  for (const auto& [part, level] : topics) text.append(",").append(part).append("=").append(LogLevelName(level));
  return text;
}

Result<LogLevels> ParseLogLevels(std::string_view text) {
  LogLevels levels;
  while (true) {
    const std::string_view one = text.substr(0, text.find(','));
    const size_t equals = one.find('=');
    const bool general = equals == std::string_view::npos;
    const Result<LogLevel> level = ParseLogLevel(general ? one : one.substr(equals + 1));
    if (!level) return level.error();
    if (general) {
      levels.others = *level;
    } else if (Status set = SetOne(levels, one.substr(0, equals), *level); !set) {
      return set.error();
    }
    if (one.size() == text.size()) return levels;
    text.remove_prefix(one.size() + 1);
  }
}

}  // namespace videostream

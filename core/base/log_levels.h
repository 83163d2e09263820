// SPDX-License-Identifier: Apache-2.0
// Which messages are written: one level for all, and others for single topics.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/log.h"

namespace videostream {

// A topic of this list stands for every topic that has it as a part between dots: "planner" for "core.planner", "core"
// for all of core, "backend.v4l2" for one backend. Of several that fit the longest counts.
struct LogLevels {
  LogLevel others = LogLevel::kInfo;  // for topics that are not listed
  std::vector<std::pair<std::string, LogLevel>> topics;

  [[nodiscard]] LogLevel Of(std::string_view topic) const;
  // The least of all.
  [[nodiscard]] LogLevel Least() const;
  // As ParseLogLevels reads it: "info,planner=debug".
  [[nodiscard]] std::string Text() const;

  friend bool operator==(const LogLevels&, const LogLevels&) = default;
};

// LEVEL and TOPIC=LEVEL in any order, separated by commas; of two for the same the last counts. Without a LEVEL it is
// info. At most 32 topics of [a-z0-9._-]{1,64}. kInvalidArgument says what is wrong; the text may be anything.
[[nodiscard]] Result<LogLevels> ParseLogLevels(std::string_view text);

// Any thread, at any time.
void SetLogLevels(LogLevels levels);
[[nodiscard]] LogLevels GetLogLevels();

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Places and names of a profile, as reasons and fixes say them.
#pragma once

#include <string>
#include <vector>

#include "core/planner/plan.h"

namespace videostream {

// " (line 12)", or " (line 12 of 'base')" of a profile that is extended; empty if it is not in a file.
[[nodiscard]] std::string AtLine(const Profile& profile, const SourcePos& pos);

// "capture", "encoder".
[[nodiscard]] std::string KindWord(BackendKind kind);

// "9 = 2 device + 7 filling".
[[nodiscard]] std::string SumOf(const PoolPlan& pool);

// "once", "3 times".
[[nodiscard]] std::string Times(uint32_t count);

// "'a', 'b' and 'c'"; of more than four the first three and how many others there are.
[[nodiscard]] std::string Joined(const std::vector<std::string>& names, const char* last = " and ");

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What a plan copies and converts, and which key of the profile asks for it.
#pragma once

#include <vector>

#include "core/planner/plan.h"
#include "core/planner/solve.h"

namespace videostream {

// In the order of the outputs; for one output the conversion before the copy.
[[nodiscard]] std::vector<Link> MakeLinks(const Profile& profile, const Solution& solution);

}  // namespace videostream

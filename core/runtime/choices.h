// SPDX-License-Identifier: Apache-2.0
// A planning in short: who serves which slot.
#pragma once

#include <vector>

#include "core/planner/plan.h"
#include "videostream/runtime.hpp"

namespace videostream {

// One entry per slot that is served or not needed, in the order of the planning.
[[nodiscard]] std::vector<SlotChoice> ChoicesOf(const Planning& planning);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What this machine offers to a profile, found out by loading and probing.
#pragma once

#include <vector>

#include "core/machine/inventory.h"
#include "core/planner/plan.h"
#include "core/profile/profile.h"

namespace videostream {

class Loader;

// Loads and probes the backends that the profile names anywhere. Runs foreign code, up to a second for each.
[[nodiscard]] Inventory TakeInventory(const Profile& profile, Loader& loader);

// A device that a running plan holds may say that it is busy: by ourselves. Such records of `now` become those of
// `before`, so that a plan may give the device to the stream that has it, or to another one in its place. A device that
// is no longer there stays so. Pure.
void KeepHeld(Inventory& now, const Inventory& before, const Plan& running);

// What there is to plan with: this machine's limits, and the memory of the pools that run, which a plan may use again.
[[nodiscard]] PlanOptions PlanOptionsFor(const std::vector<PoolPlan>& running);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// How large the pools of a plan will be, in buffers and in bytes, and whether there is memory for them. The arithmetic
// is that of the pipeline (core/pipeline/pool_setup.h).
#pragma once

#include <optional>
#include <vector>

#include "core/planner/plan.h"
#include "core/planner/solve.h"

namespace videostream {

// In the order in which they are made: for each stream what is captured, then for each output its frames, if it has a
// pool of its own, the copies for its consumers, and its packets.
[[nodiscard]] std::vector<PoolPlan> MakePools(const Profile& profile, const Solution& solution);

// Too many buffers in a pool, more memory than there is, or more contiguous memory: kUnsupported, with the numbers and
// what to lower. Pools of unknown size count nothing.
[[nodiscard]] std::optional<Error> CheckPools(const Profile& profile, const std::vector<PoolPlan>& pools,
                                              const MachineLimits& limits);

}  // namespace videostream

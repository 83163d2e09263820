// SPDX-License-Identifier: Apache-2.0
// What changes from one plan to the next, stream by stream, and what of it can change while frames flow.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/planner/plan.h"

namespace videostream {

// What has to be done to one stream. The order is that of severity.
enum class ChangeKind : uint8_t {
  kUnchanged,  // it goes on as it is: nothing of it may be touched
  kLive,       // it goes on, see StreamChange::bitrates
  kRestart,    // it has to be closed and opened again
  kAdded,
  kRemoved,
};
std::string_view ChangeKindName(ChangeKind kind);  // "unchanged", "live", "restart", "added", "removed"

// An encoder that goes on with another target.
struct BitrateChange {
  std::string output;
  uint32_t from = 0, to = 0;  // bit/s

  friend bool operator==(const BitrateChange&, const BitrateChange&) = default;
};

struct StreamChange {
  std::string stream;
  ChangeKind kind = ChangeKind::kUnchanged;
  // One per difference, in the order of a frame's way: "front.full.encoder: bitrate 5000000 -> 8000000 (live)",
  // "front: capture size 1280x720 -> 640x480 (restart)", "rear: added". In a stream that has to restart for another
  // reason, what could have changed live says so all the same. Empty: unchanged.
  std::vector<std::string> reasons;
  std::vector<BitrateChange> bitrates;  // kLive: what is to be set, in the order of the outputs
};

// Slots (STREAM.OUTPUT.encoder) whose running encoder takes another bit rate without a restart: known only to whoever
// runs them.
using LiveEncoders = std::set<std::string, std::less<>>;

// One entry per stream of either plan: first those of `to` in its order, then those that `to` lacks, in the order of
// `from`. Compares what would be opened, not how it came about: another order of preferences that gives the same plan
// changes nothing. Options of backends are as the backend gets them, so that `5M` and `5000000` are the same. The ABI
// has no call to set an option of a running instance, hence any option that differs is a restart. Pure.
[[nodiscard]] std::vector<StreamChange> DiffPlans(const Plan& from, const Plan& to, const LiveEncoders& live);

}  // namespace videostream

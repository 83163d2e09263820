// SPDX-License-Identifier: Apache-2.0
// What each slot of a stream may choose from, before its neighbours are asked.
#pragma once

#include <vector>

#include "core/planner/capacity.h"
#include "core/planner/picks.h"
#include "core/planner/rules.h"

namespace videostream {

// Devices that can do it by themselves, in the order of ComparePicks; one for each class of `capacity`.
[[nodiscard]] std::vector<Pick> Devices(const Rules& rules, const Capacity& capacity, const SlotRef& slot,
                                        const Demand& demand);

// A capture with what it is asked for.
struct Head {
  Pick capture;
  PlannedFormat captured;
  uint32_t format_place = 0;  // among the formats that are possible
  uint32_t size_place = 0;    // 0: as the device gives; else its sizes from the largest on
  // Where the size is left to the device, those that it may choose; empty: unknown, or known.
  std::vector<Size> may_be;
};
[[nodiscard]] std::vector<Head> Heads(const Rules& rules, const Capacity& capacity, const StreamSpec& stream);

// The slots of one output; converters or encoders are empty lists where there is no such slot.
struct OutputDevices {
  std::vector<Pick> converters, encoders, allocators, transports;
};

struct StreamDevices {
  StreamPictures pictures;
  std::vector<OutputDevices> outputs;
  bool complete = true;  // false: a slot has nobody
};
[[nodiscard]] StreamDevices DevicesFor(const Rules& rules, const Capacity& capacity, const StreamSpec& stream,
                                       const Head& head);

}  // namespace videostream

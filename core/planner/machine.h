// SPDX-License-Identifier: Apache-2.0
// What the backends that a profile allows can do on this machine, as questions of the planner.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/planner/match.h"
#include "core/planner/plan.h"

namespace videostream {

// Borrows both. Any thread; nothing changes.
struct Machine {
  const Profile& profile;
  const Inventory& inventory;

  // Null if nobody looked for it. It may be refused.
  [[nodiscard]] const BackendReport* Report(std::string_view backend) const;
  // Whether some backend of the profile's list for `kind` has a device for this.
  [[nodiscard]] bool CanDo(BackendKind kind, const Demand& demand) const;
  // What usable devices of `kind` take in, in the order of the profile and of the devices, each once; with `coded`
  // (VSTREAM_FORMAT_*, 0: all) only of those that write it.
  [[nodiscard]] std::vector<uint32_t> Inputs(BackendKind kind, uint32_t coded) const;
};

// For a capture whose format the profile leaves open: the formats it may choose from, best first. Those of which every
// output can be made; if no capture gives one of them, all raw formats, so that the slot that cannot follow gets the
// blame. Empty: any will do.
[[nodiscard]] std::vector<uint32_t> OpenCaptureFormats(const Machine& machine, const StreamSpec& stream);

// The raw format that the output should have instead, so that a converter can make it and an encoder take it; 0: none.
[[nodiscard]] uint32_t FormatForEncoder(const Machine& machine, const PlannedFormat& captured,
                                        const OutputSpec& output);

}  // namespace videostream

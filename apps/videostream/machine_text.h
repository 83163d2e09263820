// SPDX-License-Identifier: Apache-2.0
// Machines and what was decided about them, for people: at most kTextWidth columns wide but for long names.
#pragma once

#include <string>

#include "core/machine/choose.h"
#include "core/machine/machine.h"

namespace videostream {

// Where a description comes from, and how far it can be trusted; what it and its
// facts were taken from (JSON has the sources of every device). Empty for this machine, here and now.
[[nodiscard]] std::string ProvenanceText(const MachineDescription& machine);

// The answer of `profile which`. `variable`: what $VIDEOSTREAM_PROFILE says, which comes before it; empty: nothing.
[[nodiscard]] std::string ProfileWhichText(const MachineDescription& machine, const ProfileSelection& selection,
                                           const std::string& variable);

}  // namespace videostream

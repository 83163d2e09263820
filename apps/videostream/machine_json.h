// SPDX-License-Identifier: Apache-2.0
// The JSON of verbs about machines.
#pragma once

#include <string>

#include "core/machine/choose.h"
#include "core/machine/machine.h"

namespace videostream {

// "schema": "videostream.profile-which/1". Ends in a newline.
// `variable`: what $VIDEOSTREAM_PROFILE says, which comes before the selection; empty: nothing.
[[nodiscard]] std::string ProfileWhichJson(const MachineDescription& machine, const ProfileSelection& selection,
                                           const std::string& variable);

}  // namespace videostream

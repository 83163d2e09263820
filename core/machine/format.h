// SPDX-License-Identifier: Apache-2.0
// A MachineDescription as YAML text (`doctor --record`).
#pragma once

#include <string>

#include "core/machine/machine.h"

namespace videostream {

// Everything that is known, in a fixed order and layout; what is at its default is left out. ParseMachine of the result
// gives an equal description, but for `name` (which is the file's), struct sizes and reserved words, which become those
// of this version. `machine` must obey the rules that probes are held to; control characters in it are written as '?',
// and texts of more than kMaxMessageBytes are cut. What was kHere is written as recorded.
[[nodiscard]] std::string FormatMachine(const MachineDescription& machine);

inline constexpr size_t kMaxMessageBytes = 1024;

}  // namespace videostream

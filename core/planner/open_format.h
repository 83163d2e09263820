// SPDX-License-Identifier: Apache-2.0
// Formats where the profile leaves them open.
#pragma once

#include <cstdint>
#include <vector>

#include "core/planner/rules.h"

namespace videostream {

// What a capture may be asked for, where the profile names no format; VSTREAM_FORMAT_*, raw ones before coded ones.
// {0}: nothing depends on it, the device gives what it likes.
[[nodiscard]] std::vector<uint32_t> OpenFormats(const Rules& rules, const StreamSpec& stream);

// For the explanation of a profile that cannot be planned: of those, the formats of which every output can be made, for
// as far as that can be seen; if no capture gives one of them, all raw formats, so that the slot that cannot follow
// gets the blame. Empty: any will do.
[[nodiscard]] std::vector<uint32_t> LikelyFormats(const Rules& rules, const StreamSpec& stream);

// The raw format that the output should have instead, so that a converter can make it and an encoder take it; 0: none.
[[nodiscard]] uint32_t FormatForEncoder(const Rules& rules, const StreamSpec& stream, const PlannedFormat& captured,
                                        const OutputSpec& output);

}  // namespace videostream

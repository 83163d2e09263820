// SPDX-License-Identifier: Apache-2.0
// One entry of `formats` of a device in a machine description.
#pragma once

#include "core/profile/reader.h"
#include "videostream/backend.h"

namespace videostream {

// Reports at `node` and below; what was wrong stays at its default (linear, steps of 1, no alignment).
void ParseFormatRange(const YamlNode& node, vstream_format_range& out, Diagnostics& errors);

}  // namespace videostream

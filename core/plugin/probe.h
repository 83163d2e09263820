// SPDX-License-Identifier: Apache-2.0
// Asks a backend what this machine offers, and cleans the answer.
#pragma once

#include <vector>

#include "core/base/result.h"
#include "videostream/backend.h"

namespace videostream {

// See Plugin::Probe. `table` has been checked by ReadTable.
[[nodiscard]] Result<std::vector<vstream_device>> ProbeDevices(const vstream_identity& identity,
                                                               const vstream_plugin_table& table);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What may be asked of a Host.
#pragma once

#include <string>

#include "core/base/result.h"
#include "videostream/host.hpp"

namespace videostream::host_internal {

// Everything about the wish that is wrong whatever the machine: ranges, formats, names. kInvalidArgument; the message
// names field, value and range. Pure; any thread.
[[nodiscard]] Status CheckHostOptions(const std::string& socket_path, const HostOptions& options);

}  // namespace videostream::host_internal

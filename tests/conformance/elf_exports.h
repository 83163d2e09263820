// SPDX-License-Identifier: Apache-2.0
// What a shared object exports.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace videostream::conformance {

// Names of the defined, global or weak, visible dynamic symbols of a file made for this machine.
[[nodiscard]] Result<std::vector<std::string>> ExportedSymbols(const std::string& path);

}  // namespace videostream::conformance

// SPDX-License-Identifier: Apache-2.0
// The version of the program; the same stands in MODULE.bazel.
#pragma once

namespace videostream {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// A Profile as normalised YAML text (`profile show`).
#pragma once

#include <string>

#include "core/profile/profile.h"

namespace videostream {

// Every value written out, defaults too, in a fixed order and layout. ParseProfile of the result gives an equal
// Profile.
[[nodiscard]] std::string FormatProfile(const Profile& profile);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// A Profile as normalised YAML text (`profile show`).
#pragma once

#include <string>

#include "core/profile/profile.h"

namespace videostream {

// Every value written out, defaults too, in a fixed order and layout. What was inherited stands in it,
// and `extends` does not. ParseProfile of the result (of one without streams with allow_base) gives an equal Profile.
[[nodiscard]] std::string FormatProfile(const Profile& profile);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Profiles as `run`, `explain` and Runtime read them: where they are looked for, and what is changed in them.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/profile/parse.h"
#include "core/profile/profile.h"

namespace videostream {

// Where bare names are looked for: /etc/videostream/profiles, what the administrator wrote; then
// ../share/videostream/profiles beside this program, what is installed with it.
[[nodiscard]] ProfileOptions StandardProfileOptions();

// Changes `profile` by `input` (see ReplayFile; empty: not at all), then by each of `set`, "BACKEND.KEY=VALUE".
// Messages begin with "input" or "set". On failure `profile` may be half changed.
[[nodiscard]] Status Override(Profile& profile, const std::vector<std::string>& set, const std::string& input);

}  // namespace videostream

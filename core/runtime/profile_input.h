// SPDX-License-Identifier: Apache-2.0
// Profiles as `run`, `explain` and Runtime read them: where they are looked for, and what is changed in them.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/machine/machine.h"
#include "core/profile/parse.h"
#include "core/profile/profile.h"

namespace videostream {

// Where bare names are looked for: /etc/videostream/profiles, what the administrator wrote; then
// ../share/videostream/profiles beside this program, what is installed with it; in Bazel's tree configs/ as well.
[[nodiscard]] ProfileOptions StandardProfileOptions();

// The profile that is meant: `given`, a path or bare name; where nothing is given, the path of the one whose `match`
// fits `machine` best (see ChooseProfile, also for the errors).
[[nodiscard]] Result<std::string> ProfileOrOwn(const std::string& given, const MachineFacts& machine);
// The same for the machine that this program runs on, which is looked at only if nothing is given, not by
// $VIDEOSTREAM_PROFILE either.
[[nodiscard]] Result<std::string> ProfileOrOwn(const std::string& given);

// Changes `profile` by `input` (see ReplayFile; empty: not at all), then by each word of $VIDEOSTREAM_SET and each of
// `set`, "BACKEND.KEY=VALUE". Messages begin with "input", "VIDEOSTREAM_SET" or "set". On failure `profile` may be half
// changed.
[[nodiscard]] Status Override(Profile& profile, const std::vector<std::string>& set, const std::string& input,
                              EnvLookup env = SecureEnv);

}  // namespace videostream

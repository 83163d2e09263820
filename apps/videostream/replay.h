// SPDX-License-Identifier: Apache-2.0
// `--input`: replays a Y4M file through a profile that was written for a camera.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/profile/profile.h"

namespace videostream {

// Makes the first stream's capture the device `file` of the backend sw-fallback, reading `path` ("-": stdin), with
// size, format and rate as the file has them. sw-fallback is put at the end of the capture backends if it is not among
// them. kNotFound, kPermission: the file cannot be read; kInvalidArgument: a folder. On failure nothing has changed.
[[nodiscard]] Status ReplayFile(Profile& profile, const std::string& path);

}  // namespace videostream

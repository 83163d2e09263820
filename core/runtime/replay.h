// SPDX-License-Identifier: Apache-2.0
// Replays a file through a profile that was written for a camera.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/profile/profile.h"

namespace videostream {

// Makes the first stream's capture the device `file` of the backend sw-fallback, reading `path`, with size, format and
// rate as the file has them. sw-fallback is put at the end of the capture backends if it is not among them.
//  - a name that ends in .mjpeg or .mjpg (in whatever case): a sequence of JPEG pictures; outputs that name no format
//    get NV12, and sw-fallback, which decodes, is among the converter backends as well;
//  - everything else, "-" (stdin) included: Y4M.
// Messages begin with "input 'PATH': ". kInvalidArgument: no such file, or a folder; kPermission: it cannot be read. On
// failure nothing has changed.
[[nodiscard]] Status ReplayFile(Profile& profile, const std::string& path);

}  // namespace videostream

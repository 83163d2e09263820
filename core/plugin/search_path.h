// SPDX-License-Identifier: Apache-2.0
// Where backends are looked for.
#pragma once

#include <string>
#include <vector>

#include "core/base/runtime_dir.h"

namespace videostream {

struct SearchPath {
  struct Place {
    std::string dir;           // absolute
    bool per_backend = false;  // runfiles: the file is dir/NAME/NAME.so, not dir/NAME.so
    std::string origin;        // who said so: "--backend-dir", "VIDEOSTREAM_BACKEND_PATH", "installation", "runfiles"
  };
  std::vector<Place> places;
  std::vector<std::string> ignored;  // entries passed over, each with its reason, for messages
};

// In this order: `backend_dirs` (of --backend-dir; a relative one counts from the current directory), the absolute
// entries of VIDEOSTREAM_BACKEND_PATH (colon-separated), <exe>/../lib/videostream, and the folders backends/ and
// plugins/ of Bazel's runfiles (<exe>.runfiles, and TEST_SRCDIR in a test). Folders need not exist, but for runfiles,
// which are left out otherwise. `exe`: absolute path of this program; empty: /proc/self/exe. Reads the environment
// through `env`.
[[nodiscard]] SearchPath MakeSearchPath(const std::vector<std::string>& backend_dirs, const std::string& exe = "",
                                        EnvLookup env = SecureEnv);

}  // namespace videostream

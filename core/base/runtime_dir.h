// SPDX-License-Identifier: Apache-2.0
// Where sockets live by default: one rule for the control socket and for ${RUNTIME} in profiles.
#pragma once

#include <string>

namespace videostream {

// Looks up an environment variable; null when it is unset. Injected by tests.
using EnvLookup = const char* (*)(const char* name);

// secure_getenv: null for every variable in a set-uid program. Any thread, as long as nobody calls setenv.
[[nodiscard]] const char* SecureEnv(const char* name);

// $RUNTIME_DIRECTORY (the first entry of systemd's colon-separated list), else $XDG_RUNTIME_DIR/videostream, else
// /run/videostream. Always absolute, without a trailing slash; a variable that is empty or relative is passed over.
// Does not create the directory.
[[nodiscard]] std::string RuntimeDir(EnvLookup env = SecureEnv);

}  // namespace videostream

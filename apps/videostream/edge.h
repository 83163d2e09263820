// SPDX-License-Identifier: Apache-2.0
// What the verbs share at the edge of the program: errors for people, profiles from the command line, output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/machine/machine.h"
#include "core/profile/profile.h"

namespace videostream {

// "videostream VERB: MESSAGE" on stderr; errors of a profile file, which begin with its name and line, stand alone.
// Returns the exit code that belongs to it.
int ReportError(std::string_view verb, const Error& error);

// The profile `path_or_name`, changed by `input` and `set` as Runtime does it (see core/runtime/profile_input.h).
// Empty: the one whose `match` fits `machine` best (null: the machine that this runs on).
[[nodiscard]] Result<Profile> LoadProfileFor(const std::string& path_or_name, const std::vector<std::string>& set = {},
                                             const std::string& input = {}, const MachineFacts* machine = nullptr);

// Writes to stdout and flushes. kIo if it cannot (a full disk); a reader that has gone away is no error.
[[nodiscard]] Status Print(std::string_view text);

// Print, as the last thing a verb does: `exit_code`, or that of the failure, which is reported.
int PrintAndEnd(std::string_view verb, std::string_view text, int exit_code = 0);

// At most `limit` bytes of a file.
[[nodiscard]] Result<std::string> ReadFile(const std::string& path, size_t limit);

// The folder of this program; empty if the kernel does not tell.
[[nodiscard]] std::string ProgramDir();

}  // namespace videostream

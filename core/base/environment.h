// SPDX-License-Identifier: Apache-2.0
// Every environment variable that changes what a program does, in one table: behind the code that reads them, the
// manual page and docs/environment.md.
#pragma once

#include <span>
#include <string_view>

namespace videostream {

struct EnvVar {
  const char* name;
  std::string_view read_by;  // as Markdown
  std::string_view meaning;  // what it replaces, in one or two sentences; Markdown without links
};

// Read by SecureEnv or an injected EnvLookup: not there for set-uid programs.
inline constexpr EnvVar kRuntimeDirectoryVar{
    "RUNTIME_DIRECTORY", "`videostream`",
    "Folder for sockets: the control socket, and `${RUNTIME}` in profiles. systemd sets it (`RuntimeDirectory=`); of "
    "several folders, separated by colons, the first counts."};
inline constexpr EnvVar kXdgRuntimeDirVar{
    "XDG_RUNTIME_DIR", "`videostream`, `tools/run`",
    "Where the former is not set: its subfolder `videostream`. Where neither is set: `/run/videostream`."};
inline constexpr EnvVar kBackendPathVar{"VIDEOSTREAM_BACKEND_PATH", "`videostream`",
                                        "Folders with backends, separated by colons, absolute; searched after "
                                        "`--backend-dir` and before the installation."};
inline constexpr EnvVar kProfileVar{"VIDEOSTREAM_PROFILE", "`videostream`",
                                    "The profile, a path or a name, where `--profile` is not given: in place of the "
                                    "one whose `match` fits the machine."};
inline constexpr EnvVar kSetVar{"VIDEOSTREAM_SET", "`videostream`",
                                "Options of backends as `--set` takes them, separated by spaces: "
                                "`sw-fallback.threads=2 shm.x=1`. They replace what "
                                "the profile says, and `--set` replaces them."};

// Read as they are.
inline constexpr EnvVar kNoColorVar{"NO_COLOR", "`videostream`",
                                    "Set to anything but the empty text: no colours, neither in the log nor in what "
                                    "verbs print, as without a terminal."};
inline constexpr EnvVar kJournalStreamVar{"JOURNAL_STREAM", "`videostream`",
                                          "Set by systemd where stderr goes to the journal: then, without "
                                          "`--log-format`, the log is sent as journal entries."};
inline constexpr EnvVar kTermVar{"TERM", "`videostream`",
                                 "`dumb`, or not set: no colours in what verbs print. In the log there are colours on "
                                 "terminals that spdlog knows, by `TERM` or `COLORTERM`."};

// All of the above, in this order.
[[nodiscard]] std::span<const EnvVar> EnvironmentTable();

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// From a YAML file to a checked Profile. Strict: what is not understood is an error with file, line, column and caret.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/runtime_dir.h"
#include "core/profile/profile.h"

namespace videostream {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // in front of a text, where it is passed over

// The text of a profile's file: a regular file or a pipe of at most kMaxProfileBytes. kNotFound if there is none,
// kPermission if it may not be read.
[[nodiscard]] Result<std::string> ReadProfileFile(const std::string& path);

struct ProfileOptions {
  // Directories in which a bare profile name ("imx8mp": a possible profile name, so without slash and .yaml) is looked
  // for as NAME.yaml, in this order.
  std::vector<std::string> search_dirs;
  // Where ${RUNTIME} is taken from.
  EnvLookup env = SecureEnv;
  // A profile without `streams` is accepted: one that others extend. Profile::streams is empty then, and lists of
  // backends may be missing.
  bool allow_base = false;
  // What gives the text of a file, called for the profile itself by LoadProfile, and for what it extends. kNotFound:
  // the next place is tried.
  std::function<Result<std::string>(const std::string& path)> read = ReadProfileFile;
};

// Parses and checks `text`; `file` is what messages call it, and where profiles that it extends are looked for first:
// in its folder, by path or as NAME.yaml, then in options.search_dirs. No I/O but options.read, where something is
// extended, and the environment. Any thread.
// On failure: kInvalidArgument with up to kMaxProfileErrors errors in the order of the file, then of those that it
// extends, each of the form
//   configs/x.yaml:12:9: error: expected a frame rate such as 30 or 30000/1001, from 1 to 1000, found 'fast'
//     12 |     rate: fast
//        |           ^~~~
// separated by newlines, and a last line with the number of those left out.
[[nodiscard]] Result<Profile> ParseProfile(std::string_view text, std::string_view file,
                                           const ProfileOptions& options = {});

// Finds, reads and parses a profile: a path, or a bare name to be found in options.search_dirs. A regular file or a
// pipe. kInvalidArgument also when there is no such file; kPermission when it may not be read.
[[nodiscard]] Result<Profile> LoadProfile(std::string_view path_or_name, const ProfileOptions& options = {});

// Where LoadProfile would read from, without reading it (`profile which`).
[[nodiscard]] Result<std::string> FindProfile(std::string_view path_or_name, const ProfileOptions& options = {});

}  // namespace videostream

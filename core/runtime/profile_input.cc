// SPDX-License-Identifier: Apache-2.0
// See profile_input.h.
#include "core/runtime/profile_input.h"

#include <filesystem>
#include <system_error>

#include "core/runtime/replay.h"

namespace videostream {

ProfileOptions StandardProfileOptions() {
  ProfileOptions options;
  options.search_dirs = {"/etc/videostream/profiles"};
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error && program.has_parent_path()) {
    options.search_dirs.push_back(program.parent_path().string() + "/../share/videostream/profiles");
  }
  return options;
}

Status Override(Profile& profile, const std::vector<std::string>& set, const std::string& input) {
  if (!input.empty()) {
    if (Status replaced = ReplayFile(profile, input); !replaced) return replaced;
  }
  for (const std::string& assignment : set) {
    if (Status done = SetOption(profile, assignment); !done) return WithContext(done.error(), "set");
  }
  return {};
}

}  // namespace videostream

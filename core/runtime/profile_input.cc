// SPDX-License-Identifier: Apache-2.0
// See profile_input.h.
#include "core/runtime/profile_input.h"

#include <filesystem>
#include <sstream>
#include <system_error>

#include "core/base/environment.h"
#include "core/machine/choose.h"
#include "core/machine/record.h"
#include "core/runtime/replay.h"

namespace videostream {
namespace {

// Bazel's data of this program, or of the test that runs it.
void AddRunfiles(const std::filesystem::path& root, std::vector<std::string>* dirs) {
  for (const char* repository : {"videostream", "_main"}) {  // the second one with Bzlmod
    std::error_code error;
    const std::filesystem::path dir = root / repository / "configs";
    if (std::filesystem::is_directory(dir, error)) dirs->push_back(dir.string());
  }
}

}  // namespace

ProfileOptions StandardProfileOptions() {
  ProfileOptions options;
  options.search_dirs = {"/etc/videostream/profiles"};
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error && program.has_parent_path()) {
    options.search_dirs.push_back(program.parent_path().string() + "/../share/videostream/profiles");
    AddRunfiles(program.string() + ".runfiles", &options.search_dirs);
  }
  const char* tests = options.env("TEST_SRCDIR");
  if (tests != nullptr && *tests == '/') AddRunfiles(tests, &options.search_dirs);
  return options;
}

Result<std::string> ProfileOrOwn(const std::string& given, const MachineFacts& machine) {
  if (!given.empty()) return given;
  ProfileSelection selection = ChooseProfile(machine, StandardProfileOptions());
  if (selection.error) return *std::move(selection.error);
  return std::move(selection.path);
}

Result<std::string> ProfileOrOwn(const std::string& given) {
  const char* replaced = given.empty() ? SecureEnv(kProfileVar.name) : nullptr;
  if (replaced != nullptr && *replaced != '\0') return std::string(replaced);
  return ProfileOrOwn(given, given.empty() ? LookAtFacts() : MachineFacts{});
}

Status Override(Profile& profile, const std::vector<std::string>& set, const std::string& input, EnvLookup env) {
  if (!input.empty()) {
    if (Status replaced = ReplayFile(profile, input); !replaced) return replaced;
  }
  const char* before = env(kSetVar.name);
  std::istringstream words(before == nullptr ? "" : before);
  for (std::string assignment; words >> assignment;) {
    if (Status done = SetOption(profile, assignment); !done) return WithContext(done.error(), kSetVar.name);
  }
  for (const std::string& assignment : set) {
    if (Status done = SetOption(profile, assignment); !done) return WithContext(done.error(), "set");
  }
  return {};
}

}  // namespace videostream

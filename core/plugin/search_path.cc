// SPDX-License-Identifier: Apache-2.0
// Turns command line, environment and the place of this program into folders.
#include "core/plugin/search_path.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/environment.h"

namespace videostream {
namespace {

namespace fs = std::filesystem;

std::string OwnPath() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).string();
}

std::string Tidy(const fs::path& path) {
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

void AddBackendDirs(const std::vector<std::string>& dirs, SearchPath* path) {
  for (const std::string& dir : dirs) {
    std::error_code error;
    const fs::path absolute = fs::absolute(dir, error);
    if (dir.empty() || error) {
      path->ignored.push_back("'" + dir + "' of --backend-dir is no folder");
    } else {
      path->places.push_back({Tidy(absolute), false, "--backend-dir"});
    }
  }
}

void AddEnvironment(const char* value, SearchPath* path) {
  if (value == nullptr) return;
  for (std::string_view rest = value; !rest.empty();) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    const std::string_view dir = rest.substr(0, colon);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
    if (dir.empty()) continue;
    if (dir.front() == '/') {
      path->places.push_back({Tidy(fs::path(dir)), false, "VIDEOSTREAM_BACKEND_PATH"});
    } else {
      path->ignored.push_back("'" + std::string(dir) + "' of VIDEOSTREAM_BACKEND_PATH is not absolute");
    }
  }
}

void AddRunfiles(const std::string& root, const char* workspace, SearchPath* path) {
  std::error_code error;
  if (root.empty() || root.front() != '/' || !fs::is_directory(root, error)) return;
  // Bazel with Bzlmod calls the main repository "_main".
  for (const std::string repository : {workspace != nullptr ? workspace : "videostream", "_main"}) {
    for (const char* folder : {"backends", "plugins"}) {
      const fs::path dir = fs::path(root) / repository / folder;
      if (fs::is_directory(dir, error)) path->places.push_back({Tidy(dir), true, "runfiles"});
    }
  }
}

}  // namespace

SearchPath MakeSearchPath(const std::vector<std::string>& backend_dirs, const std::string& exe, EnvLookup env) {
  SearchPath path;
  AddBackendDirs(backend_dirs, &path);
  AddEnvironment(env(kBackendPathVar.name), &path);
  if (const std::string self = exe.empty() ? OwnPath() : exe; !self.empty()) {
    path.places.push_back({Tidy(fs::path(self).parent_path() / "../lib/videostream"), false, "installation"});
    AddRunfiles(self + ".runfiles", nullptr, &path);
  }
  if (const char* tests = env("TEST_SRCDIR"); tests != nullptr) AddRunfiles(tests, env("TEST_WORKSPACE"), &path);
  return path;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The search for the runtime directory.
#include "core/base/runtime_dir.h"

#include <cstdlib>
#include <string_view>

#include "core/base/environment.h"

namespace videostream {
namespace {

// The usable part of a variable: empty if it names no absolute directory.
std::string AbsoluteDir(const char* value) {
  std::string_view dir = value == nullptr ? "" : value;
  dir = dir.substr(0, dir.find(':'));
  while (dir.size() > 1 && dir.ends_with('/')) dir.remove_suffix(1);
  return dir.starts_with('/') && dir.size() > 1 ? std::string(dir) : std::string();
}

}  // namespace

const char* SecureEnv(const char* name) { return secure_getenv(name); }

std::string RuntimeDir(EnvLookup env) {
  if (std::string dir = AbsoluteDir(env(kRuntimeDirectoryVar.name)); !dir.empty()) return dir;
  if (std::string dir = AbsoluteDir(env(kXdgRuntimeDirVar.name)); !dir.empty()) return dir + "/videostream";
  return "/run/videostream";
}

}  // namespace videostream

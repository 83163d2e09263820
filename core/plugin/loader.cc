// SPDX-License-Identifier: Apache-2.0
// Search by name, and the list of what could be found.
#include "core/plugin/loader.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "core/plugin/foreign_text.h"
#include "core/plugin/identity.h"

namespace videostream {
namespace {

constexpr size_t kMaxFilesPerFolder = 1024;
constexpr std::string_view kSuffix = ".so";

std::string FileOf(const SearchPath::Place& place, std::string_view name) {
  std::string file = place.dir + "/";
  if (place.per_backend) file.append(name).append("/");
  return file.append(name).append(kSuffix);
}

// Whether there is something under this name, readable or not: what is there decides.
bool Exists(const std::string& file) {
  struct stat info {};
  return stat(file.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

// The names that `place` offers, sorted; nothing for a folder that is not there.
std::vector<std::string> NamesIn(const SearchPath::Place& place) {
  std::vector<std::string> names;
  DIR* dir = opendir(place.dir.c_str());
  if (dir == nullptr) return names;
  while (names.size() < kMaxFilesPerFolder) {
    const dirent* entry = readdir(dir);
    if (entry == nullptr) break;
    std::string_view name = entry->d_name;
    if (place.per_backend) {
      if (name.front() != '.' && Exists(FileOf(place, name))) names.emplace_back(name);
    } else if (name.ends_with(kSuffix) && name.size() > kSuffix.size()) {
      names.emplace_back(name.substr(0, name.size() - kSuffix.size()));
    }
  }
  closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<Plugin*> Loader::Load(std::string_view name) {
  if (!IsBackendName(name)) {
    return Fail(Code::kInvalidArgument,
                "backend '" + OneLine(name, 64) + "': 1 to 31 characters of a-z, 0-9 and '-' expected");
  }
  const std::lock_guard lock(mutex_);
  if (const auto known = loaded_.find(name); known != loaded_.end()) return known->second.get();
  std::string tried;
  for (const SearchPath::Place& place : search_path_.places) {
    const std::string file = FileOf(place, name);
    if (!Exists(file)) {
      tried += (tried.empty() ? "'" : ", '") + OneLine(file, file.size()) + "'";
      continue;
    }
    Result<std::unique_ptr<Plugin>> plugin = Plugin::Open(file);
    if (!plugin) return WithContext(plugin.error(), "backend '" + std::string(name) + "'");
    return loaded_.emplace(name, *std::move(plugin)).first->second.get();
  }
  std::string message = "backend '" + std::string(name) + "': not found: tried ";
  message += tried.empty() ? "nothing, the search path is empty" : tried;
  for (const std::string& ignored : search_path_.ignored) message += "; ignored: " + OneLine(ignored, ignored.size());
  return Fail(Code::kNotFound, message + "; give its folder with --backend-dir");
}

std::vector<Loader::Found> Loader::List() const {
  std::vector<Found> all;
  std::set<std::string> seen;
  for (const SearchPath::Place& place : search_path_.places) {
    for (const std::string& name : NamesIn(place)) {
      const std::string file = FileOf(place, name);
      all.push_back({name, file, ReadIdentity(file), !seen.insert(name).second});
    }
  }
  return all;
}

}  // namespace videostream

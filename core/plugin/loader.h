// SPDX-License-Identifier: Apache-2.0
// Finds backends by name along the search path and keeps what it has loaded.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/runtime_dir.h"
#include "core/plugin/plugin.h"
#include "core/plugin/search_path.h"

namespace videostream {

// Thread-safe. Only a file that is named is opened: nothing is loaded because it lies in a folder.
class Loader {
 public:
  // One *.so of the search path, as `backends list` shows it.
  struct Found {
    std::string name;  // file name without ".so"
    std::string path;
    Result<vstream_identity> identity;  // or the line that says why it would be refused
    bool shadowed = false;              // one of the same name stands earlier in the path: Load takes that one
  };

  // `path.places` in order of preference, see MakeSearchPath.
  explicit Loader(SearchPath path) : search_path_(std::move(path)) {}
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The backend `name`, loaded on first use; the pointer is valid as long as this object. The first file of that name
  // decides: if it is refused, that is the answer, and later folders are not tried. Blocks other calls of Load
  // meanwhile. Errors: kInvalidArgument (no possible name), kNotFound (lists what was tried), else as Plugin::Open.
  [[nodiscard]] Result<Plugin*> Load(std::string_view name);

  // Every *.so of the search path with its identity, without loading any; in search order, within a folder by name.
  [[nodiscard]] std::vector<Found> List() const;

  const SearchPath& search_path() const { return search_path_; }

 private:
  const SearchPath search_path_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Plugin>, std::less<>> loaded_;  // by name; guarded by mutex_
};

}  // namespace videostream

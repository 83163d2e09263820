// SPDX-License-Identifier: Apache-2.0
// Files by path in place of a file system, for profiles that extend others.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/profile/parse.h"
#include "tests/core/profile/error_rows.h"

namespace videostream {

// Without environment; reads nothing but `files`.
inline ProfileOptions WithFiles(std::map<std::string, std::string_view> files) {
  ProfileOptions options = NoEnvironment();
  options.read = [files = std::move(files)](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Fail(Code::kNotFound, "profile '" + path + "': not in this test");
    return std::string(found->second);
  };
  return options;
}

}  // namespace videostream

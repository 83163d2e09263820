// SPDX-License-Identifier: Apache-2.0
// `extends`: reads a profile with all that it builds on, and merges them into one tree.
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "core/profile/diagnostics.h"
#include "core/profile/parse.h"
#include "core/profile/profile.h"
#include "core/profile/yaml_tree.h"

namespace videostream {

inline constexpr size_t kMaxBases = 8;  // in one chain

// Nodes point into each other, so it is moved, never copied.
struct ProfileTree {
  std::vector<YamlTree> files;  // as they were read, by SourcePos::file
  std::deque<YamlNode> merged;
  const YamlNode* root = nullptr;  // null: errors were added, and nothing can be said about the rest
};

// Parses `text`, the profile that messages call `profile.file`, then what it extends, and so on; adds those files to
// profile.bases. In the result mappings are merged key by key, everything else replaces what was inherited, and an
// explicit null takes it away; each value keeps the place where it was written. Every file is of version 1;
// `version`, `name`, `match` and `extends` are those of the profile itself.
[[nodiscard]] ProfileTree ReadProfileTree(std::string_view text, const ProfileOptions& options, Profile& profile,
                                          Diagnostics& errors);

}  // namespace videostream

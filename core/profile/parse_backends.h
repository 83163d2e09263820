// SPDX-License-Identifier: Apache-2.0
// The parser's part for `backends` and `options`: which backends are preferred, and what they are told.
#pragma once

#include "core/profile/diagnostics.h"
#include "core/profile/keys.h"
#include "core/profile/profile.h"
#include "core/profile/yaml_tree.h"

namespace videostream {

// Fills `lists`; `pos` is where a missing kind is reported, if `table` (kBackendsKeys and its like) requires
// any. Which of the others are needed is known to those who use them. False if anything was wrong: what refers to the
// lists cannot be judged then.
[[nodiscard]] bool ParseBackends(const YamlNode& node, const SourcePos& pos, const KeyTable& table, BackendLists& lists,
                                 Diagnostics& errors);

// Fills profile.options. With `backends_known`, a backend that no list anywhere in the profile names is an error.
void ParseOptions(const YamlNode& node, bool backends_known, Profile& profile, Diagnostics& errors);

}  // namespace videostream

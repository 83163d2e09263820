// SPDX-License-Identifier: Apache-2.0
// The parser's part for `match`: which machines a profile is for.
#pragma once

#include "core/profile/diagnostics.h"
#include "core/profile/profile.h"
#include "core/profile/yaml_tree.h"

namespace videostream {

// Fills `match`, of which `pos` is set. At least one key; each holds one word or a list of 1 to 16, none twice, 1 to
// 128 bytes each. Whether they fit a machine is said by core/machine.
void ParseMatch(const YamlNode& node, MatchSpec& match, Diagnostics& errors);

}  // namespace videostream

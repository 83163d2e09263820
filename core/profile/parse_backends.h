// SPDX-License-Identifier: Apache-2.0
// The parser's part for `backends` and `options`: which backends are preferred, and what they are told.
#pragma once

#include "core/profile/diagnostics.h"
#include "core/profile/profile.h"
#include "core/profile/yaml_tree.h"

namespace videostream {

// Fills profile.backends; `pos` is where a missing kind is reported. Capture and transport must be there, as every
// stream has both; which of the others are needed is known to those who use them.
void ParseBackends(const YamlNode& node, const SourcePos& pos, Profile& profile, Diagnostics& errors);

// Fills profile.options. With `backends_known`, a backend that profile.backends does not name is an error.
void ParseOptions(const YamlNode& node, bool backends_known, Profile& profile, Diagnostics& errors);

}  // namespace videostream

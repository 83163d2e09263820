// SPDX-License-Identifier: Apache-2.0
// The parser's part for `outputs`: what is made of a capture, and where it is published.
#pragma once

#include "core/profile/diagnostics.h"
#include "core/profile/parse.h"
#include "core/profile/profile.h"
#include "core/profile/yaml_tree.h"

namespace videostream {

// What outputs refer to. Borrows all of it.
struct OutputContext {
  const ProfileOptions& options;  // its environment has ${RUNTIME}
  const Profile& profile;         // its backends
  // All lists of backends so far are right in themselves, so what refers to them can be checked. Updated.
  bool& backends_known;
};

// Fills stream.outputs from the mapping under `outputs`. What outputs must have in common with the capture or with
// each other is not checked here.
void ParseOutputs(const YamlNode& node, const OutputContext& context, StreamSpec& stream, Diagnostics& errors);

}  // namespace videostream

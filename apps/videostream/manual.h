// SPDX-License-Identifier: Apache-2.0
// Manual pages and shell completion, made from the table of verbs.
#pragma once

#include <string>
#include <vector>

#include "apps/videostream/command_line.h"

namespace videostream {

struct ManualPage {
  std::string name;  // "videostream-backends-list"; its file is NAME.1
  std::string text;  // roff
};

// One page for the root and one per visible verb, in the order of the table, verbs of verbs behind their parents.
[[nodiscard]] std::vector<ManualPage> ManualPages(const VerbDef& root);

// A script for bash that completes verbs and options, and file names everywhere else.
[[nodiscard]] std::string BashCompletion(const VerbDef& root);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// A profile for every key of every table, in which it has the value of its example.
#pragma once

#include <string>
#include <vector>

namespace videostream {

struct KeyExample {
  std::string name;  // "an output: rate"
  std::string text;  // the profile
  bool implemented;
};

// All keys but `extends`, which needs a second profile.
[[nodiscard]] std::vector<KeyExample> KeyExamples();

}  // namespace videostream

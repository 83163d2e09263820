// SPDX-License-Identifier: Apache-2.0
// A program around the runtime, as its author writes it: against the public header alone.
#pragma once

#include <cstdint>
#include <string>

namespace embedder {

struct Outcome {
  bool good = false;
  std::string error;
  uint64_t published = 0;
};

// Runs the profile `yaml` until its streams have ended.
Outcome RunToTheEnd(const std::string& yaml);

}  // namespace embedder

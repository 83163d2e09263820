// SPDX-License-Identifier: Apache-2.0
// What this process holds: counted before and after, to see what a backend has left behind.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace videostream::conformance {

struct Resources {
  std::vector<std::string> fds;  // what each open descriptor refers to, sorted
  size_t threads = 0;
  size_t shared_mappings = 0;  // MAP_SHARED: private ones are the allocator's and the linker's own business

  static Resources Count();
};

// Counts until nothing is left over `before`, or until it is clear that it will stay (a thread that has been joined may
// be listed for a moment longer). Empty: nothing left; else one line.
[[nodiscard]] std::string LeftBehind(const Resources& before);

}  // namespace videostream::conformance

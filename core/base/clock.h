// SPDX-License-Identifier: Apache-2.0
// The runtime's only clock: CLOCK_MONOTONIC in nanoseconds, the same one that frame timestamps carry across processes.
#pragma once

#include <cstdint>
#include <ctime>

namespace videostream {

inline constexpr int64_t kNsPerSecond = 1'000'000'000;
inline constexpr int64_t kNsPerMs = 1'000'000;
inline constexpr int64_t kNsPerUs = 1'000;

// Nanoseconds since an arbitrary point (boot, without time asleep). Any thread, async-signal-safe, cannot fail.
[[nodiscard]] inline int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * kNsPerSecond + now.tv_nsec;
}

}  // namespace videostream

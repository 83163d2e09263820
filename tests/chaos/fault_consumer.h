// SPDX-License-Identifier: Apache-2.0
// What the kill test tells the fault consumer to do, and what it hears back: records on a socket pair.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace videostream::chaos {

inline constexpr uint32_t kFromOutside = 0xffffffff;

// One victim: a consumer process that comes to a sudden end, or is stopped.
struct Victim {
  uint32_t step = 0;        // wire::Step at which it happens; kFromOutside: somebody else kills it
  uint32_t occurrence = 1;  // the how manieth time it comes to that step
  uint32_t queue = 0;       // 0: latest
  uint32_t epoll = 0;       // 1: waits on poll_fd
  uint32_t hold = 0;        // frames that it keeps while it takes more
  uint32_t stop = 0;        // 1: it does not kill itself, but stops, and goes on for some frames once it is continued
};

// The answer to a Victim: its process. And once that has ended or stopped, again, with the wait status.
struct Fate {
  int32_t pid = 0;
  int32_t changed = 0;  // 0: it has been started
  int32_t status = 0;
  int32_t error = 0;  // errno of a fork that failed
};

}  // namespace videostream::chaos

// SPDX-License-Identifier: Apache-2.0
// What has happened, for operators: the last events of all streams, numbered.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "videostream/runtime.hpp"

namespace videostream {

// Keeps the newest kKept events; older ones are forgotten, which a reader sees as a jump of the sequence. Every method
// may be called from any thread at any time; none waits but WaitFor.
class EventLog {
 public:
  static constexpr size_t kKept = 1024;

  // Fills in sequence (1, 2, 3, ...) and, where it is 0, time_ns (now); wakes everyone who waits.
  void Add(RuntimeEvent event);

  // Events with a sequence above `after` that are still kept, oldest first.
  std::vector<RuntimeEvent> Since(uint64_t after) const;

  // The same, but waits until there is one, at most `timeout`, or until Close. Empty: there was none in time.
  std::vector<RuntimeEvent> WaitFor(uint64_t after, std::chrono::nanoseconds timeout) const;

  // Nobody waits any more, now or later: for whoever ends the threads that do. Events may still be added and read.
  void Close();

  // Sequence of the newest event; 0: none yet.
  uint64_t last() const;

 private:
  std::vector<RuntimeEvent> Copy(uint64_t after) const;  // under the mutex

  mutable std::mutex mutex_;
  mutable std::condition_variable added_;
  std::deque<RuntimeEvent> events_;
  uint64_t last_ = 0;
  bool closed_ = false;
};

}  // namespace videostream

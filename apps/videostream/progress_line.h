// SPDX-License-Identifier: Apache-2.0
// The line on stderr that tells that `run` is alive.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace videostream {

// On a terminal one line, rewritten twice a second; else a line every two seconds. One thread.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine() { Finish(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Writes the time since the first call and what `text` gives, when a line is due at `now_ns` (CLOCK_MONOTONIC).
  void Tick(int64_t now_ns, const std::function<std::string()>& text);

  // Ends a rewritten line, so that other text may follow.
  void Finish();

 private:
  bool quiet_;
  bool terminal_;
  bool open_ = false;
  int64_t first_ns_ = 0;
  int64_t next_ns_ = 0;
};

}  // namespace videostream

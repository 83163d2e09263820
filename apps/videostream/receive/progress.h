// SPDX-License-Identifier: Apache-2.0
// The line on stderr by which a user sees that something is going on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace videostream::receive {

// On a terminal one line that is rewritten every second, else one line every two seconds. One thread.
class Progress {
 public:
  // `program` stands before each line; quiet: never writes.
  Progress(std::string program, bool quiet);
  // Ends the rewritten line.
  ~Progress() { Finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap enough for every frame: asks `text` for its line only when one is due at `now_ns` (CLOCK_MONOTONIC).
  void Tick(int64_t now_ns, const std::function<std::string()>& text);

  // Ends the rewritten line, so that an error or a summary may follow.
  void Finish();

 private:
  std::string program_;
  bool quiet_, terminal_;
  bool open_line_ = false;
  int64_t next_ns_ = 0;
};

}  // namespace videostream::receive

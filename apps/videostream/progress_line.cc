// SPDX-License-Identifier: Apache-2.0
// When and how progress is written.
#include "apps/videostream/progress_line.h"

#include <unistd.h>

#include <array>
#include <cstdio>

#include "apps/videostream/table.h"
#include "core/base/clock.h"

namespace videostream {

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::Tick(int64_t now_ns, const std::function<std::string()>& text) {
  if (quiet_ || now_ns < next_ns_) return;
  constexpr int64_t kOnTerminal = kNsPerSecond / 2;
  constexpr int64_t kInFile = 2 * kNsPerSecond;
  if (first_ns_ == 0) first_ns_ = now_ns;
  next_ns_ = now_ns + (terminal_ ? kOnTerminal : kInFile);
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%6.1f s  ", static_cast<double>(now_ns - first_ns_) / kNsPerSecond);
  const std::string line = time.data() + Printable(text());
  // \r to the start of the line; ESC [ K clears what a longer line left behind.
  std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", line.c_str());
  std::fflush(stderr);
  open_ = terminal_;
}

void ProgressLine::Finish() {
  if (open_) std::fputc('\n', stderr);
  open_ = false;
}

}  // namespace videostream

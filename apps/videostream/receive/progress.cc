// SPDX-License-Identifier: Apache-2.0
// When and how progress is written.
#include "apps/videostream/receive/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "core/base/clock.h"

namespace videostream::receive {

Progress::Progress(std::string program, bool quiet)
    : program_(std::move(program)), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::Tick(int64_t now_ns, const std::function<std::string()>& text) {
  if (quiet_ || now_ns < next_ns_) return;
  const bool first = next_ns_ == 0;
  next_ns_ = now_ns + (terminal_ ? 1 : 2) * kNsPerSecond;
  if (first) return;
  if (terminal_) {
    fprintf(stderr, "\r\033[K%s: %s", program_.c_str(), text().c_str());
    open_line_ = true;
  } else {
    fprintf(stderr, "%s: %s\n", program_.c_str(), text().c_str());
  }
}

void Progress::Finish() {
  if (open_line_) fputc('\n', stderr);
  open_line_ = false;
}

}  // namespace videostream::receive

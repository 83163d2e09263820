// SPDX-License-Identifier: Apache-2.0
// When and how progress is written.
#include "apps/videostream/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "apps/videostream/table.h"
#include "core/base/clock.h"

namespace videostream {
namespace {

// As much of `line` as fits on one line of the terminal: one that wraps could not be rewritten.
std::string FittingTerminal(const std::string& line) {
  winsize window{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1;
  const size_t columns = (known ? window.ws_col : kTextWidth) - 1;
  size_t width = 0;
  for (size_t at = 0; at < line.size(); ++at) {
    constexpr unsigned kContinuation = 0x80, kContinuationMask = 0xC0;
    if ((static_cast<unsigned char>(line[at]) & kContinuationMask) == kContinuation) continue;
    if (width++ == columns) return line.substr(0, at);
  }
  return line;
}

}  // namespace

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::Tick(int64_t now_ns, const std::function<std::string()>& text) {
  if (quiet_ || now_ns < next_ns_) return;
  constexpr int64_t kOnTerminal = kNsPerSecond / 2;
  constexpr int64_t kInFile = 2 * kNsPerSecond;
  if (first_ns_ == 0) first_ns_ = now_ns;
  next_ns_ = now_ns + (terminal_ ? kOnTerminal : kInFile);
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%6.1f s  ", static_cast<double>(now_ns - first_ns_) / kNsPerSecond);
  std::string line = time.data() + Printable(text());
  if (terminal_) line = FittingTerminal(line);
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

// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as a question, for programs that end in good order.
#pragma once

#include <csignal>

namespace videostream::receive {

// While it lives, the first SIGINT or SIGTERM is remembered and interrupts system calls; one that comes more than a
// second later ends the process, as it would without us. SIGPIPE is ignored: a write to a closed pipe fails with EPIPE.
// What was set before is put back by the destructor. At most one at a time in a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Whether a signal has come since the constructor. Any thread.
  static bool Requested();

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
  struct sigaction old_pipe_ {};
};

}  // namespace videostream::receive

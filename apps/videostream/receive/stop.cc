// SPDX-License-Identifier: Apache-2.0
// The signal handler behind StopSignals.
#include "apps/videostream/receive/stop.h"

#include <atomic>

namespace videostream::receive {
namespace {

std::atomic<bool> requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "written by a signal handler");

void OnSignal(int /*signal*/) { requested.store(true, std::memory_order_relaxed); }

}  // namespace

StopSignals::StopSignals() {
  requested.store(false, std::memory_order_relaxed);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  // Without SA_RESTART, so that a write to a reader who has stopped reading ends.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  sigaction(SIGPIPE, &action, &old_pipe_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  sigaction(SIGPIPE, &old_pipe_, nullptr);
}

bool StopSignals::Requested() { return requested.load(std::memory_order_relaxed); }

}  // namespace videostream::receive

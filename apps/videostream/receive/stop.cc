// SPDX-License-Identifier: Apache-2.0
// The signal handler behind StopSignals.
#include "apps/videostream/receive/stop.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace videostream::receive {
namespace {

// When the first signal came, CLOCK_MONOTONIC nanoseconds; 0: none has.
std::atomic<int64_t> requested_ns{0};
static_assert(std::atomic<int64_t>::is_always_lock_free, "written by a signal handler");

constexpr int64_t kGraceNs = 1'000'000'000;

// From a second after the first on, a further signal ends the process the hard way: the way out of an end that hangs.
// Not at once, since whoever signals a whole group (`timeout`, a terminal) often does it twice.
void OnSignal(int signal) {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  const int64_t now = time.tv_sec * kGraceNs + time.tv_nsec;
  int64_t first = 0;
  if (requested_ns.compare_exchange_strong(first, now) || now - first < kGraceNs) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

StopSignals::StopSignals() {
  requested_ns.store(0);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  // Without SA_RESTART, so that a write to a reader who has stopped reading ends.
  action.sa_flags = 0;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, &old_pipe_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  sigaction(SIGPIPE, &old_pipe_, nullptr);
}

bool StopSignals::Requested() { return requested_ns.load() != 0; }

}  // namespace videostream::receive

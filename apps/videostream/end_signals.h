// SPDX-License-Identifier: Apache-2.0
// Signals that ask a verb to end, as a descriptor to wait for.
#pragma once

#include <csignal>
#include <initializer_list>
#include <thread>

#include "core/base/unique_fd.h"

namespace videostream {

// `signals`, blocked from its construction on: to be made before any thread, which all inherit that.
class EndSignals {
 public:
  EndSignals(std::initializer_list<int> signals = {SIGINT, SIGTERM, SIGHUP});
  // The signals stay blocked: this is for the rest of the process.
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  // Readable once one of them has come. Borrowed.
  int fd() const { return fd_.get(); }

  // From a second later on a further signal ends the process the hard way: the way out of an end that hangs. Not at
  // once, since whoever signals a whole group (`timeout`, a terminal) often does it twice.
  void AllowHardEnd();

 private:
  sigset_t set_{};
  UniqueFd fd_;
  UniqueFd over_;  // eventfd
  std::thread thread_;
};

}  // namespace videostream

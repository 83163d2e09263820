// SPDX-License-Identifier: Apache-2.0
// See end_signals.h.
#include "apps/videostream/end_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace videostream {

EndSignals::EndSignals(std::initializer_list<int> signals) {
  sigemptyset(&set_);
  for (const int signal : signals) sigaddset(&set_, signal);
  sigprocmask(SIG_BLOCK, &set_, nullptr);
  fd_.reset(signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
}

void EndSignals::AllowHardEnd() {
  over_.reset(eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] {
    pollfd over{over_.get(), POLLIN, 0};
    constexpr int kGraceMs = 1000;
    if (poll(&over, 1, kGraceMs) != 0) return;
    signalfd_siginfo taken{};
    while (read(fd_.get(), &taken, sizeof taken) > 0) {
    }
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);  // in this thread alone, which suffices
    poll(&over, 1, -1);
  });
}

EndSignals::~EndSignals() {
  if (!thread_.joinable()) return;
  eventfd_write(over_.get(), 1);
  thread_.join();
}

}  // namespace videostream

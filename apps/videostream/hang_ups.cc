// SPDX-License-Identifier: Apache-2.0
// See hang_ups.h.
#include "apps/videostream/hang_ups.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <utility>

#include "core/base/signals.h"
#include "core/base/thread.h"

namespace videostream {
namespace {

// The controlling one, wherever the standard streams lead.
bool HasTerminal() {
  const UniqueFd terminal(open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  return static_cast<bool>(terminal);
}

}  // namespace

HangUps::HangUps() : had_terminal_(HasTerminal()), over_(eventfd(0, EFD_CLOEXEC)) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

HangUps::~HangUps() {
  if (!thread_.joinable()) return;
  eventfd_write(over_.get(), 1);
  thread_.join();
}

Status HangUps::Watch(std::function<void()> reload) {
  if (!signals_ || !over_) return Fail(Code::kNoMemory, "SIGHUP: no file descriptor left to wait for it");
  const SignalsBlocked blocked;
  auto thread = StartThread("SIGHUP", [this, reload = std::move(reload)] { Run(reload); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  return {};
}

void HangUps::Run(const std::function<void()>& reload) const {
  while (true) {
    std::array<pollfd, 2> fds{{{signals_.get(), POLLIN, 0}, {over_.get(), POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[1].revents != 0) return;
    signalfd_siginfo taken{};
    while (read(signals_.get(), &taken, sizeof taken) > 0) {
    }
    if (had_terminal_ && !HasTerminal()) {
      kill(getpid(), SIGTERM);
    } else {
      reload();
    }
  }
}

}  // namespace videostream

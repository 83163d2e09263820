// SPDX-License-Identifier: Apache-2.0
// Keeps the signals of the program around us away from threads of ours.
#pragma once

#include <pthread.h>

#include <csignal>
#include <initializer_list>

namespace videostream {

// While it lives, the calling thread, and every thread made by it (which keeps that for its life), takes no signals but
// those of its own faults: blocked, a fault would kill the process past the handlers of a crash reporter or a
// sanitizer. The destructor restores the mask of the calling thread; destroy it on the thread that made it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace videostream

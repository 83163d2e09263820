// SPDX-License-Identifier: Apache-2.0
// Which signals the threads of ours take.
#include "core/base/signals.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <thread>

namespace videostream {
namespace {

bool Blocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

// Would catch: a fault in one of our threads that goes past the program's handler, since it is blocked there.
TEST(SignalsTest, AThreadMadeMeanwhileTakesItsOwnFaultsOnly) {
  std::thread thread;
  {
    const SignalsBlocked sut;
    thread = std::thread([] {
      for (const int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP}) {
        EXPECT_FALSE(Blocked(fault)) << fault;
      }
      for (const int other : {SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGCHLD, SIGPIPE, SIGUSR1, SIGRTMIN}) {
        EXPECT_TRUE(Blocked(other)) << other;
      }
    });
  }
  thread.join();
}

// Would catch: a thread made from one that blocks faults and hands that on.
TEST(SignalsTest, FaultsAreTakenAlthoughTheCallerBlocksThem) {
  sigset_t fault, before;
  sigemptyset(&fault);
  sigaddset(&fault, SIGBUS);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &fault, &before), 0);
  {
    const SignalsBlocked sut;
    std::thread([] { EXPECT_FALSE(Blocked(SIGBUS)); }).join();
  }
  EXPECT_TRUE(Blocked(SIGBUS)) << "the caller's own mask has changed";
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
}

// Would catch: a caller that is deaf for good.
TEST(SignalsTest, TheCallerHasItsMaskBack) {
  const bool before = Blocked(SIGTERM);
  {
    const SignalsBlocked sut;
    EXPECT_TRUE(Blocked(SIGTERM));
  }
  EXPECT_EQ(Blocked(SIGTERM), before);
  EXPECT_FALSE(before);
}

}  // namespace
}  // namespace videostream

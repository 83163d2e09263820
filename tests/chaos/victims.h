// SPDX-License-Identifier: Apache-2.0
// Where a consumer may come to its end or be stopped, and the program that forks consumers to which that happens.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "tests/chaos/fault_consumer.h"
#include "tests/chaos/load.h"
#include "wire/order.h"

namespace videostream::chaos {

// At which step, in which kind of consumer it comes at all, and how often it comes within a short life.
struct Point {
  wire::Step step;
  const char* name;
  bool epoll_only = false;
  uint32_t often = 20;
};
inline constexpr Point kPoints[] = {
    {wire::Step::kConnected, "connected", false, 1},
    {wire::Step::kHelloSent, "hello sent", false, 1},
    {wire::Step::kSubscribeSent, "subscribe sent", false, 1},
    {wire::Step::kSubscriptionIn, "subscription in", false, 1},
    {wire::Step::kSetIn, "set in", false, 2},
    {wire::Step::kEpochRead, "epoch read"},
    {wire::Step::kDescriptorCopied, "descriptor copied"},
    {wire::Step::kBeforeClaim, "before claim"},
    {wire::Step::kClaimed, "claimed"},
    {wire::Step::kClaimFailed, "claim failed", false, 2},
    {wire::Step::kLeased, "leased"},
    {wire::Step::kCursorMoved, "cursor moved"},
    {wire::Step::kTaken, "taken"},
    {wire::Step::kReleasing, "releasing"},
    {wire::Step::kReleased, "released"},
    {wire::Step::kSkipped, "skipped", false, 5},
    {wire::Step::kArmed, "armed", true},
    {wire::Step::kWaiting, "waiting", false, 3},
    {wire::Step::kWoken, "woken", true},
};
inline constexpr size_t kProducerSteps = 4;
static_assert(std::size(kPoints) + kProducerSteps == wire::kStepCount, "a step of the consumer without a kill");

// The program that forks victims.
class Victims {
 public:
  explicit Victims(Load& load) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
    // Descriptors that outlive exec.
    const int theirs = ::fcntl(ends[1], F_DUPFD, 100);
    const int books = ::fcntl(load.books_fd(), F_DUPFD, 100);
    ::close(ends[1]);
    control_ = ends[0];
    std::string program = e2e::Runfile("tests/chaos/fault_consumer");
    std::string path = load.path(), books_text = std::to_string(books), control_text = std::to_string(theirs);
    char* argv[] = {program.data(), path.data(), books_text.data(), control_text.data(), nullptr};
    if (::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv, environ) != 0) pid_ = -1;
    ::close(theirs);
    ::close(books);
  }
  ~Victims() {
    ::close(control_);  // ends it
    int status = -1;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    EXPECT_EQ(status, 0) << "fault_consumer: " << StatusText(status) << ", " << Context();
  }
  Victims(const Victims&) = delete;
  Victims& operator=(const Victims&) = delete;

  // -1: failed.
  pid_t Start(const Victim& victim) {
    if (::write(control_, &victim, sizeof victim) != sizeof victim) return -1;
    for (Fate fate; Receive(&fate);) {
      if (fate.changed == 0) return fate.pid;
      changed_[fate.pid] = fate.status;
    }
    return -1;
  }
  // The wait status of a victim that has ended or stopped. False: it does neither.
  bool Await(pid_t pid, int* status) {
    while (changed_.count(pid) == 0) {
      Fate fate;
      if (!Receive(&fate)) return false;
      changed_[fate.pid] = fate.status;
    }
    *status = changed_[pid];
    changed_.erase(pid);
    return true;
  }

 private:
  bool Receive(Fate* fate) {
    pollfd p{control_, POLLIN, 0};
    const int timeout_ms = static_cast<int>(std::chrono::milliseconds(2 * kPatience).count());
    return ::poll(&p, 1, timeout_ms) == 1 && ::read(control_, fate, sizeof *fate) == sizeof *fate;
  }

  pid_t pid_ = -1;
  int control_ = -1;
  std::map<pid_t, int> changed_;
};

inline std::string Text(const Victim& victim) {
  const Point* point = std::find_if(std::begin(kPoints), std::end(kPoints),
                                    [&](const Point& p) { return static_cast<uint32_t>(p.step) == victim.step; });
  return std::string(point != std::end(kPoints) ? point->name : "from outside") + " #" +
         std::to_string(victim.occurrence) + ", queue " + std::to_string(victim.queue) +
         (victim.epoll != 0 ? ", epoll" : ", blocking") + ", holding " + std::to_string(victim.hold);
}

}  // namespace videostream::chaos

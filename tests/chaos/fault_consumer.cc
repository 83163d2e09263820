// SPDX-License-Identifier: Apache-2.0
// A consumer that kills itself at a given step of the protocol (wire/order.h). A program of its own, since it needs the
// client library with fault points in it; it forks once per victim, so that many die in little time.
//
//   fault_consumer SOCKET BOOKS_FD CONTROL_FD
//
// Reads Victims from CONTROL_FD (SOCK_SEQPACKET) and answers each with its Fate, until that is closed.
#include "tests/chaos/fault_consumer.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>

#include "tests/chaos/books.h"
#include "tests/chaos/frame_check.h"
#include "wire/order.h"

namespace videostream {
namespace chaos {
namespace {

using wire::Step;

constexpr unsigned kVictimSeconds = 60;  // a step that never comes
constexpr uint32_t kFramesAfterStop = 40;
constexpr uint64_t kTurnover = 120;  // frames after which every buffer of a pool of 58 has been written again

Books* books = nullptr;
Victim plan;
uint32_t met = 0;  // times that the step has come

void AwaitFrames(uint64_t more) {
  for (const uint64_t wanted = books->published.load() + more; books->published.load() < wanted;) Breathe();
}

void At(Step step) {
  // The frame must go between the look at it and the claim: as for one who is not given the processor.
  if (step == Step::kBeforeClaim && met < plan.occurrence && plan.step == static_cast<uint32_t>(Step::kClaimFailed))
    AwaitFrames(kTurnover);
  if (static_cast<uint32_t>(step) != plan.step || ++met != plan.occurrence) return;
  books->last_step[static_cast<uint32_t>(step)].fetch_add(1);
  ::kill(::getpid(), plan.stop != 0 ? SIGSTOP : SIGKILL);
}

bool Torn(const std::deque<Frame>& frames) {
  return std::any_of(frames.begin(), frames.end(), [](const Frame& frame) { return Look(frame).torn(); });
}

// Of one that kills itself it is an error to come back.
int Live(const std::string& path) {
  Client client(path, {.name = "victim", .queue = plan.queue, .reconnect = false});
  int fd = plan.epoll != 0 ? client.poll_fd() : -1;
  if (plan.epoll != 0 && fd < 0) return 2;
  // With an event loop it is not the library that waits; but it does when told to, also then.
  if (plan.step == static_cast<uint32_t>(Step::kWaiting)) fd = -1;
  std::deque<Frame> held;
  for (uint32_t after = 0; plan.stop == 0 || after < kFramesAfterStop;) {
    if (met < plan.occurrence && plan.step == static_cast<uint32_t>(Step::kSkipped)) AwaitFrames(plan.queue + 2);
    if (fd >= 0) {
      pollfd p{fd, POLLIN, 0};
      ::poll(&p, 1, -1);
    }
    Frame frame = client.wait_for_frame(fd >= 0 ? std::chrono::seconds(0) : std::chrono::seconds(kVictimSeconds));
    if (client.state() == Client::State::kFailed || client.state() == Client::State::kEnded) {
      ::dprintf(STDERR_FILENO, "victim: %s\n", client.error().c_str());
      return 3;
    }
    if (!frame) continue;
    held.push_back(std::move(frame));
    if (Torn(held)) books->torn.fetch_add(1);
    if (held.size() > plan.hold) held.pop_front();
    if (met >= plan.occurrence) ++after;
  }
  return 0;
}

int Start(const Victim& victim, const std::string& path, const sigset_t& mask) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::sigprocmask(SIG_UNBLOCK, &mask, nullptr);
  ::alarm(kVictimSeconds);
  plan = victim;
  ::_exit(Live(path));
}

bool Tell(int control, const Fate& fate) { return ::write(control, &fate, sizeof fate) == sizeof fate; }

int Serve(const std::string& path, int control) {
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  pollfd fds[] = {{control, POLLIN, 0}, {::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK), POLLIN, 0}};
  for (;;) {
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return 4;
    if (fds[1].revents != 0) {
      signalfd_siginfo info;
      (void)!::read(fds[1].fd, &info, sizeof info);
      int status = 0;
      for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0;) {
        if (!Tell(control, {.pid = pid, .changed = 1, .status = status})) return 5;
      }
    }
    if (fds[0].revents != 0) {
      Victim victim;
      if (::read(control, &victim, sizeof victim) != sizeof victim) return 0;
      const pid_t pid = Start(victim, path, mask);
      if (!Tell(control, {.pid = pid, .error = pid < 0 ? errno : 0})) return 5;
    }
  }
}

}  // namespace
}  // namespace chaos

void wire::FaultPoint(Step step) { chaos::At(step); }

}  // namespace videostream

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  videostream::chaos::books = videostream::chaos::MapBooks(std::atoi(argv[2]));
  if (videostream::chaos::books == nullptr) return 65;
  return videostream::chaos::Serve(argv[1], std::atoi(argv[3]));
}

// SPDX-License-Identifier: Apache-2.0
// A tracer of its own between the test and the counted process: it may wait for whatever child it has, which a test
// with other children must not.
#include "tests/support/syscall_counter.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace videostream::test {

struct SyscallCounter::Shared {
  static constexpr size_t kNumbers = 1024;
  std::atomic<int> status;  // of the counted process
  std::atomic<int> error;   // errno of the tracer
  std::atomic<uint64_t> counts[kNumbers];
};

namespace {

constexpr unsigned long kMark = 0x56534d4b;  // no option of prctl
constexpr unsigned kWatchdog = 100;          // seconds

// One process at a system call; false: at something else.
bool AtEntry(pid_t pid, __ptrace_syscall_info* info) {
  return ::syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, pid, sizeof *info, info) > 0 &&
         info->op == PTRACE_SYSCALL_INFO_ENTRY;
}

// Its number is counted, or it is one of the marks.
void Note(const __ptrace_syscall_info& info, bool* counting, std::atomic<uint64_t>* counts, size_t size) {
  if (info.entry.nr == SYS_prctl && info.entry.args[0] == kMark) {
    *counting = info.entry.args[1] != 0;
  } else if (*counting && info.entry.nr < size) {
    counts[info.entry.nr].fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

void BeginCounting() { ::syscall(SYS_prctl, kMark, 1UL, 0UL, 0UL, 0UL); }
void EndCounting() { ::syscall(SYS_prctl, kMark, 0UL, 0UL, 0UL, 0UL); }

SyscallCounter::SyscallCounter(const std::function<int()>& work) {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  shared_ = new (memory) Shared{};
  ::fflush(nullptr);
  tracer_ = ::fork();
  if (tracer_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::alarm(kWatchdog);
  const pid_t traced = ::fork();
  if (traced == 0) {
    ::alarm(kWatchdog);
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(errno);
    ::raise(SIGSTOP);
    ::_exit(work());
  }
  const auto fail = [&](int error) {
    shared_->error = error;
    if (traced > 0) ::kill(traced, SIGKILL);
    ::_exit(1);
  };
  int status = 0;
  if (traced < 0 || ::waitpid(traced, &status, 0) != traced) fail(errno);
  if (!WIFSTOPPED(status)) fail(WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
  constexpr unsigned long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  if (::ptrace(PTRACE_SETOPTIONS, traced, nullptr, kOptions) != 0) fail(errno);
  ::ptrace(PTRACE_SYSCALL, traced, nullptr, nullptr);
  bool counting = false;
  for (;;) {
    const pid_t pid = ::waitpid(-1, &status, __WALL);
    if (pid < 0) fail(errno);
    if (!WIFSTOPPED(status)) {
      if (pid != traced) continue;  // a thread
      shared_->status = status;
      ::_exit(0);
    }
    int deliver = WSTOPSIG(status);
    if (deliver == (SIGTRAP | 0x80)) {
      __ptrace_syscall_info info{};
      if (AtEntry(pid, &info)) Note(info, &counting, shared_->counts, Shared::kNumbers);
      deliver = 0;
    } else if (deliver == SIGTRAP || deliver == SIGSTOP) {
      deliver = 0;  // a thread has been made, or begins
    }
    ::ptrace(PTRACE_SYSCALL, pid, nullptr, deliver);
  }
}

SyscallCounter::~SyscallCounter() {
  if (tracer_ > 0) {
    ::kill(tracer_, SIGKILL);
    ::waitpid(tracer_, nullptr, 0);
  }
  ::munmap(shared_, sizeof(Shared));
}

std::string SyscallCounter::Unavailable() {
  SyscallCounter probe([] {
    BeginCounting();
    return 0;
  });
  const bool traced = probe.Wait() == 0;
  const int error = probe.shared_->error;
  const bool forbidden = error == EPERM || error == EACCES || error == ENOSYS;
  return !traced && forbidden ? std::string("ptrace is refused here: ") + std::strerror(error) : std::string();
}

int SyscallCounter::Wait() {
  int status = 0;
  if (tracer_ > 0) ::waitpid(std::exchange(tracer_, -1), &status, 0);
  if (shared_->error != 0 || status != 0) {
    why_ = "tracer: status " + std::to_string(status) + ", " + std::strerror(shared_->error);
    return -1;
  }
  return shared_->status;
}

uint64_t SyscallCounter::Count(long number) const {
  return shared_->counts[static_cast<size_t>(number)].load(std::memory_order_relaxed);
}

uint64_t SyscallCounter::Total() const {
  uint64_t total = 0;
  for (const auto& count : shared_->counts) total += count.load(std::memory_order_relaxed);
  return total;
}

std::string SyscallCounter::Text() const {
  static constexpr std::pair<long, const char*> kNames[] = {
    {SYS_futex, "futex"},
    {SYS_recvmsg, "recvmsg"},
    {SYS_vmsplice, "vmsplice"},
    {SYS_ppoll, "ppoll"},
    {SYS_epoll_pwait, "epoll_pwait"},
    {SYS_timerfd_settime, "timerfd_settime"},
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_connect, "connect"},
    {SYS_socket, "socket"},
    {SYS_close, "close"},
    {SYS_clock_nanosleep, "clock_nanosleep"},
    {SYS_inotify_add_watch, "inotify_add_watch"},
    {SYS_inotify_rm_watch, "inotify_rm_watch"},
    {SYS_epoll_ctl, "epoll_ctl"},
#if defined(SYS_poll)
    {SYS_poll, "poll"},
#endif
#if defined(SYS_epoll_wait)
    {SYS_epoll_wait, "epoll_wait"},
#endif
  };
  std::string text;
  for (size_t number = 0; number < Shared::kNumbers; ++number) {
    const uint64_t count = Count(static_cast<long>(number));
    if (count == 0) continue;
    const auto* const known = std::find_if(std::begin(kNames), std::end(kNames),
                                           [&](const auto& name) { return name.first == static_cast<long>(number); });
    if (!text.empty()) text += ", ";
    text += known != std::end(kNames) ? known->second : "#" + std::to_string(number);
    text += " " + std::to_string(count);
  }
  return text;
}

}  // namespace videostream::test

// SPDX-License-Identifier: Apache-2.0
// PTRACE_SEIZE, and from one system call to the next.
#include "bench/transport/trace.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

namespace videostream::bench::transport {
namespace {

const char* NameOf(long number) {
  switch (number) {
    case SYS_futex:
      return "futex";
    case SYS_read:
      return "read";
    case SYS_write:
      return "write";
    case SYS_ppoll:
      return "ppoll";
#ifdef SYS_poll
    case SYS_poll:
      return "poll";
#endif
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
      return "epoll_wait";
#endif
    case SYS_epoll_pwait:
      return "epoll_pwait";
    case SYS_clock_nanosleep:
      return "clock_nanosleep";
    case SYS_recvmsg:
      return "recvmsg";
    case SYS_sendmsg:
      return "sendmsg";
    case SYS_sendto:
      return "send";
    case SYS_recvfrom:
      return "recv";
    case SYS_vmsplice:
      return "vmsplice";
    case SYS_timerfd_settime:
      return "timerfd_settime";
    case SYS_close:
      return "close";
    case SYS_ioctl:
      return "ioctl";
    case SYS_mmap:
      return "mmap";
    case SYS_munmap:
      return "munmap";
    case SYS_madvise:
      return "madvise";
    case SYS_sched_yield:
      return "sched_yield";
    default:
      return nullptr;
  }
}

}  // namespace

double Calls::PerFrame() const {
  uint64_t all = 0;
  for (const auto& [number, count] : by_number) all += count;
  return frames == 0 ? 0 : static_cast<double>(all) / static_cast<double>(frames);
}

double Calls::PerFrameWithoutPacing() const {
  const auto sleeps = by_number.find(SYS_clock_nanosleep);
  if (frames == 0 || sleeps == by_number.end()) return PerFrame();
  return PerFrame() - static_cast<double>(sleeps->second) / static_cast<double>(frames);
}

std::string Calls::Text() const {
  std::vector<std::pair<uint64_t, long>> order;
  for (const auto& [number, count] : by_number) order.emplace_back(count, number);
  std::sort(order.rbegin(), order.rend());
  std::string text;
  for (const auto& [count, number] : order) {
    const double per_frame = static_cast<double>(count) / static_cast<double>(std::max<uint64_t>(frames, 1));
    if (per_frame < 0.005) continue;
    char part[64];
    const char* name = NameOf(number);
    const std::string unnamed = "call " + std::to_string(number);
    snprintf(part, sizeof part, "%s%s %.2f", text.empty() ? "" : ", ", name != nullptr ? name : unnamed.c_str(),
             per_frame);
    text += part;
  }
  return text;
}

std::string Tracer::Attach() {
  constexpr unsigned long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  std::error_code none;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task", none)) {
    const pid_t thread = std::atoi(task.path().filename().c_str());
    if (ptrace(PTRACE_SEIZE, thread, nullptr, kOptions) != 0 || ptrace(PTRACE_INTERRUPT, thread, nullptr, 0) != 0) {
      return std::string("ptrace: ") + std::strerror(errno);
    }
  }
  return "";
}

void Tracer::Run() {
  for (;;) {
    int status = 0;
    const pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0 && errno == EINTR) continue;
    if (thread < 0) return;  // nobody is left
    if (!WIFSTOPPED(status)) {
      if (thread == pid_) return;
      continue;
    }
    int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) Entered(thread);
    // Stops of the tracing itself deliver nothing.
    if (signal == (SIGTRAP | 0x80) || status >> 16 != 0) signal = 0;
    ptrace(PTRACE_SYSCALL, thread, nullptr, static_cast<unsigned long>(signal));
  }
}

void Tracer::Entered(pid_t thread) {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
  if (info.entry.nr == SYS_prctl && info.entry.args[0] == kMark) {
    counting_ = info.entry.args[1] == 1;
  } else if (board_ != nullptr ? board_->phase.load() == kMeasure : counting_) {
    ++calls_.by_number[static_cast<long>(info.entry.nr)];
  }
}

}  // namespace videostream::bench::transport

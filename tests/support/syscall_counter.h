// SPDX-License-Identifier: Apache-2.0
// Counts the system calls that a process makes: runs it under ptrace, all its threads included, and counts by number
// between the two marks that the process sets itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace videostream::test {

// In the counted process, on any of its threads: from here on / no more. Costs one call that is not counted.
void BeginCounting();
void EndCounting();

// Threads: one process without other threads; it forks. Not for programs under a sanitizer, which make calls of their
// own.
class SyscallCounter {
 public:
  // Starts `work` in a process of its own, whose exit status is what it returns. An alarm ends it when it hangs; it
  // dies with this object.
  explicit SyscallCounter(const std::function<int()>& work);
  ~SyscallCounter();
  SyscallCounter(const SyscallCounter&) = delete;
  SyscallCounter& operator=(const SyscallCounter&) = delete;

  // Why no process can be traced here, where the system forbids it: for a test to skip. Empty: it can be. Forks.
  static std::string Unavailable();

  // Waits for its end; the wait status of it, -1 if it could not be traced (then Why has the reason). The functions
  // below are for afterwards, if they do not say otherwise.
  int Wait();
  const std::string& Why() const { return why_; }
  // Of one number (SYS_*), and of all. Also of use before its end: so far.
  uint64_t Count(long number) const;
  uint64_t Total() const;
  // "futex 400, recvmsg 6": for messages of tests. Numbers it has no name for are "#17".
  std::string Text() const;

 private:
  struct Shared;

  Shared* shared_ = nullptr;
  int tracer_ = -1;
  std::string why_;
};

}  // namespace videostream::test

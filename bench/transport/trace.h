// SPDX-License-Identifier: Apache-2.0
// Counts the system calls of one process between its marks, by ptrace. Slows it down: never while timing.
#pragma once

#include <sys/types.h>

#include <string>

#include "bench/transport/cell.h"

namespace videostream::bench::transport {

// One thread, which must be the one that started the process.
class Tracer {
 public:
  // With `board` calls count while its phase is kMeasure, otherwise between the process's marks (see kMark).
  Tracer(pid_t pid, const Board* board) : pid_(pid), board_(board) {}

  // To all threads of the process, and those to come. Empty, or why it could not.
  std::string Attach();
  // Counts until the process has ended. Also waits for other children that end meanwhile: their exit codes are lost.
  void Run();
  // What was counted, without `frames`.
  const Calls& calls() const { return calls_; }

 private:
  void Entered(pid_t thread);

  pid_t pid_;
  const Board* board_;
  bool counting_ = false;
  Calls calls_;
};

}  // namespace videostream::bench::transport

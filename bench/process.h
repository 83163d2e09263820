// SPDX-License-Identifier: Apache-2.0
// Child processes of a benchmark: starting, ending, and how much memory they take.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace videostream::bench {

// A child that is ended by the destructor, at first politely. One thread.
class Process {
 public:
  // Starts `arguments[0]` with stdin and stdout at /dev/null and stderr in the file `log`. Not running() if it cannot.
  Process(const std::vector<std::string>& arguments, const std::string& log);
  ~Process() { Stop(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }

  // Waits for its own end. Its exit code, 128 + signal, or -1 if it was not running.
  int Wait();
  // SIGTERM, after five seconds SIGKILL; then as Wait.
  int Stop();
  // Gives it so long to end by itself, then as Stop.
  int End(int patience_ms);

 private:
  bool Ends(int patience_ms) const;

  pid_t pid_ = -1;
};

// Memory of a process in bytes, from /proc/PID/smaps. Pss: pages shared with n processes count as 1/n.
struct Memory {
  uint64_t pss = 0;       // without the pool
  uint64_t private_ = 0;  // private pages among them
  uint64_t pool = 0;      // Pss of the frames: memfds but for those of the transport's own pages
  bool ok = false;
};
Memory MemoryOf(pid_t pid);

}  // namespace videostream::bench

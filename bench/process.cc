// SPDX-License-Identifier: Apache-2.0
// posix_spawn and smaps.
#include "bench/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace videostream::bench {
namespace {

constexpr int kPatienceMs = 5000;
constexpr useconds_t kPollUs = 2000;

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
}

int Process::Wait() {
  const pid_t pid = std::exchange(pid_, -1);
  if (pid <= 0) return -1;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Process::Ends(int patience_ms) const {
  siginfo_t ended{};
  for (int waited = 0; waited < patience_ms; waited += int{kPollUs} / 1000) {
    ended.si_pid = 0;
    if (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != 0) {
      return true;
    }
    usleep(kPollUs);
  }
  return false;
}

int Process::Stop() {
  if (pid_ <= 0) return -1;
  kill(pid_, SIGTERM);
  if (!Ends(kPatienceMs)) kill(pid_, SIGKILL);
  return Wait();
}

int Process::End(int patience_ms) {
  if (pid_ <= 0) return -1;
  return Ends(patience_ms) ? Wait() : Stop();
}

Memory MemoryOf(pid_t pid) {
  Memory memory;
  std::ifstream smaps("/proc/" + std::to_string(pid) + "/smaps");
  std::string line;
  bool pool = false;
  while (std::getline(smaps, line)) {
    unsigned long long from = 0, to = 0, kib = 0;
    if (sscanf(line.c_str(), "%llx-%llx ", &from, &to) == 2) {
      const bool own_pages = line.find("/memfd:videostream-stream") != std::string::npos ||
                             line.find("/memfd:videostream-client") != std::string::npos;
      pool = line.find("/memfd:") != std::string::npos && !own_pages;
      memory.ok = true;
    } else if (sscanf(line.c_str(), "Pss: %llu kB", &kib) == 1) {
      (pool ? memory.pool : memory.pss) += kib * 1024;
    } else if (!pool && (sscanf(line.c_str(), "Private_Clean: %llu kB", &kib) == 1 ||
                         sscanf(line.c_str(), "Private_Dirty: %llu kB", &kib) == 1)) {
      memory.private_ += kib * 1024;
    }
  }
  return memory;
}

}  // namespace videostream::bench

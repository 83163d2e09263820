// SPDX-License-Identifier: Apache-2.0
// Settings, start and end of the daemon that the PipeWire cells use.
#include "bench/transport/peers/pipewire_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace videostream::bench::transport {
namespace {

// What a session manager, devices and sound need is left out. Without libpipewire-module-rt neither side asks for
// real-time priority, which nobody else in the benchmark has.
constexpr char kDaemonConf[] = R"(context.properties = { core.daemon = true core.name = pipewire-0 log.level = 1 }
context.spa-libs = { support.* = support/libspa-support }
context.modules = [
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-client-node }
  { name = libpipewire-module-access }
  { name = libpipewire-module-adapter }
  { name = libpipewire-module-link-factory }
]
)";
constexpr char kClientConf[] = R"(context.properties = { log.level = 1 }
context.spa-libs = { support.* = support/libspa-support }
context.modules = [
  { name = libpipewire-module-protocol-native }
  { name = libpipewire-module-client-node }
  { name = libpipewire-module-adapter }
]
)";

// Complete or not there at all: every process of the cell writes the same.
bool WriteFile(const std::string& path, const char* text) {
  if (access(path.c_str(), F_OK) == 0) return true;
  const std::string draft = path + "." + std::to_string(getpid());
  const int fd = open(draft.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
  return close(fd) == 0 && written && rename(draft.c_str(), path.c_str()) == 0;
}

}  // namespace

bool UsePipewireOf(const std::string& folder) {
  for (const char* name : {"XDG_RUNTIME_DIR", "PIPEWIRE_RUNTIME_DIR", "PIPEWIRE_CONFIG_DIR"}) {
    setenv(name, folder.c_str(), 1);
  }
  unsetenv("PIPEWIRE_REMOTE");
  return WriteFile(folder + "/pipewire.conf", kDaemonConf) && WriteFile(folder + "/client.conf", kClientConf);
}

PipewireDaemon::~PipewireDaemon() {
  if (!Alive()) return;
  kill(pid_, SIGTERM);
  for (int i = 0; i < 200 && Alive(); ++i) usleep(10'000);
  if (Alive()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

bool PipewireDaemon::Start() {
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) execlp("pipewire", "pipewire", "-c", "pipewire.conf", nullptr);
    fprintf(stderr, "cannot start 'pipewire': %s\n", std::strerror(errno));
    _exit(127);
  }
  return pid_ > 0;
}

bool PipewireDaemon::Alive() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
  return pid_ > 0;
}

int64_t PipewireDaemon::CpuNs() const {
  clockid_t clock{};
  timespec time{};
  if (pid_ <= 0 || clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

}  // namespace videostream::bench::transport

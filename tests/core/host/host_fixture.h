// SPDX-License-Identifier: Apache-2.0
// For tests of Host over the real shm backend: a folder for sockets, processes that consume, counts of what a process
// holds.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "tests/e2e/process.h"
#include "videostream/client.hpp"
#include "videostream/host.hpp"

namespace videostream {

inline constexpr std::chrono::seconds kPatience(30);  // for what must happen; the watchdog is longer

inline size_t EntriesOf(const char* folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}
inline size_t OpenFds() { return EntriesOf("/proc/self/fd"); }
inline size_t Threads() { return EntriesOf("/proc/self/task"); }

// Mappings of the pools of Hosts whose socket has this file name.
inline size_t PoolMappings(const std::string& file_name) {
  std::ifstream maps("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("memfd:vs:" + file_name) != line.npos ? 1 : 0;
  return count;
}

// Asks again and again; false when it has not come about in a time in which it must.
inline bool Until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

// Bytes between processes: how tests put events in order.
class Signal {
 public:
  Signal() {
    if (::pipe(ends_.data()) != 0) std::abort();
  }
  ~Signal() {
    for (const int fd : ends_) ::close(fd);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  void Send() const {
    if (::write(ends_[1], "x", 1) != 1) std::abort();
  }
  void Wait() const {
    char byte;
    if (::read(ends_[0], &byte, 1) != 1) std::abort();
  }

 private:
  std::array<int, 2> ends_{};
};

// A forked process that ends with what `work` returns. Fork before a Host is made: its thread is not there in the
// child.
class Child {
 public:
  explicit Child(const std::function<int()>& work) {
    ::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(90);
    ::_exit(work());
  }
  ~Child() {
    Kill(SIGKILL);
    if (pid_ > 0) Wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }
  void Kill(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  // As waitpid has it.
  int Wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
};

class HostTest : public testing::Test {
 protected:
  HostTest() { e2e::Watchdog(100); }

  static HostOptions Grey(uint32_t width = 64, uint32_t height = 48) {
    HostOptions options;
    options.width = width;
    options.height = height;
    options.format = VSTREAM_FORMAT_GREY;
    options.allocators = {"shm"};
    return options;
  }
  Host Create(const HostOptions& options) {
    Host host = Host::create(path_, options);
    EXPECT_TRUE(host) << host.error();
    return host;
  }
  // Publishes a picture of this one value. False: see host.error().
  static bool PublishGrey(Host& host, uint8_t value) {
    WriteBuffer buffer = host.get_write_buffer();
    if (!buffer) return false;
    std::fill_n(buffer.data(), buffer.size(), value);
    return host.publish_frame(std::move(buffer));
  }
  static bool IsGrey(const Frame& frame, uint8_t value) {
    return frame && std::all_of(frame.data(), frame.data() + frame.size(), [&](uint8_t byte) { return byte == value; });
  }

  e2e::TempDir dir_;
  const std::string path_ = dir_ / "s";
};

}  // namespace videostream

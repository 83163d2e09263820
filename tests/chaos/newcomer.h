// SPDX-License-Identifier: Apache-2.0
// Somebody who wants to join while a limit is reached: a process with the consumer library, which goes on trying and
// tells what it is told. Also: connections by hand, for crowds.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include "tests/chaos/books.h"
#include "videostream/client.hpp"
#include "wire/messages.h"

namespace videostream::chaos {

// A connected socket, or -1 with errno. Waits while the host does not accept.
inline int ConnectTo(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), std::min(path.size() + 1, sizeof address.sun_path));
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  errno = error;
  return -1;
}

template <class M>
bool SendTo(int fd, const M& message) {
  return ::send(fd, &message, sizeof message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof message);
}
// The whole handshake without reading any of it. False: the connection is closed by now.
inline bool SubscribeBlindly(int fd) {
  return SendTo(fd, wire::Make<wire::Hello>()) && SendTo(fd, wire::Make<wire::Subscribe>());
}

class Newcomer {
 public:
  // `before`: run in its process first. `lifted`: run there after Lift.
  explicit Newcomer(
      const std::string& path, const std::function<void()>& before = [] {}, const std::function<void()>& lifted = [] {})
      : shared_(static_cast<Shared*>(
            ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (shared_ == MAP_FAILED) std::abort();
    ::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(240);
    ::close_range(3, ~0U, 0);  // other connections of the test end when the test closes them
    before();
    ::_exit(Run(path, lifted));
  }
  ~Newcomer() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::munmap(shared_, sizeof(Shared));
  }
  Newcomer(const Newcomer&) = delete;
  Newcomer& operator=(const Newcomer&) = delete;

  bool in() const { return shared_->in.load(std::memory_order_acquire) != 0; }
  // Attempts that have ended with a text, and the last such text.
  uint32_t told() const { return shared_->told.load(std::memory_order_acquire); }
  std::string text() const { return shared_->text; }
  // The limit is gone; tells its process.
  void Lift() const { shared_->lift.store(1, std::memory_order_release); }
  // Ends it, if it has not been let in; its wait status.
  int End() {
    int status = -1;
    if (!in()) ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  struct Shared {
    std::atomic<uint32_t> in;
    std::atomic<uint32_t> told;
    std::atomic<uint32_t> lift;
    char text[400];
  };

  int Run(const std::string& path, const std::function<void()>& lifted) {
    Client client(path, {.name = "newcomer"});
    bool limited = true;
    for (;;) {
      if (limited && shared_->lift.load(std::memory_order_acquire) != 0) {
        lifted();
        limited = false;
      }
      const Frame frame = client.wait_for_frame(std::chrono::milliseconds(20));
      if (frame) {
        const bool right = IsCode(frame.data(), frame.size(), frame.sequence());
        shared_->in.store(1, std::memory_order_release);
        return right || !frame.valid() ? 0 : 3;
      }
      if (!client.error().empty()) {
        std::snprintf(shared_->text, sizeof shared_->text, "%s", client.error().c_str());
        shared_->told.fetch_add(1, std::memory_order_release);
      }
      if (client.state() == Client::State::kFailed) return 2;
    }
  }

  Shared* shared_;
  pid_t pid_ = -1;
};

}  // namespace videostream::chaos

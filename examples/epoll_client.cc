// SPDX-License-Identifier: Apache-2.0
// Receives frames in an event loop: the client is one descriptor among others, here beside Ctrl-C.
// Usage: epoll_client SOCKET [FRAMES].
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "videostream/client.hpp"

namespace {

// Ctrl-C as a descriptor.
int SignalFd() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

bool Watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Takes what is there, without waiting. False: this client will give nothing more.
bool Drain(videostream::Client& client, uint64_t limit) {
  using std::chrono::nanoseconds;
  while (client.stats().taken < limit) {
    const videostream::Frame frame = client.wait_for_frame(nanoseconds(0));
    if (!frame) return client.state() != videostream::Client::State::kFailed;
    std::cout << "frame " << frame.sequence() << ": " << frame.size() << " bytes in plane 0\n";
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: epoll_client SOCKET [FRAMES]\n";
    return 2;
  }
  const uint64_t limit = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : UINT64_MAX;
  std::cout << std::unitbuf;  // each line at once, also into a pipe

  videostream::Client client(argv[1]);
  const int client_fd = client.poll_fd();  // the same for good, whether or not there is a producer
  const int signal_fd = SignalFd();
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (!Watch(epoll, client_fd) || !Watch(epoll, signal_fd)) {
    std::perror("epoll_client: epoll");
    return 1;
  }
  bool running = true;
  while (running && client.stats().taken < limit) {
    epoll_event event{};
    const int count = epoll_wait(epoll, &event, 1, -1);
    if (count < 0 && errno != EINTR) {
      std::perror("epoll_client: epoll_wait");
      return 1;
    }
    if (count == 1) running = event.data.fd == client_fd && Drain(client, limit);
  }
  close(epoll);
  close(signal_fd);
  std::cout << "received " << client.stats().taken << " of " << client.stats().published << " frames\n";
  if (client.error().empty()) return 0;
  std::cerr << "epoll_client: " << client.error() << "\n";
  return 1;
}

// SPDX-License-Identifier: Apache-2.0
// A consumer without the library: speaks the protocol by hand, and keeps the descriptors that it was given.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "tests/backends/shm/test_host.h"
#include "wire/messages.h"

namespace videostream::test {

class RawConsumer {
 public:
  explicit RawConsumer(const std::string& path) {
    socket_ = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    connected = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawConsumer() {
    ::close(socket_);
    for (const int fd : fds) ::close(fd);
  }
  RawConsumer(const RawConsumer&) = delete;
  RawConsumer& operator=(const RawConsumer&) = delete;

  ssize_t SendRaw(const void* data, size_t size, const std::vector<int>& with = {}) const {
    iovec part{const_cast<void*>(data), size};
    std::vector<char> control(CMSG_SPACE(sizeof(int) * with.size()));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!with.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int) * with.size());
      std::memcpy(CMSG_DATA(header), with.data(), sizeof(int) * with.size());
    }
    return ::sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  template <class M>
  void Send(const M& message) const {
    EXPECT_EQ(SendRaw(&message, sizeof message), static_cast<ssize_t>(sizeof message)) << std::strerror(errno);
  }
  // The next message into `bytes`, its descriptors into `fds`. 0: closed; -1: nothing yet.
  ssize_t Receive() {
    iovec part{bytes, sizeof bytes};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 64)];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(socket_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    for (cmsghdr* c = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr; c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        fds.push_back(fd);
      }
    }
    return n < 0 && errno != EAGAIN ? 0 : n;
  }
  // Takes turns with the host until a message of type M is there.
  template <class M>
  bool Await(TestHost& host, M* message) {
    ssize_t n = -1;
    const bool arrived = host.ServeUntil([&] { return (n = Receive()) >= 0; });
    if (!arrived || n < static_cast<ssize_t>(sizeof *message)) return false;
    std::memcpy(message, bytes, sizeof *message);
    return message->header.type == static_cast<uint16_t>(M::kType);
  }
  bool AwaitClose(TestHost& host) {
    return host.ServeUntil([&] {
      ssize_t n = -1;
      while ((n = Receive()) > 0) {
      }
      return n == 0;
    });
  }
  // Up to the first buffer set; fds: stream page, client page, doorbell, buffers.
  bool Subscribe(TestHost& host, uint32_t stream = 0, uint32_t queue = 0) {
    Send(wire::Make<wire::Hello>());
    wire::Welcome welcome;
    if (!Await(host, &welcome)) return false;
    auto subscribe = wire::Make<wire::Subscribe>();
    subscribe.stream = stream;
    subscribe.queue = queue;
    Send(subscribe);
    if (!Await(host, &subscribed)) return false;
    wire::BufferSet set;
    return Await(host, &set);
  }

  bool connected = false;
  std::vector<int> fds;
  std::byte bytes[wire::kMaxMessageBytes] = {};
  wire::Subscribed subscribed;

 private:
  int socket_ = -1;
};

}  // namespace videostream::test

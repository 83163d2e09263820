// SPDX-License-Identifier: Apache-2.0
// sendmsg and recvmsg.
#include "backends/shm/socket_io.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace videostream::shm {

Sent SendBytes(int socket, const void* bytes, size_t size, std::span<const int> fds) {
  iovec part{const_cast<void*>(bytes), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * wire::kMaxMessageFds)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty() && fds.size() <= wire::kMaxMessageFds) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return Sent::kYes;
    switch (errno) {
      case EINTR:
        continue;
      case EAGAIN:
        return Sent::kFull;
      case ENOBUFS:
      case ENOMEM:
      case ETOOMANYREFS:  // descriptors in flight, of all processes of this user
        return Sent::kLater;
      default:
        return Sent::kDead;
    }
  }
}

Inbound Receive(int socket, std::span<std::byte, wire::kMaxMessageBytes + 1> buffer) {
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};  // without room for control data: the kernel drops descriptors and says so
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  Inbound inbound;
  if (size < 0) {
    inbound.what = errno == EAGAIN ? Inbound::kNothing : Inbound::kClosed;
  } else if (size == 0) {
    inbound.what = Inbound::kClosed;  // or an empty message, which is none of ours either
  } else if ((message.msg_flags & MSG_CTRUNC) != 0) {
    inbound = {Inbound::kBad, "sent descriptors", {}};
  } else if (static_cast<size_t>(size) > wire::kMaxMessageBytes) {
    inbound = {Inbound::kBad, "sent a message that is too long", {}};
  } else {
    inbound = {Inbound::kMessage, "", {buffer.data(), static_cast<size_t>(size)}};
  }
  return inbound;
}

}  // namespace videostream::shm

// SPDX-License-Identifier: Apache-2.0
// One message out, one message in, never waiting. The producer takes no descriptors from consumers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "wire/messages.h"

namespace videostream::shm {

enum class Sent { kYes, kFull, kLater, kDead };
// kFull: try again when the socket is writable; kLater: the kernel is short of something, try again after a while.
Sent SendBytes(int socket, const void* bytes, size_t size, std::span<const int> fds);
template <class M>
Sent Send(int socket, const M& message, std::span<const int> fds = {}) {
  return SendBytes(socket, &message, message.header.size, fds);
}

struct Inbound {
  enum { kNothing, kMessage, kClosed, kBad } what = kNothing;
  const char* why = "";  // kBad
  std::span<const std::byte> bytes;
};
// The next message, in `buffer` of one byte more than the largest.
Inbound Receive(int socket, std::span<std::byte, wire::kMaxMessageBytes + 1> buffer);

}  // namespace videostream::shm

// SPDX-License-Identifier: Apache-2.0
// The system calls of a consumer: the clock, waiting on the stream page, one message in and out of the socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "client/fd.h"
#include "wire/messages.h"

namespace videostream::client_internal {

// CLOCK_MONOTONIC, ns.
int64_t NowNs();

// Waits until the word is no longer `seen`, at most `timeout_ns`. False: the time is over. May wake for no reason.
bool WaitWhile(const wire::Word32& word, uint32_t seen, int64_t timeout_ns);

// Waits for input on `fd` (-1: for nothing), at most `timeout_ns`.
bool WaitReadable(int fd, int64_t timeout_ns);

// Connects to the socket at `path`; 0 or an errno value. Does not wait.
int ConnectTo(const std::string& path, UniqueFd* out);

// What is at `path`, if it is something else than a socket: "a folder"; else null.
const char* OtherKindOfFile(const std::string& path);
// One line with the limit that EMFILE or ENFILE is about, and what to do.
std::string NoDescriptorLeft(int error);
// Empties a pipe without ever waiting, whatever the flags of the description say by now. A pipe that we were given
// belongs to the other side as well, which may take O_NONBLOCK away from it.
// False: the other side has closed it, so it is readable for good.
bool DrainPipe(int fd);

// Sends without waiting. False: it could not be sent.
bool SendBytes(int socket, const void* bytes, size_t size);
template <class M>
bool Send(int socket, const M& message) {
  return SendBytes(socket, &message, message.header.size);
}

struct Inbound {
  enum { kNothing, kMessage, kClosed, kBad } what = kNothing;
  std::string why;  // kBad
  int code = 0;     // kBad: VSTREAM_E_NO_MEMORY for the limits of this process, else VSTREAM_E_IO
  size_t size = 0;
  alignas(8) std::byte data[wire::kMaxMessageBytes + 1];
  std::vector<UniqueFd> fds;
  std::span<const std::byte> bytes() const { return {data, size}; }
};
// The next message, if there is one. Descriptors that came with it are owned by `out`, whatever it turns out to be.
void Receive(int socket, Inbound* out);

}  // namespace videostream::client_internal

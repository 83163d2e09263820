// SPDX-License-Identifier: Apache-2.0
// The client's side of the control socket.
#include "core/control/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/clock.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

Status WaitFor(int fd, short events, int64_t deadline_ns) {
  while (true) {
    const int64_t left_ms = (deadline_ns - NowNs()) / kNsPerMs;
    if (left_ms <= 0) return Fail(Code::kTimeout, "no answer in time");
    pollfd waiting{fd, events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left_ms, INT32_MAX)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return ErrnoError(errno, "poll");
  }
}

Status SendAll(int fd, std::string_view text, int64_t deadline_ns) {
  while (!text.empty()) {
    if (Status ready = WaitFor(fd, POLLOUT, deadline_ns); !ready) return ready;
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      text.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return ErrnoError(errno, "send");
    }
  }
  return {};
}

Result<std::string> ReceiveAll(int fd, int64_t deadline_ns) {
  std::string all;
  std::array<char, 16384> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
  while (true) {
    if (Status ready = WaitFor(fd, POLLIN, deadline_ns); !ready) return ready.error();
    const ssize_t got = recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got == 0) return all;
    if (got > 0) {
      all.append(chunk.data(), static_cast<size_t>(got));
      if (all.size() > kMaxHttpResponseBytes) {
        return Fail(Code::kIo, "the answer is larger than " + std::to_string(kMaxHttpResponseBytes) + " bytes");
      }
    } else if (errno != EAGAIN && errno != EINTR) {
      return ErrnoError(errno, "receive");
    }
  }
}

}  // namespace

Result<HttpResponse> HttpGet(const std::string& socket_path, std::string_view path, std::chrono::milliseconds timeout) {
  const int64_t deadline_ns = NowNs() + std::chrono::nanoseconds(timeout).count();
  const Result<UniqueFd> fd = ConnectUnix(socket_path, timeout);
  if (!fd) return fd.error();
  const std::string context = "control socket '" + socket_path + "': GET " + std::string(path);
  const std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (Status sent = SendAll(fd->get(), request, deadline_ns); !sent) return WithContext(sent.error(), context);
  const Result<std::string> answer = ReceiveAll(fd->get(), deadline_ns);
  if (!answer) return WithContext(answer.error(), context);
  Result<HttpResponse> response = ParseHttpResponse(*answer);
  if (!response) return WithContext(response.error(), context);
  return response;
}

}  // namespace videostream

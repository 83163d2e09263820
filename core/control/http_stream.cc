// SPDX-License-Identifier: Apache-2.0
// Waiting with a deadline, and counting what comes.
#include "core/control/http_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/clock.h"

namespace videostream {

Status HttpStream::Wait(short events) const {
  while (true) {
    const int64_t left_ms = (limits_.deadline_ns - NowNs()) / kNsPerMs;
    if (left_ms <= 0) return Fail(Code::kTimeout, "not finished in time");
    std::array<pollfd, 2> fds{{{fd_, events, 0}, {limits_.stop_fd, POLLIN, 0}}};
    const int ready = poll(fds.data(), fds.size(), static_cast<int>(std::min<int64_t>(left_ms, INT32_MAX)));
    if (ready < 0 && errno != EINTR) return ErrnoError(errno, "poll");
    if (ready > 0 && fds[1].revents != 0) return Fail(Code::kCancelled, "stopped");
    if (ready > 0) return {};
  }
}

bool HttpStream::Abandoned() const {
  // No POLLIN: a peer that says no more may still listen. POLLHUP comes unasked, once both directions are closed.
  std::array<pollfd, 2> fds{{{fd_, 0, 0}, {limits_.stop_fd, POLLIN, 0}}};
  return poll(fds.data(), fds.size(), 0) > 0;
}

bool HttpStream::is_readable() const { return !failure_ && (next_ < filled_ || Wait(POLLIN)); }

bool HttpStream::is_writable() const { return !failure_ && Wait(POLLOUT); }

Status HttpStream::Fill() {
  next_ = filled_ = 0;
  const auto too_much = [](size_t limit, const char* what) {
    return Fail(Code::kIo, "more than " + std::to_string(limit) + " bytes" + what);
  };
  while (true) {
    if (Status ready = Wait(POLLIN); !ready) return ready;
    const ssize_t got = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return ErrnoError(errno, "receive");
    filled_ = static_cast<size_t>(got);
    received_ += filled_;
    line_seen_ = line_seen_ || std::memchr(buffer_.data(), '\n', filled_) != nullptr;
    if (received_ > limits_.bytes) return too_much(limits_.bytes, "");
    if (!line_seen_ && received_ > limits_.first_line) return too_much(limits_.first_line, " without a line end");
    return {};
  }
}

ssize_t HttpStream::read(char* ptr, size_t size) {
  if (failure_) return -1;
  if (next_ == filled_) {
    if (const Status filled = Fill(); !filled) {
      failure_ = filled.error();
      return -1;
    }
  }
  const size_t n = std::min(size, filled_ - next_);
  std::copy_n(&buffer_[0] + next_, n, ptr);
  next_ += n;
  return static_cast<ssize_t>(n);
}

ssize_t HttpStream::write(const char* ptr, size_t size) {
  while (!failure_) {
    if (const Status ready = Wait(POLLOUT); !ready) {
      failure_ = ready.error();
      break;
    }
    const ssize_t sent = send(fd_, ptr, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno != EAGAIN && errno != EINTR) failure_ = ErrnoError(errno, "send");
  }
  return -1;
}

}  // namespace videostream

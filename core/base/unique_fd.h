// SPDX-License-Identifier: Apache-2.0
// Sole ownership of a file descriptor. An `int fd` elsewhere in core is a borrowed one, valid for the duration of the
// call.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace videostream {

// Closes its descriptor when destroyed. Negative means empty. Not thread-safe; the destructor and reset() keep errno,
// so an error path may close first and report afterwards.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  // Borrowed: still owned by this object. -1 when empty.
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }

  // Gives the descriptor to the caller, who closes it; this becomes empty.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  // Closes what is held and takes `fd` (or becomes empty). Handing in the descriptor already held is a no-op. An error
  // of close() is ignored: on Linux the descriptor is gone in every case, so it must not be retried.
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd >= 0 ? fd : -1);
    if (old < 0 || old == fd_) return;
    const int saved = errno;
    ::close(old);
    errno = saved;
  }

 private:
  int fd_ = -1;
};

}  // namespace videostream

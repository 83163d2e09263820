// SPDX-License-Identifier: Apache-2.0
// What cpp-httplib reads from and writes to: a unix socket with limits that the library itself does not have. Only for
// the sources of this folder, because httplib.h is large.
#pragma once

#include <httplib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace videostream {

struct HttpStreamLimits {
  int64_t deadline_ns = 0;  // of NowNs(); for everything together, not for each read
  size_t bytes = 0;         // received altogether
  size_t first_line = 0;    // received without a line end: the library matches it by recursion
  int stop_fd = -1;         // readable: end at once
};

// One connection, used by one thread. Reads and writes fail for good with the first limit that is exceeded; failure()
// then says which, while the library only knows that something failed.
class HttpStream final : public httplib::Stream {
 public:
  // `fd` is borrowed, blocking or not.
  HttpStream(int fd, const HttpStreamLimits& limits) : fd_(fd), limits_(limits) {}

  // kTimeout, kCancelled (stop_fd), kIo (too much) or what errno means. None after an orderly end of the connection.
  const std::optional<Error>& failure() const { return failure_; }

  // Replaces the deadline of the limits.
  void SetDeadline(int64_t deadline_ns) { limits_.deadline_ns = deadline_ns; }
  // True where waiting on behalf of the peer has become useless: it has gone away, or stop_fd is readable.
  bool Abandoned() const;

  bool is_readable() const override;
  bool is_writable() const override;
  using httplib::Stream::write;
  ssize_t read(char* ptr, size_t size) override;
  ssize_t write(const char* ptr, size_t size) override;
  // Unix sockets have no addresses.
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return fd_; }

 private:
  Status Wait(short events) const;
  Status Fill();

  const int fd_;
  HttpStreamLimits limits_;
  std::optional<Error> failure_;
  std::array<char, 4096> buffer_{};  // the library reads lines byte by byte
  size_t next_ = 0;                  // of buffer_
  size_t filled_ = 0;
  size_t received_ = 0;
  bool line_seen_ = false;
};

}  // namespace videostream

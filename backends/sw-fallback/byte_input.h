// SPDX-License-Identifier: Apache-2.0
// A file, pipe or standard input, read through a buffer, with waits that an interrupt ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/sw-fallback/fd.h"
#include "videostream/backend_worker.hpp"

namespace videostream::sw_fallback {

// Besides IO, reading answers END_OF_STREAM, AGAIN (interrupted: nothing is lost) and, after LimitWait, TIMEOUT.
class ByteInput {
 public:
  // `path`: "-" is standard input, from where it stands. Does not wait for the writer of a pipe. Errors: those of open,
  // without the name; INVALID: a directory.
  backend::Status Open(const std::string& path);
  bool is_open() const { return static_cast<bool>(fd_); }

  bool seekable() const { return seekable_; }
  bool empty() const { return empty_; }  // a regular file without a byte
  // Offset of the next byte to take.
  uint64_t position() const { return position_; }

  // The reads up to EndLimit together wait no longer than this. Under a limit already: no effect.
  void LimitWait(std::chrono::milliseconds time) {
    if (!deadline_) deadline_ = std::chrono::steady_clock::now() + time;
  }
  void EndLimit() { deadline_.reset(); }

  // The bytes that are there, at least one; valid until the next call. They stay until they are taken.
  backend::Status Peek(const backend::Interrupt& interrupt, std::string_view* out);
  void Take(size_t count);
  // As read(2): up to `size` bytes, at least one, taken.
  backend::Status Read(const backend::Interrupt& interrupt, uint8_t* to, size_t size, size_t* got);

  // Seekable input only.
  backend::Status Seek(uint64_t offset);

 private:
  backend::Status Refill(const backend::Interrupt& interrupt, uint8_t* to, size_t size, size_t* got);

  Fd fd_;
  bool seekable_ = false, empty_ = false;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::vector<uint8_t> buffer_;  // read, from begin_ to end_ not yet taken
  size_t begin_ = 0, end_ = 0;
  uint64_t position_ = 0;
};

}  // namespace videostream::sw_fallback

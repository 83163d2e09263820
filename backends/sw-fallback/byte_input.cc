// SPDX-License-Identifier: Apache-2.0
// A file, pipe or standard input, read through a buffer: see byte_input.h.
#include "backends/sw-fallback/byte_input.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace videostream::sw_fallback {

using backend::Interrupt;
using backend::Ok;
using backend::Status;

namespace {

constexpr size_t kBufferBytes = 64 << 10;

bool Readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

Status ByteInput::Open(const std::string& path) {
  // Not blocking: opening a FIFO must not wait for its writer.
  Fd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                    : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return Status::Errno("open", errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return Status::Errno("fstat", errno);
  if (S_ISDIR(info.st_mode)) return {VSTREAM_E_INVALID, "is a directory"};
  seekable_ = S_ISREG(info.st_mode);
  empty_ = seekable_ && info.st_size == 0;
  if (const off_t offset = seekable_ ? ::lseek(fd.get(), 0, SEEK_CUR) : 0; offset > 0) {
    position_ = static_cast<uint64_t>(offset);
  }
  buffer_.resize(kBufferBytes);
  fd_ = std::move(fd);
  return Ok();
}

Status ByteInput::Peek(const Interrupt& interrupt, std::string_view* out) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (Status status = Refill(interrupt, buffer_.data(), buffer_.size(), &end_); !status.ok()) return status;
  }
  *out = {reinterpret_cast<const char*>(buffer_.data()) + begin_, end_ - begin_};
  return Ok();
}

void ByteInput::Take(size_t count) {
  begin_ += count;
  position_ += count;
}

Status ByteInput::Read(const Interrupt& interrupt, uint8_t* to, size_t size, size_t* got) {
  if (begin_ == end_ && size >= buffer_.size()) {
    if (Status status = Refill(interrupt, to, size, got); !status.ok()) return status;
    position_ += *got;
    return Ok();
  }
  std::string_view bytes;
  if (Status status = Peek(interrupt, &bytes); !status.ok()) return status;
  *got = std::min(size, bytes.size());
  std::memcpy(to, bytes.data(), *got);
  Take(*got);
  return Ok();
}

Status ByteInput::Seek(uint64_t offset) {
  if (::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_SET) < 0) return Status::Errno("lseek", errno);
  begin_ = end_ = 0;
  position_ = offset;
  return Ok();
}

Status ByteInput::Refill(const Interrupt& interrupt, uint8_t* to, size_t size, size_t* got) {
  for (;;) {
    int timeout_ms = -1;
    if (deadline_) {
      const auto left = *deadline_ - std::chrono::steady_clock::now();
      timeout_ms = std::max(0, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count()));
    }
    if (interrupt.WaitFor(fd_.get(), POLLIN, timeout_ms)) return backend::Again();
    if (deadline_ && !Readable(fd_.get())) return {VSTREAM_E_TIMEOUT, "no data"};
    const ssize_t bytes = ::read(fd_.get(), to, size);
    if (bytes > 0) {
      *got = static_cast<size_t>(bytes);
      return Ok();
    }
    if (bytes == 0) return {VSTREAM_E_END_OF_STREAM, "the file has ended"};
    if (errno != EINTR && errno != EAGAIN) {
      return {VSTREAM_E_IO, "byte " + std::to_string(position_) + ": read: " + std::strerror(errno), errno};
    }
  }
}

}  // namespace videostream::sw_fallback

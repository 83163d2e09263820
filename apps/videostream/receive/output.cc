// SPDX-License-Identifier: Apache-2.0
// Creating, writing and closing of output files.
#include "apps/videostream/receive/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "apps/videostream/receive/stop.h"

namespace videostream::receive {
namespace {

constexpr int kPollSliceMs = 100;
constexpr int kPatience = 10;  // slices that a stopped program gives a reader who takes nothing

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A name that cannot work is the command line's fault, not that of a missing device.
Error PathError(int err, const std::string& path, const char* operation) {
  Error error = ErrnoError(err, std::string(operation) + " '" + path + "'");
  if (err == ENOENT || err == ENOTDIR || err == EISDIR || err == EEXIST) error.code = Code::kInvalidArgument;
  return error;
}

Error Exists(const std::string& path) {
  return Error{Code::kInvalidArgument, "'" + path + "' exists; choose another name, or add --overwrite"};
}

}  // namespace

Status Output::Check(const std::string& path, bool overwrite) {
  if (path == "-") return {};
  if (path.empty()) return Fail(Code::kInvalidArgument, "the name of the output file is empty");
  struct stat there {};
  if (stat(path.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode)) return PathError(EISDIR, path, "create");
    if (S_ISREG(there.st_mode) && !overwrite) return Exists(path);
    if (access(path.c_str(), W_OK) != 0) return PathError(errno, path, "write");
    return {};
  }
  if (errno != ENOENT) return PathError(errno, path, "create");
  const std::string folder = FolderOf(path);
  if (stat(folder.c_str(), &there) != 0) return PathError(errno, folder, "folder");
  if (!S_ISDIR(there.st_mode)) return PathError(ENOTDIR, folder, "folder");
  if (access(folder.c_str(), W_OK | X_OK) != 0) return PathError(errno, folder, "write to folder");
  return {};
}

Result<Output> Output::Create(const std::string& path, bool overwrite) {
  Output output(path);
  if (path == "-") {
    output.borrowed_fd_ = STDOUT_FILENO;
    // An open file of our own for the same pipe, which does not block and leaves the flags of the shared one alone.
    struct stat kind {};
    if (fstat(STDOUT_FILENO, &kind) == 0 && S_ISFIFO(kind.st_mode)) {
      output.fd_.reset(open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    }
    return output;
  }
  const Status possible = Check(path, overwrite);
  if (!possible) return possible.error();
  struct stat there {};
  const bool missing = stat(path.c_str(), &there) != 0;
  const bool regular = missing || S_ISREG(there.st_mode);
  const int how = regular ? (overwrite ? O_CREAT | O_TRUNC : O_CREAT | O_EXCL) : 0;
  output.fd_.reset(open(path.c_str(), O_WRONLY | O_CLOEXEC | how, 0666));
  if (!output.fd_) return errno == EEXIST ? Exists(path) : PathError(errno, path, "create");
  output.created_ = missing;
  return output;
}

void Output::Discard() {
  fd_.reset();
  if (std::exchange(created_, false)) unlink(path_.c_str());
}

Error Output::FileError(int err, const char* operation) const {
  return ErrnoError(err, std::string(operation) + " '" + (path_ == "-" ? "stdout" : path_) + "'");
}

Result<Output::Written> Output::Write(std::span<const uint8_t> bytes) {
  const int fd = fd_ ? fd_.get() : borrowed_fd_;
  int stalled = 0;
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      stalled = 0;
      bytes = bytes.subspan(static_cast<size_t>(written));
      bytes_ += static_cast<uint64_t>(written);
    } else if (errno == EAGAIN) {
      if (StopSignals::Requested() && ++stalled > kPatience) return Written::kStopped;
      pollfd ready{fd, POLLOUT, 0};
      poll(&ready, 1, kPollSliceMs);
    } else if (errno == EINTR) {
      if (StopSignals::Requested() && path_ == "-") return Written::kStopped;
    } else if (errno == EPIPE) {
      return Written::kReaderGone;
    } else {
      return FileError(errno, "write");
    }
  }
  return Written::kAll;
}

Status Output::Close() {
  const int fd = fd_.release();
  if (fd >= 0 && close(fd) != 0 && errno != EINTR) return FileError(errno, "close");
  return {};
}

}  // namespace videostream::receive

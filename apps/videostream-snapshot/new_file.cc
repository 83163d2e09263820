// SPDX-License-Identifier: Apache-2.0
// Write beside, then rename.
#include "apps/videostream-snapshot/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "apps/videostream/receive/output.h"
#include "core/base/unique_fd.h"

namespace videostream::snapshot {
namespace {

constexpr int kNames = 100;  // left over by others who were killed

Error FileError(int err, const std::string& operation, const std::string& path) {
  Error error = ErrnoError(err, operation + " '" + path + "'");
  if (err == ENOENT || err == ENOTDIR || err == EISDIR || err == ENAMETOOLONG) error.code = Code::kInvalidArgument;
  return error;
}

// What a link points to.
std::string Resolve(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  return real != nullptr ? real.get() : path;
}

// A file of our own in the same folder; removed by the destructor unless it has become `path`. `mode`: the permissions
// of the file that it replaces.
class Beside {
 public:
  Beside(std::string path, std::optional<mode_t> mode) : path_(std::move(path)), mode_(mode) {}
  ~Beside() {
    if (!name_.empty()) unlink(name_.c_str());
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  Status Create() {
    const size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path_.substr(0, slash + 1);
    for (int i = 0; i < kNames && !fd_; ++i) {
      name_ = folder + ".videostream-snapshot." + std::to_string(getpid()) + "." + std::to_string(i);
      fd_.reset(open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_.value_or(0666)));
      if (!fd_ && errno != EEXIST) break;
    }
    // What the umask has taken away; who may not give it is content with less.
    if (fd_ && mode_.has_value()) (void)fchmod(fd_.get(), *mode_);
    if (fd_) return {};
    const int err = errno;
    name_.clear();
    return FileError(err, "create", path_);
  }

  Status Write(std::span<const uint8_t> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return FileError(errno, "write", path_);
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
    // The name must not come before the bytes, should the machine lose power.
    if (fsync(fd_.get()) != 0 && errno != EINVAL && errno != EROFS) return FileError(errno, "write", path_);
    if (close(fd_.release()) != 0 && errno != EINTR) return FileError(errno, "close", path_);
    return {};
  }

  Status Become(bool overwrite) {
    int done = overwrite ? rename(name_.c_str(), path_.c_str())
                         : renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
    if (done != 0 && errno == EINVAL && !overwrite) {  // a file system that cannot refuse: it was looked at before
      done = rename(name_.c_str(), path_.c_str());
    }
    if (done == 0) {
      name_.clear();
      return {};
    }
    if (errno == EEXIST) {
      return Fail(Code::kInvalidArgument, "'" + path_ + "' exists; choose another name, or add --overwrite");
    }
    return FileError(errno, "create", path_);
  }

 private:
  std::string path_, name_;
  std::optional<mode_t> mode_;
  UniqueFd fd_;
};

Status WriteThrough(const std::string& path, std::span<const uint8_t> bytes) {
  Result<receive::Output> output = receive::Output::Create(path, true);
  if (!output) return output.error();
  const Result<receive::Output::Written> written = output->Write(bytes);
  if (!written) return written.error();
  const std::string name = path == "-" ? "stdout" : "'" + path + "'";
  if (*written == receive::Output::Written::kReaderGone) return Fail(Code::kIo, name + ": its reader has gone");
  if (*written == receive::Output::Written::kStopped) return Fail(Code::kCancelled, name + ": interrupted");
  return output->Close();
}

}  // namespace

Status WriteNewFile(const std::string& path, bool overwrite, std::span<const uint8_t> bytes) {
  if (Status possible = receive::Output::Check(path, overwrite); !possible) return possible;
  struct stat there {};
  const bool exists = path != "-" && stat(path.c_str(), &there) == 0;
  if (path == "-" || (exists && !S_ISREG(there.st_mode))) return WriteThrough(path, bytes);
  Beside file(exists ? Resolve(path) : path, exists ? std::optional(there.st_mode & 0777) : std::nullopt);
  if (Status created = file.Create(); !created) return created;
  if (Status written = file.Write(bytes); !written) return written;
  return file.Become(overwrite);
}

}  // namespace videostream::snapshot

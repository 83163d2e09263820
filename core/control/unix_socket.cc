// SPDX-License-Identifier: Apache-2.0
// Binding and connecting of the control socket.
#include "core/control/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace videostream {
namespace {

std::string Subject(const std::string& path) { return "control socket '" + path + "'"; }

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<sockaddr_un> Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return Fail(Code::kInvalidArgument, "control socket: the path is empty");
  if (path.size() >= sizeof address.sun_path) {
    return Fail(Code::kInvalidArgument, Subject(path) + ": the path has " + std::to_string(path.size()) +
                                            " bytes, a socket can have " + std::to_string(sizeof address.sun_path - 1) +
                                            "; name a shorter one with --control");
  }
  std::memcpy(static_cast<char*>(address.sun_path), path.c_str(), path.size() + 1);
  return address;
}

int ConnectTo(int fd, const sockaddr_un& address) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what connect() takes
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// Several runtimes that start at once must not replace each other's new socket file. Best effort: whoever may read the
// folder can hold this lock, so it is not waited for.
UniqueFd LockFolder(const std::string& path) {
  UniqueFd folder(open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int attempt = 0; folder && attempt < 20 && flock(folder.get(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    poll(nullptr, 0, 10);
  }
  return folder;
}

// Removes a socket file without an owner; an error if it has one or is something else.
Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return ErrnoError(errno, Subject(path));
  }
  if (!S_ISSOCK(found.st_mode)) {
    return Fail(Code::kInvalidArgument, Subject(path) +
                                            ": there is a file that is not a socket; remove it, or name "
                                            "another path with --control");
  }
  const UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return ErrnoError(errno, Subject(path));
  if (ConnectTo(probe.get(), address) != 0 && errno != EAGAIN) {
    if (errno == ENOENT) return {};
    // EPROTOTYPE: a live socket of another type, for instance that of a stream.
    if (errno == EPROTOTYPE) {
      return Fail(Code::kBusy,
                  Subject(path) + ": another service has its socket there; name another path with --control");
    }
    if (errno != ECONNREFUSED) return ErrnoError(errno, Subject(path));
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoError(errno, Subject(path) + ": remove the old one");
    return {};
  }
  ucred owner{};
  socklen_t size = sizeof owner;
  const bool known = getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &owner, &size) == 0 && owner.pid > 0;
  return Fail(Code::kBusy, Subject(path) + ": " + (known ? "process " + std::to_string(owner.pid) : "another process") +
                               " serves it already; end that one, or start this one with --control PATH or "
                               "--no-control");
}

Error BindError(int err, const std::string& path) {
  if (err == ENOENT || err == ENOTDIR) {
    return {Code::kNotFound, Subject(path) + ": there is no folder '" + FolderOf(path) +
                                 "'; create it, or name another path with --control"};
  }
  return WithContext(ErrnoError(err, "bind"), Subject(path));
}

}  // namespace

std::string ControlPath(const std::string& option, EnvLookup env) {
  return option.empty() ? RuntimeDir(env) + "/control.sock" : option;
}

Status RuntimeDirGuard::Ensure(const std::string& path, EnvLookup env) {
  const std::string dir = RuntimeDir(env);
  if (!created_.empty() || FolderOf(path) != dir) return {};
  constexpr mode_t kMode = 0755;
  if (mkdir(dir.c_str(), kMode) == 0) {
    created_ = dir;
    return {};
  }
  if (errno == EEXIST) return {};
  return ErrnoError(errno, "create the folder '" + dir + "' for sockets (set XDG_RUNTIME_DIR to a folder of yours)");
}

RuntimeDirGuard::~RuntimeDirGuard() {
  if (!created_.empty()) rmdir(created_.c_str());
}

Result<ListeningSocket> ListeningSocket::Bind(const std::string& path, mode_t mode) {
  const Result<sockaddr_un> address = Address(path);
  if (!address) return address.error();
  const UniqueFd lock = LockFolder(path);
  if (Status stale = RemoveStale(path, *address); !stale) return stale.error();
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return WithContext(ErrnoError(errno, "socket"), Subject(path));
  // The file is made with the mode of the socket itself, less the umask: closed to others until it listens.
  constexpr mode_t kClosed = 0600;
  if (fchmod(fd.get(), kClosed) != 0) return WithContext(ErrnoError(errno, "fchmod"), Subject(path));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what bind() takes
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) return BindError(errno, path);
  struct stat made {};
  if (lstat(path.c_str(), &made) != 0) return WithContext(ErrnoError(errno, "stat"), Subject(path));
  ListeningSocket result(std::move(fd), path, made.st_dev, made.st_ino);
  constexpr int kBacklog = 16;
  if (listen(result.fd(), kBacklog) != 0) return WithContext(ErrnoError(errno, "listen"), Subject(path));
  if (chmod(path.c_str(), mode) != 0) return WithContext(ErrnoError(errno, "chmod"), Subject(path));
  return result;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

ListeningSocket::~ListeningSocket() {
  struct stat now {};
  if (path_.empty() || lstat(path_.c_str(), &now) != 0) return;
  if (now.st_dev == device_ && now.st_ino == inode_) unlink(path_.c_str());
}

Result<UniqueFd> ConnectUnix(const std::string& path, std::chrono::milliseconds timeout) {
  const Result<sockaddr_un> address = Address(path);
  if (!address) return address.error();
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return WithContext(ErrnoError(errno, "socket"), Subject(path));
  // A listener whose queue is full makes connect() wait: this bounds it.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(timeout - seconds);
  const timeval limit{seconds.count(), rest.count()};
  if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
    return WithContext(ErrnoError(errno, "setsockopt"), Subject(path));
  }
  if (ConnectTo(fd.get(), *address) != 0) {
    const int err = errno;
    if (err == EAGAIN || err == EINPROGRESS) {
      return Fail(Code::kTimeout, Subject(path) + ": too busy to answer");
    }
    if (err == ENOENT || err == ENOTDIR || err == ECONNREFUSED) {
      return Fail(Code::kNotFound, Subject(path) + ": no runtime serves it (" + std::strerror(err) +
                                       "); start 'videostream run', or name its socket with --control");
    }
    return WithContext(ErrnoError(err, "connect"), Subject(path));
  }
  const int flags = fcntl(fd.get(), F_GETFL);
  if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return WithContext(ErrnoError(errno, "fcntl"), Subject(path));
  }
  return fd;
}

}  // namespace videostream

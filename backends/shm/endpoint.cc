// SPDX-License-Identifier: Apache-2.0
// Binding the listening socket. Hosts that race for one path are kept apart by a lock on the folder, which leaves no
// file behind and ends with its process.
#include "backends/shm/endpoint.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace videostream::shm {
namespace {

using backend::Ok;
using backend::Status;

constexpr int kBacklog = 64;

sockaddr_un Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const char* KindOf(mode_t mode) {
  if (S_ISREG(mode)) return "a regular file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISLNK(mode)) return "a symbolic link";
  return S_ISFIFO(mode) ? "a FIFO" : "a device";
}

std::string Quoted(const std::string& path) { return "socket '" + path + "'"; }

// A lock on the folder, or none after half a second.
UniqueFd LockFolder(const std::string& folder, int attempts) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; fd.valid(); ++i) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (i >= attempts) break;
    const timespec pause{0, 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return UniqueFd();
}

}  // namespace

Endpoint::~Endpoint() {
  if (!bound_) return;
  const UniqueFd lock = LockFolder(folder_, 5);
  struct stat now {};
  if (::lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_) ::unlink(path_.c_str());
}

Status Endpoint::Listen(const std::string& path, mode_t mode, const std::optional<SocketGroup>& group) {
  constexpr size_t kMax = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty()) return {VSTREAM_E_INVALID, "socket: no path given"};
  if (path.size() > kMax || path.find('\0') != std::string::npos) {
    return {VSTREAM_E_INVALID, Quoted(path) + ": path of " + std::to_string(path.size()) +
                                   " bytes, the kernel takes at most " + std::to_string(kMax)};
  }
  path_ = path;
  const size_t slash = path.rfind('/');
  folder_ = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  struct stat folder {};
  if (::stat(folder_.c_str(), &folder) != 0) {
    return Status::Errno(Quoted(path) + ": folder '" + folder_ + "'", errno);
  }
  if (!S_ISDIR(folder.st_mode)) {
    return {VSTREAM_E_NOT_FOUND, Quoted(path) + ": '" + folder_ + "' is not a folder", ENOTDIR};
  }
  const UniqueFd lock = LockFolder(folder_, 50);
  if (!lock.valid()) {
    const int error = errno;
    if (error != EWOULDBLOCK) return Status::Errno(Quoted(path) + ": lock of folder '" + folder_ + "'", error);
    return {VSTREAM_E_BUSY, Quoted(path) + ": another process keeps the folder '" + folder_ + "' locked", error};
  }
  if (Status status = RemoveStale(); !status.ok()) return status;
  return Bind(mode, group);
}

Status Endpoint::RemoveStale() {
  struct stat there {};
  if (::lstat(path_.c_str(), &there) != 0) {
    return errno == ENOENT ? Ok() : Status::Errno(Quoted(path_), errno);
  }
  if (!S_ISSOCK(there.st_mode)) {
    return {VSTREAM_E_BUSY,
            Quoted(path_) + ": there is " + KindOf(there.st_mode) +
                " of this name, not a socket; remove it or choose another path",
            EEXIST};
  }
  const UniqueFd probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) return Status::Errno(Quoted(path_) + ", probe", errno);
  const sockaddr_un address = Address(path_);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    ucred peer{};
    socklen_t size = sizeof peer;
    std::string who = ::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
                          ? "process " + std::to_string(peer.pid)
                          : "another process";
    return {VSTREAM_E_BUSY, Quoted(path_) + ": in use by " + who + "; stop it or choose another path", EADDRINUSE};
  }
  switch (errno) {
    case ECONNREFUSED:
      break;  // nobody listens
    case ENOENT:
      return Ok();
    case EAGAIN:
      return {VSTREAM_E_BUSY, Quoted(path_) + ": in use by a process that is busy", EADDRINUSE};
    case EPROTOTYPE:
      return {VSTREAM_E_BUSY, Quoted(path_) + ": in use as another kind of socket; choose another path", EADDRINUSE};
    case EACCES:
      if (there.st_uid != ::geteuid()) return Foreign(there.st_uid, EACCES);
      [[fallthrough]];
    default:
      return Status::Errno(Quoted(path_) + ", probe", errno);
  }
  // Root could remove it, and would take the path away from a user who comes back to it.
  if (there.st_uid != ::geteuid()) return Foreign(there.st_uid, EPERM);
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) {
    return Status::Errno(Quoted(path_) + ", removal of what a dead host left", errno);
  }
  return Ok();
}

Status Endpoint::Foreign(uid_t owner, int error) const {
  return {VSTREAM_E_PERMISSION,
          Quoted(path_) + ": belongs to user " + std::to_string(owner) + ", this process runs as user " +
              std::to_string(::geteuid()) + "; remove it as that user, or choose another path",
          error};
}

std::string Endpoint::FolderWarning() const {
  struct stat folder {};
  if (::stat(folder_.c_str(), &folder) != 0 || (folder.st_mode & S_IWOTH) == 0 || (folder.st_mode & S_ISVTX) != 0) {
    return {};
  }
  return "every user may write to folder '" + folder_ + "', and so put a socket of his own in the place of '" + path_ +
         "'; use a folder that only the producer may write to";
}

Status Endpoint::Bind(mode_t mode, const std::optional<SocketGroup>& group) {
  socket_ = UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.valid()) return Status::Errno(Quoted(path_), errno);
  // Until listen, connects are refused; so group and mode may be set in steps without a gap, and the umask plays no
  // part.
  const sockaddr_un address = Address(path_);
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    if (error != EACCES) return Status::Errno(Quoted(path_) + ", bind", error);
    return {VSTREAM_E_PERMISSION,
            Quoted(path_) + ": user " + std::to_string(::geteuid()) + " may not write to folder '" + folder_ +
                "'; change its permissions, or choose another path",
            error};
  }
  UniqueFd file;
  if (Status status = OpenMade(&file); !status.ok()) return status;
  if (group.has_value()) {
    if (Status status = GiveTo(*group, file.get()); !status.ok()) return status;
  }
  // fchmod refuses descriptors of this kind.
  const std::string name = "/proc/self/fd/" + std::to_string(file.get());
  if (::chmod(name.c_str(), mode) != 0) {
    return Status::Errno(Quoted(path_) + ", change of its mode through '" + name + "' (needs /proc)", errno);
  }
  if (::listen(socket_.get(), kBacklog) != 0) return Status::Errno(Quoted(path_) + ", listen", errno);
  return Ok();
}

// Who may write to the folder may have put another file in the place of the socket, or have given that a second name.
Status Endpoint::OpenMade(UniqueFd* file) {
  *file = UniqueFd(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const int error = errno;
  struct stat made {};
  if ((file->valid() ? ::fstat(file->get(), &made) : ::lstat(path_.c_str(), &made)) != 0) {
    return Status::Errno(Quoted(path_) + ", look at what was bound", errno);
  }
  if (!S_ISSOCK(made.st_mode) || made.st_uid != ::geteuid() || made.st_nlink != 1) {
    return {VSTREAM_E_PERMISSION, Quoted(path_) + ": somebody else has moved, linked or replaced it in folder '" +
                                      folder_ + "'; use a folder that only the producer may write to"};
  }
  bound_ = true;  // from here on it is removed again
  device_ = made.st_dev;
  inode_ = made.st_ino;
  group_ = made.st_gid;
  return file->valid() ? Ok() : Status::Errno(Quoted(path_) + ", opening what was bound", error);
}

Status Endpoint::GiveTo(const SocketGroup& group, int file) {
  if (::fchownat(file, "", static_cast<uid_t>(-1), group.gid, AT_EMPTY_PATH) == 0) {
    group_ = group.gid;
    return Ok();
  }
  const int error = errno;
  const std::string what = Quoted(path_) + ", change of its group to '" + group.name + "' (" +
                           std::to_string(group.gid) + "): " + std::strerror(error);
  if (error != EPERM) return {Status::Errno({}, error).code(), what, error};
  return {VSTREAM_E_PERMISSION,
          what + ": this process is not a member of group '" + group.name + "'; add its user (" +
              std::to_string(::geteuid()) +
              ") to the group and start it anew (systemd: SupplementaryGroups=), or choose another group",
          error};
}

}  // namespace videostream::shm

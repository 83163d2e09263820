// SPDX-License-Identifier: Apache-2.0
// Unix sockets that live in the file system: binding without robbing a live process, connecting with a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/base/runtime_dir.h"
#include "core/base/unique_fd.h"

namespace videostream {

// `option` if not empty, else RuntimeDir(env) + "/control.sock".
[[nodiscard]] std::string ControlPath(const std::string& option, EnvLookup env = SecureEnv);

// RuntimeDir(), where it is needed, created if missing, and removed again by the destructor if it was created here and
// is empty then.
class RuntimeDirGuard {
 public:
  // Creates RuntimeDir(env) (mode 0755; not its parents) if it is missing and `path` lies directly in it; otherwise
  // does nothing.
  [[nodiscard]] Status Ensure(const std::string& path, EnvLookup env = SecureEnv);

  RuntimeDirGuard() = default;
  RuntimeDirGuard(const RuntimeDirGuard&) = delete;
  RuntimeDirGuard& operator=(const RuntimeDirGuard&) = delete;
  ~RuntimeDirGuard();

 private:
  std::string created_;
};

// A listening SOCK_STREAM socket; the destructor closes it and removes its file if that is still the one made here.
class ListeningSocket {
 public:
  // Binds and listens (blocking, close-on-exec). The file never has more permissions than `mode`, and gets them
  // only once the socket listens. A socket file that nobody serves any more is replaced. Messages begin with "control
  // socket 'PATH': ". Errors: kInvalidArgument (path too long or empty, a file that is no socket), kNotFound (no such
  // folder), kBusy (served by a live process, which is named), kPermission.
  [[nodiscard]] static Result<ListeningSocket> Bind(const std::string& path, mode_t mode);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

 private:
  ListeningSocket(UniqueFd fd, std::string path, dev_t device, ino_t inode)
      : fd_(std::move(fd)), path_(std::move(path)), device_(device), inode_(inode) {}

  UniqueFd fd_;
  std::string path_;  // empty after a move: nothing to remove
  dev_t device_;      // which file is ours
  ino_t inode_;
};

// A connected, non-blocking SOCK_STREAM socket. Errors: kNotFound when nobody listens there, kTimeout when the listener
// is too busy, kPermission.
[[nodiscard]] Result<UniqueFd> ConnectUnix(const std::string& path, std::chrono::milliseconds timeout);

}  // namespace videostream

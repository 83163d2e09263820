// SPDX-License-Identifier: Apache-2.0
// The listening socket: bound to a path, taken over from a dead host, never from a live one.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "backends/shm/fd.h"
#include "videostream/backend.hpp"

namespace videostream::shm {

// Whom a socket is given to.
struct SocketGroup {
  gid_t gid = 0;
  std::string name;  // as it was asked for, for messages
};

class Endpoint {
 public:
  Endpoint() = default;
  // Removes the socket file if it is still the one made here.
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Binds, sets the group and the mode, listens; in this order, so that nobody connects before they hold. May wait up
  // to half a second for another host that is doing the same in the same folder. Errors as transport.h has them for
  // create.
  backend::Status Listen(const std::string& path, mode_t mode, const std::optional<SocketGroup>& group = {});
  // After Listen: what is dangerous about the folder, in one line; empty: nothing.
  std::string FolderWarning() const;

  int fd() const { return socket_.get(); }
  const std::string& path() const { return path_; }
  // After Listen: the group that the socket file has.
  gid_t group() const { return group_; }

 private:
  backend::Status Bind(mode_t mode, const std::optional<SocketGroup>& group);
  // What Bind has made, by descriptor (O_PATH): names may have changed since. An error if it is not what was made.
  backend::Status OpenMade(UniqueFd* file);
  backend::Status GiveTo(const SocketGroup& group, int file);
  // Removes our own socket file without a listener; BUSY if there is one, PERMISSION if it is another user's.
  backend::Status RemoveStale();
  backend::Status Foreign(uid_t owner, int error) const;

  std::string path_;
  std::string folder_;
  UniqueFd socket_;
  bool bound_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  gid_t group_ = 0;
};

}  // namespace videostream::shm

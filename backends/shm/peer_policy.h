// SPDX-License-Identifier: Apache-2.0
// Who may connect: users and groups by name or number, compared with what the kernel says of a peer; and which refusals
// the producer has been told of.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "videostream/backend.hpp"
#include "wire/messages.h"

namespace videostream::shm {

// The number of a group given by name or number. `what` begins the message: "group", "allow-gid". Asks the system's
// name service, which may take as long as that takes: at start only. Errors: INVALID (can be neither), NOT_FOUND (no
// such group).
backend::Status ResolveGroup(std::string_view what, const std::string& entry, gid_t* out);

// Whom a socket of this mode and group lets connect beside its owner and root: anybody? A group that is the private one
// of this process's user has nobody else in it.
bool OthersMayConnect(mode_t mode, gid_t group);

// Two lists. Both empty: whoever the permissions of the socket let connect. Else: this process's own user, root, users
// of the first list, and those with a group (primary or supplementary) of the second.
class PeerPolicy {
 public:
  static constexpr size_t kMaxEntries = 64;  // per list

  // Names are resolved here, as by ResolveGroup. Errors: those, and INVALID (too many entries).
  static backend::Status Make(const std::vector<std::string>& uids, const std::vector<std::string>& gids,
                              PeerPolicy* out);

  // Is there a list?
  bool limited() const { return !uids_.empty() || !gids_.empty(); }
  // Does a list let in anybody but root and this process's user?
  bool others() const;
  // `socket`: of the connection; asked for the peer's groups where they matter. Never blocks, asks no name service.
  bool Admits(int socket, const ucred& peer) const;

 private:
  uid_t own_ = 0;
  std::vector<uid_t> uids_;
  std::vector<gid_t> gids_;
};

// Refusals are counted always, and told of once per user and reason until that user was let in: a peer that tries
// again and again is one line in a log. Of more users than kMaxUsers the one that was first is forgotten.
class ToldRefusals {
 public:
  static constexpr size_t kMaxUsers = 64;

  // True the first time. `retry`: as in the refusal, of which there are then two kinds.
  bool IsNews(uid_t uid, wire::Reason reason, bool retry);
  void Forget(uid_t uid);

 private:
  struct Entry {
    uid_t uid;
    uint64_t told;  // bit per reason
  };
  std::vector<Entry> users_;  // the oldest first
};

}  // namespace videostream::shm

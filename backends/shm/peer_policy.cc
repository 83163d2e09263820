// SPDX-License-Identifier: Apache-2.0
// Names to numbers, and the question who is at the other end.
#include "backends/shm/peer_policy.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

namespace videostream::shm {
namespace {

using backend::Ok;
using backend::Status;

constexpr size_t kMaxEntryBytes = 255;
constexpr size_t kFirstRecordBytes = 1024;
constexpr size_t kMaxRecordBytes = size_t{1} << 22;  // a group's line has all its members
constexpr size_t kUsualGroups = 64;
constexpr size_t kMaxGroups = 65536;  // NGROUPS_MAX

// One record of the name service: `get` is getpwnam_r and its like, bound to what is asked for. 0: found; ENOENT: there
// is none.
template <class Record, class Get>
int Lookup(Record* record, std::vector<char>* memory, Get get) {
  for (memory->resize(kFirstRecordBytes);;) {
    Record* found = nullptr;
    const int error = get(record, memory->data(), memory->size(), &found);
    if (found != nullptr) return 0;
    if (error == EINTR) continue;
    if (error == ERANGE && memory->size() < kMaxRecordBytes) {
      memory->resize(4 * memory->size());
      continue;
    }
    // What a missing name is called differs between services.
    return error == 0 || error == ESRCH || error == EBADF || error == EPERM ? ENOENT : error;
  }
}

struct Kind {
  const char* name;
  int (*find)(const char* entry, uint32_t* id);
};

constexpr Kind kUser{"user", [](const char* entry, uint32_t* id) {
                       passwd record{};
                       std::vector<char> memory;
                       const int error = Lookup(&record, &memory, [&](auto* r, char* m, size_t n, auto** found) {
                         return ::getpwnam_r(entry, r, m, n, found);
                       });
                       *id = record.pw_uid;
                       return error;
                     }};
constexpr Kind kGroup{"group", [](const char* entry, uint32_t* id) {
                        group record{};
                        std::vector<char> memory;
                        const int error = Lookup(&record, &memory, [&](auto* r, char* m, size_t n, auto** found) {
                          return ::getgrnam_r(entry, r, m, n, found);
                        });
                        *id = record.gr_gid;
                        return error;
                      }};

Status Resolve(const Kind& kind, std::string_view what, const std::string& entry, uint32_t* out) {
  const std::string name = std::string(what) + " '" + entry.substr(0, kMaxEntryBytes) + "'";
  const bool number =
      !entry.empty() && std::all_of(entry.begin(), entry.end(), [](char c) { return '0' <= c && c <= '9'; });
  if (number) {
    const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), *out);
    // The largest one means "none" to the kernel.
    if (error == std::errc() && *out != UINT32_MAX) return Ok();
    return {VSTREAM_E_INVALID, name + ": expected the name of a " + kind.name + ", or a number from 0 to 4294967294"};
  }
  if (entry.empty() || entry.size() > kMaxEntryBytes || entry.find_first_of(":,\n") != std::string::npos) {
    return {VSTREAM_E_INVALID, name + ": expected the name or the number of a " + kind.name};
  }
  const int error = kind.find(entry.c_str(), out);
  if (error == 0) return Ok();
  if (error != ENOENT) return Status::Errno(name + ": lookup of the " + kind.name, error);
  return {VSTREAM_E_NOT_FOUND, name + ": there is no " + kind.name +
                                   " of this name here; create it, or give a name or number that there is"};
}

Status ResolveAll(const Kind& kind, std::string_view what, const std::vector<std::string>& entries,
                  std::vector<uint32_t>* out) {
  if (entries.size() > PeerPolicy::kMaxEntries) {
    return {VSTREAM_E_INVALID, std::string(what) + ": " + std::to_string(entries.size()) +
                                   " entries, expected at most " + std::to_string(PeerPolicy::kMaxEntries)};
  }
  for (const std::string& entry : entries) {
    uint32_t id = 0;
    if (Status status = Resolve(kind, what, entry, &id); !status.ok()) return status;
    out->push_back(id);
  }
  return Ok();
}

template <class T>
bool Contains(const std::vector<T>& list, T value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

Status ResolveGroup(std::string_view what, const std::string& entry, gid_t* out) {
  return Resolve(kGroup, what, entry, out);
}

bool OthersMayConnect(mode_t mode, gid_t group) {
  if ((mode & S_IWOTH) != 0) return true;
  if ((mode & S_IWGRP) == 0) return false;
  passwd user{};
  struct group record {};
  std::vector<char> memory[2];
  const int no_user = Lookup(&user, &memory[0], [](auto* r, char* m, size_t n, auto** found) {
    return ::getpwuid_r(::geteuid(), r, m, n, found);
  });
  const int no_group = Lookup(&record, &memory[1], [&](auto* r, char* m, size_t n, auto** found) {
    return ::getgrgid_r(group, r, m, n, found);
  });
  if (no_user != 0 || no_group != 0) return true;
  const std::string_view owner = user.pw_name;
  if (owner != record.gr_name || user.pw_gid != group) return true;
  for (char* const* member = record.gr_mem; *member != nullptr; ++member) {
    if (owner != *member) return true;
  }
  return false;
}

Status PeerPolicy::Make(const std::vector<std::string>& uids, const std::vector<std::string>& gids, PeerPolicy* out) {
  PeerPolicy policy;
  policy.own_ = ::geteuid();
  Status status = ResolveAll(kUser, "allow-uid", uids, &policy.uids_);
  if (status.ok()) status = ResolveAll(kGroup, "allow-gid", gids, &policy.gids_);
  if (status.ok()) *out = std::move(policy);
  return status;
}

bool PeerPolicy::others() const {
  return !gids_.empty() || std::any_of(uids_.begin(), uids_.end(), [&](uid_t uid) { return uid != 0 && uid != own_; });
}

bool PeerPolicy::Admits(int socket, const ucred& peer) const {
  if (!limited() || peer.uid == 0 || peer.uid == own_) return true;
  if (Contains(uids_, peer.uid) || Contains(gids_, peer.gid)) return true;
  if (gids_.empty()) return false;
  std::vector<gid_t> groups(kUsualGroups);
  auto bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  int result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
  if (result != 0 && errno == ERANGE && bytes <= kMaxGroups * sizeof(gid_t)) {
    groups.resize(bytes / sizeof(gid_t));
    result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
  }
  if (result != 0) return false;
  groups.resize(bytes / sizeof(gid_t));
  return std::any_of(groups.begin(), groups.end(), [&](gid_t group) { return Contains(gids_, group); });
}

bool ToldRefusals::IsNews(uid_t uid, wire::Reason reason, bool retry) {
  const uint64_t bit = uint64_t{1} << ((2 * static_cast<uint32_t>(reason) + (retry ? 1 : 0)) % 64);
  auto user = std::find_if(users_.begin(), users_.end(), [uid](const Entry& entry) { return entry.uid == uid; });
  if (user == users_.end()) {
    if (users_.size() >= kMaxUsers) users_.erase(users_.begin());
    user = users_.insert(users_.end(), {uid, 0});
  }
  if ((user->told & bit) != 0) return false;
  user->told |= bit;
  return true;
}

void ToldRefusals::Forget(uid_t uid) {
  std::erase_if(users_, [uid](const Entry& entry) { return entry.uid == uid; });
}

}  // namespace videostream::shm

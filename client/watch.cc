// SPDX-License-Identifier: Apache-2.0
// inotify on a folder.
#include "client/watch.h"

#include <sys/inotify.h>

#include <cstring>
#include <string_view>

namespace videostream::client_internal {
namespace {

constexpr uint32_t kEvents =
    IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr int kReadsPerCall = 16;

}  // namespace

bool Watch::Renew(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name_.empty()) return false;
  if (!fd_.valid()) fd_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd_.valid()) return false;
  events_ = 0;
  const int watch = ::inotify_add_watch(fd_.get(), folder.c_str(), kEvents);
  if (watch == watch_) return false;
  Stop();  // what was watched is no longer the folder of this path
  watch_ = watch;
  return watching();
}

bool Watch::Stirred() {
  bool stirred = false;
  alignas(inotify_event) char bytes[4096];
  for (int i = 0; i < kReadsPerCall; ++i) {
    const ssize_t size = ::read(fd_.get(), bytes, sizeof bytes);
    if (size <= 0) break;
    for (const char* next = bytes; next < bytes + size;) {
      inotify_event event{};
      std::memcpy(&event, next, sizeof event);
      const char* name = next + sizeof event;
      next = name + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) stirred = true;
      if (event.wd != watch_) continue;
      if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
        Stop();
        continue;
      }
      if (event.len != 0 && std::string_view(name, ::strnlen(name, event.len)) == name_) stirred = true;
      if (++events_ > kPatience) Stop();
    }
    if (static_cast<size_t>(size) < sizeof bytes / 2) break;  // there was no more
  }
  return stirred;
}

void Watch::Stop() {
  if (watching()) ::inotify_rm_watch(fd_.get(), watch_);
  watch_ = -1;
}

void Watch::Close() {
  watch_ = -1;
  fd_.reset();
}

}  // namespace videostream::client_internal

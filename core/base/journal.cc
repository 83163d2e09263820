// SPDX-License-Identifier: Apache-2.0
// See journal.h.
#include "core/base/journal.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace videostream {

bool StderrIsJournal() {
  const char* stream = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  struct stat info {};
  if (stream == nullptr || fstat(STDERR_FILENO, &info) != 0) return false;
  std::array<char, 64> mine{};
  std::snprintf(mine.data(), mine.size(), "%llu:%llu", static_cast<unsigned long long>(info.st_dev),
                static_cast<unsigned long long>(info.st_ino));
  return std::strcmp(stream, mine.data()) == 0;
}

Journal::Journal(std::string path) : path_(std::move(path)), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

// By name each time: journald may be restarted.
bool Journal::Send(std::string_view datagram) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return errno = ENAMETOOLONG, false;
  std::memcpy(static_cast<char*>(address.sun_path), path_.c_str(), path_.size() + 1);
  ssize_t sent = 0;
  do {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what sendto() takes
    sent = sendto(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(datagram.size());
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The socket of systemd-journald, without libsystemd.
#pragma once

#include <string>
#include <string_view>

#include "core/base/unique_fd.h"

namespace videostream {

inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

// True if stderr is the stream that the service manager has connected to the journal (JOURNAL_STREAM).
[[nodiscard]] bool StderrIsJournal();

// Sends datagrams; any thread. Does not wait for journald longer than the kernel does for room in its queue.
class Journal {
 public:
  explicit Journal(std::string path = kJournalSocket);

  // False: it is not there, or will not take it; errno says why.
  [[nodiscard]] bool Send(std::string_view datagram) const;

 private:
  std::string path_;
  UniqueFd fd_;
};

}  // namespace videostream

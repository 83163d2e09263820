// SPDX-License-Identifier: Apache-2.0
// The verb `receive`: takes frames or packets from a socket, counts, checks and, if asked, writes them out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace videostream {

// Each field is one option of the command line; the defaults are those of the command line.
struct ReceiveOptions {
  std::string socket;                   // path of the producer's socket
  bool packets = false;                 // --packets: the encoded stream of the socket instead of the frames
  uint32_t queue = 0;                   // --policy latest (0) or queue:N (N, 1..32)
  uint64_t count = 0;                   // --count: end after so many frames were taken; 0: no such end
  std::chrono::nanoseconds duration{};  // --duration: end so long after the first frame; 0: no such end
  // --timeout: at most so long until the first frame is there, from a producer that may not have started yet.
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);
  bool reconnect = false;          // --reconnect: when the producer ends wait for the next one
  bool json = false;               // --json: the summary as one JSON object
  std::optional<std::string> raw;  // --raw FILE: Y4M (frames) or Annex B (packets); "-" is stdout
  bool overwrite = false;          // --overwrite: the file of --raw may exist
  bool check = true;               // --no-check: do not look for the code of the test pattern
  bool quiet = false;              // --quiet: no progress on stderr
};

// Why these options cannot be had together, in one line without a name in front; empty if they can. For the command
// line, before anything is opened; RunReceive asks it too.
std::string ReceiveOptionsError(const ReceiveOptions& options);

// Runs until --count, --duration, SIGINT or SIGTERM, the reader of stdout going away, or the end of the producer. The
// summary goes to stdout (to stderr when the stream itself goes there), progress and errors go to stderr, one line
// each. Returns the exit code: 0 ended in one of these ways; 1 the stream could not be received to the end or could not
// be written; 2 options or file name wrong; 3 no producer's socket within the timeout; 4 refused; 5 connected, but no
// frame within the timeout. Takes over SIGINT, SIGTERM and SIGPIPE while it runs; not for use beside other threads that
// handle them.
int RunReceive(const ReceiveOptions& options);

}  // namespace videostream

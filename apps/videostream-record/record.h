// SPDX-License-Identifier: Apache-2.0
// Records the packets of a socket into an MP4 file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace videostream::record {

// Each field is one option of the command line; the defaults are those of the command line.
struct RecordOptions {
  std::string socket;
  std::string file;
  uint64_t count = 0;                                           // --count: packets; 0: no limit
  std::chrono::nanoseconds duration{};                          // --duration: from the first packet; 0: no limit
  std::chrono::nanoseconds fragment = std::chrono::seconds(1);  // --fragment: what a crash may cost
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);  // --timeout: until the first packet
  uint32_t queue = 0;      // --queue: packets that may wait; 0: as many as the producer allows
  bool overwrite = false;  // --overwrite
  bool json = false;       // --json
  bool quiet = false;      // --quiet
};

// Runs until the producer ends, --count, --duration, SIGINT or SIGTERM, and finishes the file. The file is created with
// the first key frame; without one there is none. Summary on stdout, progress and errors on stderr. Returns the exit
// code: 0 recorded to the end; 1 nothing could be recorded, or not to the end (what the file has up to there is
// playable); 2 options or file name wrong; 3 no producer's socket within the timeout, or a codec that MP4 cannot hold;
// 4 refused; 5 connected, but no packet within the timeout.
int RunRecord(const RecordOptions& options);

}  // namespace videostream::record

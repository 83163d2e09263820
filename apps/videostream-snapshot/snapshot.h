// SPDX-License-Identifier: Apache-2.0
// One frame of a socket as a picture file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace videostream::snapshot {

// Each field is one option of the command line; the defaults are those of the command line.
struct SnapshotOptions {
  std::string socket;
  std::string file;                                             // .png, .jpg, .jpeg, or - for PNG to stdout
  uint32_t quality = 0;                                         // --quality: of JPEG, 1..100; 0: 90
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);  // --timeout: until a frame
  bool overwrite = false;                                       // --overwrite
  bool json = false;                                            // --json
};

// Takes the newest frame, gives it back, and writes its visible part. The file appears when it is complete, under its
// own name at once; on failure, and after SIGINT or SIGTERM, there is none. One line (or JSON) on stdout, errors on
// stderr. Returns the exit code: 0 written; 1 failed; 2 options or file name wrong; 3 no producer's socket within the
// timeout, or frames that cannot be made into a picture; 4 refused; 5 connected, but no frame within the timeout.
int RunSnapshot(const SnapshotOptions& options);

}  // namespace videostream::snapshot

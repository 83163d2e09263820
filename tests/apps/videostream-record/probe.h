// SPDX-License-Identifier: Apache-2.0
// ffprobe and ffmpeg as judges of a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace videostream::test {

struct Probed {
  std::string codec;
  uint32_t width = 0, height = 0;
  std::vector<double> times;  // presentation time of each packet, seconds
  uint64_t decoded = 0;       // frames that came out of the decoder
  std::string errors;         // what ffmpeg complained about while decoding
};

// Looks at the first video stream of `path`.
Probed Probe(const std::string& path);

// What `command`, run by the shell, prints on stdout.
std::string OutputOf(const std::string& command);

}  // namespace videostream::test

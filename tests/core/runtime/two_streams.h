// SPDX-License-Identifier: Apache-2.0
// Profiles with two streams of the test picture, of which tests change one and look at the other.
#pragma once

#include <string>

#include "tests/e2e/process.h"

namespace videostream {

// What may differ of a stream. The defaults are those of the one that stays as it is.
struct StreamText {
  std::string name = "still";
  std::string size = "128x96";
  std::string rate = "10";
  std::string socket = "still.sock";  // in the folder, or absolute
  std::string bitrate = {};           // with an encoder
  std::string more = {};              // further outputs
};

inline std::string ToYaml(const StreamText& stream, const e2e::TempDir& dir) {
  const auto path = [&dir](const std::string& socket) { return socket[0] == '/' ? socket : dir / socket; };
  return "  " + stream.name + ":\n    capture: { device: pattern, format: NV12, size: " + stream.size +
         ", rate: " + stream.rate + " }\n    outputs:\n      full:\n" +
         (stream.bitrate.empty() ? ""
                                 : "        encoder: { codec: h264, gop: 10, bitrate: " + stream.bitrate + " }\n") +
         "        publish: [ { transport: shm, buffers: 24, socket: " + path(stream.socket) + " } ]\n" + stream.more;
}

// A whole profile of these streams, as ToYaml writes them.
inline std::string ProfileOf(const std::string& streams) {
  return "version: 1\nname: test\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n"
         "  converter: [sw-fallback]\n  encoder: [sw-fallback]\n  transport: [shm]\nstreams:\n" +
         streams;
}

}  // namespace videostream

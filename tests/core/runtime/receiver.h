// SPDX-License-Identifier: Apache-2.0
// A consumer of one socket, for tests that include core: the client library has a `Stream` of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "videostream/frame.h"

namespace videostream {

// What a consumer got from its subscription to the goodbye.
struct Received {
  uint32_t fourcc = 0, width = 0, height = 0;  // of the last frame
  vstream_ratio rate{};
  std::vector<uint64_t> sequences;  // of the frames taken
  uint64_t published = 0, skipped = 0;
  std::string error;  // empty: it ended in good order
};

// Takes every frame that it can with a queue of three. Waits for the socket to appear, and returns when the producer
// has gone.
Received ReceiveAll(const std::string& socket);

}  // namespace videostream

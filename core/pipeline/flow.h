// SPDX-License-Identifier: Apache-2.0
// The books of one flow of frames (INV-11): what came in is published, dropped for a reason, or still on its way.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "videostream/frame.h"

namespace videostream {

// Belongs to the stream's thread.
class Flow {
 public:
  // One frame came in (or `count` that the device lost by its own account: then Drop them too).
  void In(uint64_t count = 1) { in_ += count; }
  void Published(uint64_t bytes) {
    ++published_;
    bytes_ += bytes;
  }
  // `reason`: VSTREAM_DROP_*.
  void Drop(uint32_t reason, uint64_t count = 1) { dropped_[reason] += count; }

  uint64_t in() const { return in_; }
  uint64_t published() const { return published_; }
  uint64_t bytes() const { return bytes_; }
  const std::array<uint64_t, VSTREAM_DROP_REASONS>& dropped() const { return dropped_; }
  uint64_t dropped_total() const {
    uint64_t sum = 0;
    for (const uint64_t count : dropped_) sum += count;
    return sum;
  }
  // Frames that are neither published nor dropped; must be what the stations hold, and 0 at the end.
  uint64_t in_flight() const { return in_ - published_ - dropped_total(); }

 private:
  uint64_t in_ = 0, published_ = 0, bytes_ = 0;
  std::array<uint64_t, VSTREAM_DROP_REASONS> dropped_{};
};

}  // namespace videostream

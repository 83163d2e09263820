// SPDX-License-Identifier: Apache-2.0
// What a running stream tells about itself: plain data, copied out by the stream's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "videostream/frame.h"
#include "videostream/transport.h"

namespace videostream {

enum class StreamState : uint8_t {
  kStarting,  // open, nothing captured yet
  kRunning,
  kEnded,   // the source ended in order, everything is delivered
  kFailed,  // see `error`
  kStopped,
};
const char* StreamStateName(StreamState state);  // "starting", ...

// What went in and out of one of the two streams of an output. INV-11: in = published + sum(dropped) + in flight.
struct FlowStatus {
  uint64_t in =
      0;  // frames: captured, lost ones that the device counted included; packets: frames offered to the encoder
  uint64_t published = 0;
  uint64_t in_flight = 0;                                // being converted or encoded at this moment; 0 after the end
  std::array<uint64_t, VSTREAM_DROP_REASONS> dropped{};  // by VSTREAM_DROP_*
  uint64_t bytes = 0;                                    // of what was published
  uint32_t buffers = 0;                                  // in the pool
  uint32_t buffers_free = 0;
  uint32_t fourcc = 0, width = 0, height = 0;
  vstream_ratio rate{};
};

struct StuckCall {
  std::string slot;
  std::string call;
  int64_t since_ns = 0;  // CLOCK_MONOTONIC
};

struct StreamStatus {
  std::string name;
  std::string output;
  StreamState state = StreamState::kStarting;
  std::string error;           // kFailed: why; else what was lost while the stream goes on; empty: all is well
  int64_t started_ns = 0;      // CLOCK_MONOTONIC: when capture was started; 0: not yet
  int64_t first_frame_ns = 0;  // CLOCK_MONOTONIC: when the first frame was published; 0: none yet
  std::string capture, converter, encoder, allocator, transport;  // "backend/device", empty where the slot is empty
  std::string socket;
  std::string pool_sum;  // how the number of buffers comes about
  FlowStatus frames;
  FlowStatus packets;  // all 0 without an encoder
  std::vector<vstream_consumer> consumers;
  uint64_t consumers_refused = 0;
  std::vector<StuckCall> stuck;
};

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// A consumer of a transport, in a thread of its own, so that the transport's thread can serve it meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace videostream::conformance {

// What a consumer saw of a frame.
struct SeenFrame {
  uint64_t sequence = 0;
  int64_t pts_ns = 0;
  uint32_t fourcc = 0, width = 0, height = 0;
  uint32_t flags = 0;
  std::vector<uint64_t> bytes_used;
  uint8_t first_byte = 0, last_byte = 0;  // of plane 0
  bool valid = false;                     // after the last read
};

// All methods may be called while the thread waits.
class Consumer {
 public:
  virtual ~Consumer() = default;
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  virtual bool connected() const = 0;
  virtual bool ended() const = 0;  // the producer has closed
  // Frames taken so far; with `hold` the frames themselves are kept as well.
  virtual std::vector<SeenFrame> seen() const = 0;
  // Whether what it holds is still intact. Empty: nothing held.
  virtual std::vector<bool> held_valid() const = 0;
  virtual void ReleaseHeld() = 0;
  // From now on it takes nothing.
  virtual void Pause() = 0;
  virtual std::string error() const = 0;

 protected:
  Consumer() = default;
};

struct ConsumerWish {
  std::string address;
  std::string name = "conformance";
  uint32_t stream = 0;  // VSTREAM_STREAM_*
  uint32_t queue = 0;   // 0: latest
  uint32_t hold = 0;    // frames to keep
};

// Null: there is no consumer library of that name in this program.
std::unique_ptr<Consumer> MakeConsumer(const std::string& library, const ConsumerWish& wish);

}  // namespace videostream::conformance

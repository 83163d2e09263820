// SPDX-License-Identifier: Apache-2.0
// What the peers have in common: their command line, how a frame is marked, and what is said when a cell ends.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bench/transport/board.h"

namespace videostream::bench::transport {

// Frames a peer may have under way. With fewer, a consumer that is late once stops a producer that waits for room.
constexpr uint32_t kPeerBuffers = 8;

struct PeerArguments {
  bool producer = false;
  std::string mode;  // after --mode
  uint32_t index = 0;
  Board* board = nullptr;  // null: what is wrong has been said
};

inline PeerArguments ParsePeer(int argc, char** argv) {
  PeerArguments arguments;
  std::string role = argc > 1 ? argv[1] : "";
  std::string path;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--board") path = argv[i + 1];
    if (flag == "--index") arguments.index = static_cast<uint32_t>(std::atoi(argv[i + 1]));
    if (flag == "--mode") arguments.mode = argv[i + 1];
  }
  arguments.producer = role == "producer";
  if ((!arguments.producer && role != "consumer") || path.empty()) {
    fprintf(stderr, "usage: %s producer|consumer --board PATH [--index I] [--mode MODE]\n", argv[0]);
    return arguments;
  }
  Board* board = OpenBoard(path.c_str());
  if (board == nullptr) {
    fprintf(stderr, "board '%s': %s\n", path.c_str(), std::strerror(errno));
  } else if (board->settings.frame_bytes < 2 * sizeof(Stamp) ||
             (!arguments.producer && arguments.index >= board->settings.consumers)) {
    fprintf(stderr, "board '%s': too small a frame, or no consumer %u\n", path.c_str(), arguments.index);
  } else {
    arguments.board = board;
  }
  return arguments;
}

// Writes what a frame is known by: its number into the last 8 bytes, then the stamp into the first 16. To be called
// immediately before publishing.
inline int64_t MarkFrame(void* data, const Settings& settings, uint64_t number) {
  auto* bytes = static_cast<unsigned char*>(data);
  std::memcpy(bytes + settings.frame_bytes - sizeof(number), &number, sizeof(number));
  const Stamp stamp{number, NowNs()};
  std::memcpy(bytes, &stamp, sizeof(stamp));
  return stamp.published_ns;
}

// The consumer's side of it: hands each frame to the recorder, and looks whether it is what was published.
class FrameCheck {
 public:
  // kTolerant: of a transport that may reuse a buffer while it is read; such frames are only counted.
  enum Kind { kStrict, kTolerant };
  FrameCheck(ConsumerRecorder& recorder, Kind kind) : recorder_(recorder), kind_(kind) {}

  // A frame of `bytes` bytes is in hand. False: exit, because the cell is over or because the frame is wrong.
  bool Take(const void* data, size_t bytes) {
    const uint64_t frame_bytes = recorder_.settings().frame_bytes;
    if (bytes < frame_bytes) {
      fprintf(stderr, "a frame has %zu bytes, not %llu\n", bytes, static_cast<unsigned long long>(frame_bytes));
      failed_ = true;
      return false;
    }
    Stamp stamp;
    std::memcpy(&stamp, data, sizeof(stamp));
    const ConsumerRecorder::Plane plane{data, frame_bytes};
    const bool on = recorder_.frame(stamp.number, stamp.published_ns, &plane, 1);
    // Only now, so that it is in no latency.
    return IsRight(data, frame_bytes, stamp.number) && on;
  }

  // The exit code. Says what was tolerated.
  int Verdict() const {
    if (wrong_ != 0) fprintf(stderr, "%llu frames changed or came twice\n", static_cast<unsigned long long>(wrong_));
    return failed_ ? 1 : 0;
  }
  uint64_t wrong() const { return wrong_; }

 private:
  // The mark at the end fits, the frame is still the one it was, and it is newer than the one before.
  bool IsRight(const void* data, uint64_t frame_bytes, uint64_t number) {
    uint64_t last = 0, first = 0;
    std::memcpy(&last, static_cast<const unsigned char*>(data) + frame_bytes - sizeof(last), sizeof(last));
    std::memcpy(&first, data, sizeof(first));
    const bool right = last == number && first == number && number > newest_;
    if (!right && kind_ == kStrict) {
      const unsigned long long numbers[] = {number, first, last, newest_};
      fprintf(stderr, "frame %llu is wrong: begins with %llu, ends with %llu, comes after %llu\n", numbers[0],
              numbers[1], numbers[2], numbers[3]);
      failed_ = true;
    }
    wrong_ += right ? 0 : 1;
    newest_ = number;
    return !failed_;
  }

  ConsumerRecorder& recorder_;
  const Kind kind_;
  uint64_t newest_ = 0, wrong_ = 0;
  bool failed_ = false;
};

}  // namespace videostream::bench::transport

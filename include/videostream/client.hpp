// SPDX-License-Identifier: Apache-2.0
//
// The consumer library: frames of another process, without a copy.
//
//   videostream::Client client("/run/videostream/front.sock");
//   while (videostream::Frame frame = client.wait_for_frame(std::chrono::seconds(5)))
//     detect(frame.data(0), frame.width(), frame.height(), frame.stride(0));
//
// Needs only the C++ standard library. Nothing here throws, but for std::bad_alloc.
// Threads: a Client is used by one thread at a time. Frames may be passed to, shared with and released from other
// threads; a Frame may outlive its Client.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "videostream/error.h"
#include "videostream/frame.h"

namespace videostream {

namespace client_internal {
class Connection;
class Lease;
}  // namespace client_internal

/// Which of a socket's two streams to receive.
enum class Stream : uint32_t { kFrames = 0, kPackets = 1 };

/// How to receive; every field has a useful default.
struct ClientOptions {
  /// Shown in the producer's status; at most 31 bytes are kept. Empty: the program's name.
  std::string name = {};
  Stream stream = Stream::kFrames;  ///< frames or packets
  /// 0: policy `latest`, each wait gives the newest frame. N: policy `queue N`, every frame in order while at most N
  /// are waiting; beyond that the oldest are skipped and counted as overrun. At most 32, and at most what the producer
  /// has budgeted (a larger number is refused with the limit).
  uint32_t queue = 0;
  /// Connect again when the producer goes away, by itself within every wait (poll_fd() is readable when there is
  /// something to do for that): at once when a new socket appears, else every 100 ms. Counters go on; the first frame
  /// says that it is not the next one (Frame::flags). Without it the end of the producer ends the client
  /// (State::kEnded).
  bool reconnect = true;
};

/// Counters of one client since it was made. `published` counts what the producer published while this client was
/// subscribed; published = taken + sum(skipped), except for frames that are still waiting (see Client::stats).
struct ClientStats {
  uint64_t published = 0;                                ///< frames published while it was subscribed
  uint64_t taken = 0;                                    ///< frames given out
  std::array<uint64_t, VSTREAM_DROP_REASONS> skipped{};  ///< by VSTREAM_DROP_*
  uint64_t void_leases = 0;     ///< frames whose lease was revoked before release; they count as taken as well
  uint64_t gaps = 0;            ///< times that frames were skipped, whatever their number
  uint64_t reconnects = 0;      ///< connections after the first
  uint64_t first_sequence = 0;  ///< of the first frame taken; 0: none
  uint64_t last_sequence = 0;   ///< of the last frame taken
};

/// One frame or packet: a lease on a buffer of the producer, released by the destructor. Move-only; share() gives a
/// second handle. The bytes are read-only and stay unchanged while valid() holds.
class Frame {
 public:
  Frame() = default;
  Frame(Frame&& other) noexcept : lease_(std::exchange(other.lease_, nullptr)) {}  ///< takes the lease over
  /// Releases its own first.
  Frame& operator=(Frame&& other) noexcept {
    if (this == &other) return *this;
    Drop();
    lease_ = std::exchange(other.lease_, nullptr);
    return *this;
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { Drop(); }

  /// True if there is a frame. All accessors below need one, but for valid() and release().
  explicit operator bool() const { return lease_ != nullptr; }

  uint32_t format() const;                        ///< VSTREAM_FORMAT_*
  uint32_t width() const;                         ///< pixels, as stored; 0 for packets whose size is unknown
  uint32_t height() const;                        ///< pixels
  uint32_t plane_count() const;                   ///< 1..VSTREAM_MAX_PLANES
  const uint8_t* data(uint32_t plane = 0) const;  ///< first byte of the plane; null if there is no such plane
  uint32_t stride(uint32_t plane = 0) const;      ///< bytes from row to row; 0 for packets
  size_t size(uint32_t plane = 0) const;          ///< bytes used in the plane; for packets the packet's length
  vstream_rect visible() const;                   ///< part to show, in pixels; never empty for raw frames
  vstream_colorimetry colorimetry() const;        ///< of this frame
  vstream_ratio rate() const;                     ///< nominal frames per second of the stream; 0/0: unknown
  /// VSTREAM_FRAME_*, as the producer set them. The client adds VSTREAM_FRAME_DISCONTINUITY, "what came before is not
  /// the predecessor", to the first frame after a reconnect and, under `queue N` and for packets, to the first one
  /// after frames that were skipped. Under `latest` skipping is the policy: sequence() tells.
  uint32_t flags() const;
  bool is_key() const { return (flags() & VSTREAM_FRAME_KEY) != 0; }  ///< packets: decoding can start here
  /// 1, 2, 3, ... as published; gaps are skipped frames. Begins anew with another producer (after a reconnect).
  uint64_t sequence() const;
  int64_t pts_ns() const;                ///< capture time, CLOCK_MONOTONIC
  int64_t duration_ns() const;           ///< 0: unknown
  int64_t published_ns() const;          ///< when the producer made it visible, CLOCK_MONOTONIC
  std::chrono::nanoseconds age() const;  ///< now - pts

  /// False once the producer has revoked the lease (the frame was held too long): then what was read since the last
  /// true answer may be torn. Ask after the last read. False without a frame.
  bool valid() const;

  /// A second handle on the same lease; the buffer goes back when the last one is gone.
  Frame share() const;

  /// Give the buffer back now. The same as destroying the frame. Returns the last valid().
  bool release();

 private:
  friend class Client;
  explicit Frame(client_internal::Lease* lease) : lease_(lease) {}
  void Drop();
  client_internal::Lease* lease_ = nullptr;  // counts its handles, of which this is one
};

/// A consumer of one stream of one socket.
class Client {
 public:
  /// Where it is on its way.
  enum class State {
    kConnecting,  ///< no producer yet, or none any more: waits connect when there is one
    kConnected,
    kEnded,   ///< the producer has closed and `reconnect` is off
    kFailed,  ///< will not get better by waiting (refused, wrong version, path too long): see error()
  };

  /// Never blocks, never fails: a producer that is not there yet is waited for by connect and wait_for_frame.
  explicit Client(std::string socket_path, ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;             ///< the other one may only be destroyed or assigned to
  Client& operator=(Client&&) noexcept;  ///< ends its own first

  /// Wait until connected and subscribed. False after `timeout`, or when the state is kFailed. Optional: waits connect
  /// too.
  bool connect(std::chrono::nanoseconds timeout);

  /// The next frame by the policy, waiting up to `timeout` (0: do not wait). An empty Frame: timed out, or the state is
  /// kEnded or kFailed. Keep at most as many frames as the producer leases (`leases` of the profile); the next wait
  /// with more held gives an empty frame at once, with error() saying so.
  Frame wait_for_frame(std::chrono::nanoseconds timeout);

  /// An fd for poll, epoll, GLib or asyncio: readable when a wait with timeout 0 has something to do. Level-triggered,
  /// owned by the client, constant over reconnects. The first call switches the client from futex waits to the
  /// doorbell. After it was readable call wait_for_frame(0) until it gives an empty frame; who takes only one frame
  /// each time finds it readable again while there are more. -1 on failure, with error().
  int poll_fd();

  /// Packet streams: ask the producer for a key frame soon.
  void request_key();

  State state() const;  ///< as of the last call
  /// Why the state is kFailed, or why the last wait gave nothing although it was not a timeout; else empty. One line.
  const std::string& error() const;
  /// One of VSTREAM_E_* to go with error(); VSTREAM_OK if error() is empty.
  int error_code() const;

  /// Counters as of the last wait. Frames published since then and not yet seen by a wait are in none of them.
  ClientStats stats() const;

 private:
  std::unique_ptr<client_internal::Connection> connection_;
};

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
//
// A producer in your own process: frames that you fill, in the hands of other processes without a copy.
//
//   auto host = videostream::Host::create("/tmp/cam.sock", {1280, 720, VSTREAM_FORMAT_NV12});
//   while (videostream::WriteBuffer buffer = host.get_write_buffer()) {
//     draw(buffer.data(0), buffer.stride(0));
//     host.publish_frame(std::move(buffer));
//   }
//
// Needs only the C++ standard library. Nothing here throws, but for std::bad_alloc.
// Threads: a Host and its buffers may be used from any threads at the same time; calls on one Host take turns. A
// WriteBuffer is used by one thread at a time. A thread of the Host's own serves consumers that come and go, so that
// nothing has to be called for them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "videostream/error.h"
#include "videostream/frame.h"

namespace videostream {

namespace host_internal {
class Producer;
struct Writing;
}  // namespace host_internal

/// What to publish, and how. Width and height must be set; every other field has a useful default.
struct HostOptions {
  uint32_t width = 0;                     ///< pixels, 1..VSTREAM_MAX_DIMENSION
  uint32_t height = 0;                    ///< pixels, 1..VSTREAM_MAX_DIMENSION
  uint32_t format = VSTREAM_FORMAT_NV12;  ///< VSTREAM_FORMAT_*, a raw one
  /// Frames in the pool for consumers: the newest one, those that consumers hold, those that wait in queues. 2..48;
  /// what is being written comes on top.
  uint32_t buffers = 6;
  /// Allocator backends in order of preference; the first that works here is taken (see Host::allocator).
  std::vector<std::string> allocators = {"dmabuf-heap", "shm"};
  vstream_ratio rate = {};               ///< nominal frames per second, for consumers; 0/0: unknown
  vstream_colorimetry colorimetry = {};  ///< of every frame; see vstream_colorimetry
  uint32_t leases = 2;                   ///< frames that one consumer may hold at a time, 1..16 and fewer than buffers
  std::chrono::nanoseconds lease_time = std::chrono::seconds(1);  ///< that it may hold one; 10 ms..60 s
  uint32_t clients = 256;                                         ///< consumers at a time, 1..4096
  uint32_t mode = 0660;                                           ///< permission bits of the socket
  uint32_t write_buffers = 2;                                     ///< WriteBuffers that may exist at a time, 1..8
  std::string transport = "shm";                                  ///< transport backend
  std::vector<std::string> backend_dirs = {};                     ///< folders with backends, searched first
  /// A frame that stands in the way when every buffer is needed is taken back after this time; 0..60 s.
  std::chrono::nanoseconds hold_time = std::chrono::milliseconds(100);
  std::string group = {};  ///< group of the socket, by name or number; empty: that of a file made in its folder
  /// Users and groups that may connect, by name or number, at most 64 each. Both empty: whoever the permissions of the
  /// socket let connect. Else: this process's user, root, these users, and whoever has one of these groups, as primary
  /// or supplementary group; others are refused (counted in HostStats::connections_refused).
  std::vector<std::string> allow_uids = {};
  std::vector<std::string> allow_gids = {};  ///< see allow_uids
  /// Consumers get sealed copies of the frames, which cost one copy per frame and the memory of a second pool. For
  /// dma-bufs, which a consumer could write to, and consumers that are not trusted.
  bool protect_copy = false;
};

/// One consumer as it is now. Numbers marked (reported) are what the consumer itself claims.
struct HostConsumer {
  uint32_t id = 0;                                       ///< unique over the Host's life
  int32_t pid = 0;                                       ///< its process, as the kernel says
  uint32_t uid = 0;                                      ///< its user, as the kernel says
  std::string name;                                      ///< (reported)
  uint32_t queue = 0;                                    ///< 0: policy latest; N: policy queue N
  uint32_t held = 0;                                     ///< frames it holds now
  uint64_t published = 0;                                ///< frames published since it subscribed
  uint64_t taken = 0;                                    ///< (reported)
  std::array<uint64_t, VSTREAM_DROP_REASONS> skipped{};  ///< (reported) by VSTREAM_DROP_*
  uint64_t revoked = 0;                                  ///< frames taken back because they were held for too long
  /// Frames published that it has neither taken nor skipped yet: how far it is behind.
  uint64_t lag() const;
};

/// Counters since the Host was made.
struct HostStats {
  uint64_t published = 0;            ///< frames
  uint64_t bytes = 0;                ///< of those frames
  uint64_t refused = 0;              ///< get_write_buffer without a free buffer: frames that the caller had to drop
  uint64_t consumers = 0;            ///< connected now
  uint64_t connections_refused = 0;  ///< since it was created
};

/// One buffer to fill, the caller's until it is published; destroying it gives it back unpublished. Move-only.
class WriteBuffer {
 public:
  WriteBuffer();
  WriteBuffer(WriteBuffer&&) noexcept;             ///< takes the buffer over
  WriteBuffer& operator=(WriteBuffer&&) noexcept;  ///< gives its own back first
  WriteBuffer(const WriteBuffer&) = delete;
  WriteBuffer& operator=(const WriteBuffer&) = delete;
  ~WriteBuffer();

  /// True if there is a buffer. Everything below needs one.
  explicit operator bool() const { return writing_ != nullptr; }

  uint32_t format() const;       ///< VSTREAM_FORMAT_*
  uint32_t width() const;        ///< pixels
  uint32_t height() const;       ///< pixels
  uint32_t plane_count() const;  ///< 1..VSTREAM_MAX_PLANES
  /// First byte of the plane, writable, size() bytes; null if there is no such plane. The bytes are those of an earlier
  /// frame, or 0.
  uint8_t* data(uint32_t plane = 0) const;
  uint32_t stride(uint32_t plane = 0) const;  ///< bytes from row to row
  size_t size(uint32_t plane = 0) const;      ///< bytes of the plane, padding included

  /// Capture time, CLOCK_MONOTONIC; without it the time of publishing is taken.
  void set_pts_ns(int64_t pts_ns);
  void set_duration_ns(int64_t duration_ns);  ///< 0: unknown
  /// VSTREAM_FRAME_DISCONTINUITY, VSTREAM_FRAME_CORRUPTED and VSTREAM_FRAME_NO_SIGNAL; others are ignored.
  void set_flags(uint32_t flags);
  /// The part to show; without it all of the picture. Must lie inside it, or publishing fails.
  void set_visible(vstream_rect visible);
  void set_colorimetry(vstream_colorimetry colorimetry);  ///< of this frame; without it that of the options

 private:
  friend class Host;
  explicit WriteBuffer(std::unique_ptr<host_internal::Writing> writing);
  std::unique_ptr<host_internal::Writing> writing_;
};

/// A producer on one socket.
class Host {
 public:
  /// Loads the backends, allocates the pool, binds the socket. A socket file that a dead producer left is replaced; one
  /// that is in use, or belongs to another user, is refused. On failure the Host is empty, error() says why, nothing is
  /// left behind.
  static Host create(std::string socket_path, HostOptions options);

  Host();                            ///< empty
  Host(Host&&) noexcept;             ///< the other one is empty
  Host& operator=(Host&&) noexcept;  ///< closes its own first
  /// Says goodbye to the consumers, waiting up to a second for them to take the last frames; removes the socket.
  /// WriteBuffers that still exist stay writable and can no longer be published.
  ~Host();

  /// True if it was created and not closed.
  explicit operator bool() const;

  /// A buffer to fill. Never waits. Empty: every buffer is held (drop this frame; counted in stats().refused), too many
  /// are being written, or the Host is closed: error_code() is VSTREAM_E_AGAIN, VSTREAM_E_BUSY, VSTREAM_E_INVALID; or
  /// the transport or the memory failed: VSTREAM_E_IO.
  WriteBuffer get_write_buffer();

  /// Makes the frame visible to all consumers and wakes them. Never waits, except with protect_copy: for the
  /// copy, and for a device that still writes the memory. The buffer is consumed in any case. False: see error(); it is
  /// none, another Host's, or shows a part outside of the picture, or the Host is closed (VSTREAM_E_INVALID); or the
  /// transport failed (VSTREAM_E_IO).
  bool publish_frame(WriteBuffer buffer);

  /// Waits until so many consumers are subscribed. False after `timeout`.
  bool wait_for_consumers(size_t count, std::chrono::nanoseconds timeout);

  std::vector<HostConsumer> consumers() const;  ///< those that are subscribed now
  HostStats stats() const;                      ///< as of now
  const std::string& socket_path() const;       ///< as given to create
  /// The allocator backend that gave the memory: "shm".
  const std::string& allocator() const;

  /// Why the last call that failed did so, one line; empty if none has.
  std::string error() const;
  /// One of VSTREAM_E_* to go with error(); VSTREAM_OK if error() is empty.
  int error_code() const;

  /// What the destructor does, now. Idempotent.
  void close();

 private:
  std::shared_ptr<host_internal::Producer> producer_;  // shared with WriteBuffers, which may outlive the Host
};

}  // namespace videostream

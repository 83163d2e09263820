// SPDX-License-Identifier: Apache-2.0
//
// The whole runtime inside your own process: a profile in, running streams out.
//
//   auto runtime = videostream::Runtime::open("configs/dev-x86_64.yaml");
//   if (!runtime.start()) return fail(runtime.error());
//   runtime.wait(std::chrono::seconds(10));
//   runtime.stop();
//
// Needs only the C++ standard library. Nothing here throws, but for std::bad_alloc.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "videostream/error.h"
#include "videostream/frame.h"
#include "videostream/transport.h"

namespace videostream {

/// Where a stream is on its way.
enum class StreamState : uint8_t {
  kStarting,  ///< open, nothing captured yet
  kRunning,
  kEnded,   ///< the source ended in order, everything is delivered
  kFailed,  ///< see StreamStatus::error
  kStopped,
};
/// "starting", "running", ...
const char* StreamStateName(StreamState state);

/// What went in and out of one of the two streams of an output: in = published + sum(dropped) + in_flight (INV-11).
struct FlowStatus {
  uint64_t in = 0;  ///< frames: captured, those that the device lost included; packets: frames offered to the encoder
  uint64_t published = 0;                                ///< frames or packets
  uint64_t in_flight = 0;                                ///< being converted or encoded at this moment; 0 after the end
  std::array<uint64_t, VSTREAM_DROP_REASONS> dropped{};  ///< by VSTREAM_DROP_*
  uint64_t bytes = 0;                                    ///< of what was published
  uint32_t buffers = 0;                                  ///< in the pool
  uint32_t buffers_free = 0;                             ///< not held by anyone at this moment
  uint32_t fourcc = 0, width = 0, height = 0;            ///< VSTREAM_FORMAT_*; pixels
  vstream_ratio rate{};                                  ///< frames per second, nominal
  vstream_colorimetry colorimetry{};                     ///< of the frames; for packets that which the encoder writes
};

/// A call into a backend that does not return; its thread and buffers are given up.
struct StuckCall {
  std::string slot;      ///< STREAM.capture or STREAM.OUTPUT.KIND
  std::string call;      ///< the function of the ABI
  int64_t since_ns = 0;  ///< CLOCK_MONOTONIC
};

/// One output of one stream. The outputs of a stream share its capture, state and times.
struct StreamStatus {
  std::string name;                            ///< of the stream
  std::string output;                          ///< of the output
  StreamState state = StreamState::kStarting;  ///< of the stream
  std::string error;           ///< kFailed: why; else what was lost while the stream goes on; empty: all is well
  int64_t started_ns = 0;      ///< CLOCK_MONOTONIC: when capture was started; 0: not yet
  int64_t first_frame_ns = 0;  ///< CLOCK_MONOTONIC: when the first frame of this output was published; 0: none yet
  std::string capture, converter, encoder, allocator, transport;  ///< "backend/device", empty where the slot is empty
  std::string socket;                                             ///< path
  std::string pool_sum;                                           ///< how the number of buffers comes about
  FlowStatus frames;                                              ///< raw frames
  FlowStatus packets;                                             ///< all 0 without an encoder
  std::vector<vstream_consumer> consumers;                        ///< subscribed now
  uint64_t consumers_refused = 0;                                 ///< since the start
  std::vector<StuckCall> stuck;                                   ///< calls given up
};

/// Who serves a slot (STREAM.capture, STREAM.OUTPUT.KIND), and why.
struct SlotChoice {
  std::string slot;     ///< STREAM.capture or STREAM.OUTPUT.KIND
  std::string backend;  ///< empty: the slot is not needed
  std::string device;   ///< as its backend calls it
  std::string reason;   ///< one sentence
};

/// Something that happened, for operators.
struct RuntimeEvent {
  uint64_t sequence = 0;  ///< 1, 2, 3, ... per runtime
  int64_t time_ns = 0;    ///< CLOCK_MONOTONIC
  bool warning = false;   ///< something was lost or refused
  /// stream_started, stream_ended, stream_failed, stream_stopped, consumer_connected, consumer_disconnected,
  /// consumer_refused, lease_revoked, encoder_lost, output_lost, call_stuck, reload_applied, reload_refused (the last
  /// two of no stream: it is empty, and the text names them)
  std::string type;
  std::string stream;     ///< its name
  std::string output;     ///< empty: of the whole stream
  uint32_t consumer = 0;  ///< 0: none
  std::string text;       ///< one line
};

/// How to run a profile; every field has a useful default.
struct RuntimeOptions {
  std::vector<std::string> backend_dirs = {};  ///< folders with backends, searched first
  std::vector<std::string> set = {};           ///< "BACKEND.KEY=VALUE" each, over the profile's options
  std::string input = {};                      ///< replay this file (.y4m, .mjpeg; -: stdin) through the first stream
  uint32_t wait_for_consumers = 0;             ///< capture begins once so many consumers are subscribed to each stream
  std::chrono::nanoseconds wait_limit = std::chrono::seconds(30);  ///< ... or the stream fails
};

/// What to reload; every field has a useful default.
struct ReloadOptions {
  bool dry_run = false;  ///< only say what there is to do
  /// The text of the profile. Absent: what was opened is read anew, or the last text that a reload has applied. `set`
  /// and `input` of RuntimeOptions apply to it as well.
  std::optional<std::string> text = {};
  std::string name = {};  ///< what messages call the text; empty: as what was opened is called
};

/// What a reload does to one stream.
struct StreamReload {
  std::string stream;  ///< its name
  /// "unchanged": it loses no frame; "live": it goes on with other values; "restart": it is closed and opened again,
  /// its consumers connect again by themselves, and its counters begin at 0; "added"; "removed"
  std::string action;
  std::vector<std::string> reasons;  ///< "front: capture size 1280x720 -> 640x480 (restart)"; empty: unchanged
};

/// What came of a reload.
struct ReloadReport {
  bool applied = false;               ///< what runs is now what the profile says; false for a dry run
  bool dry_run = false;               ///< as asked for
  uint64_t generation = 0;            ///< reloads applied so far, this one included
  std::string profile;                ///< `name` of the new profile; empty if it could not be read
  std::string file;                   ///< where it was read
  std::vector<StreamReload> streams;  ///< in the order of the profile, those that go last; empty without a plan
  std::string error;                  ///< why not; several lines for a profile that is wrong
  int error_code = 0;                 ///< VSTREAM_E_* to go with it; VSTREAM_OK without

  /// Nothing is wrong: it was applied, or it was a dry run and could be.
  explicit operator bool() const { return error_code == 0; }
};

/// A profile that was to be reloaded and could not be.
struct RefusedProfile {
  std::string file;     ///< where it was read, or what messages call it
  int64_t time_ns = 0;  ///< when, since the epoch (CLOCK_REALTIME)
  std::string error;    ///< as in ReloadReport
  int error_code = 0;   ///< as in ReloadReport
  std::string text;     ///< of the profile, at most 64 KiB of it; empty if it could not be read
};

/// The history of reloads in short.
struct ReloadStatus {
  uint64_t generation = 0;                ///< reloads applied since the opening
  std::optional<RefusedProfile> refused;  ///< the last one refused; none after one that was applied
};

/// Threads: the methods may be called from any thread, one at a time; streams(), events(), wait_event(), event_fd(),
/// reload() and reloads() from any thread at any time between opening and destruction, but for profile_name(),
/// profile_file() and choices(), which must not be called while a reload runs. stop() makes a reload give up at its
/// next step. Signals are delivered to none of the threads in here.
class Runtime {
 public:
  /// Reads the profile (a path, or a bare name such as "imx8mp"), plans, and opens everything: devices, memory,
  /// sockets. Nothing flows yet. On failure the Runtime is empty, error() says why, and nothing is left behind.
  static Runtime open(const std::string& profile, RuntimeOptions options = {});
  /// The same with the text of a profile, which messages call `name`.
  static Runtime open_text(std::string_view yaml, const std::string& name, RuntimeOptions options = {});

  Runtime();                               ///< empty
  Runtime(Runtime&&) noexcept;             ///< the other one is empty
  Runtime& operator=(Runtime&&) noexcept;  ///< stops its own first
  ~Runtime();                              ///< stops

  /// True if it was opened.
  explicit operator bool() const;

  /// Lets frames flow. False: see error().
  bool start();

  /// Until every stream has ended, or one has failed: true. False after `timeout`.
  bool wait(std::chrono::nanoseconds timeout);

  /// Readable once a stream has ended or failed. Borrowed; -1 if empty.
  int event_fd() const;

  /// Stops capture, drains the encoders, lets consumers take the last frames, says goodbye, in that order. Idempotent.
  /// Waits at most a few seconds for a backend that hangs, which is then abandoned and reported. False: a stream
  /// failed, see error().
  bool stop();

  /// As of now while running; the final numbers after stop. One entry per output, in the order of the profile. A reload
  /// changes the list: of a stream that it opens again the counters begin at 0 (what its former life has counted is no
  /// longer here), of one that it removes there is no entry.
  std::vector<StreamStatus> streams() const;

  /// Makes what runs that which the profile says now, by the least: streams that stay as they are lose no frame; what
  /// can change in place does; what else differs is closed and opened again, and begins at once if the runtime has
  /// been started. Whatever is wrong, the last good plan goes on: nothing is touched before the profile is read,
  /// checked and planned; and if a stream cannot be opened, those that were closed for it are opened again as they
  /// were. Reloads wait for each other. May take a few seconds.
  ReloadReport reload(const ReloadOptions& options = {});
  ReloadStatus reloads() const;  ///< what has become of reloads so far, dry runs left out

  /// Events with a sequence above `after`, oldest first. The last 1024 are kept.
  std::vector<RuntimeEvent> events(uint64_t after = 0) const;

  /// Until there is such an event: true. False after `timeout`, or once stop() has returned and there is none.
  bool wait_event(uint64_t after, std::chrono::nanoseconds timeout) const;

  /// Which backend serves which slot, and why.
  const std::vector<SlotChoice>& choices() const;
  const std::string& profile_name() const;  ///< `name` of the profile
  const std::string& profile_file() const;  ///< where it was read

  /// Why the last call that failed did so; several lines for a profile that is wrong. Empty if none has.
  std::string error() const;
  /// One of VSTREAM_E_* to go with error(); VSTREAM_OK if error() is empty.
  int error_code() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace videostream

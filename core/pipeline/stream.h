// SPDX-License-Identifier: Apache-2.0
// One stream: capture -> (converter) -> publish, and -> encoder -> publish packets, with the buffers between them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/frame/pool.h"
#include "core/pipeline/flow.h"
#include "core/pipeline/pool_setup.h"
#include "core/pipeline/stages.h"
#include "core/planner/plan.h"
#include "core/transport/transport.h"
#include "videostream/runtime.hpp"

namespace videostream {

// How to make each instance; called on the thread that will drive it (the transport: on the caller's of Stream::Open).
// Empty where the plan has no such slot.
struct StreamParts {
  std::function<Result<std::unique_ptr<Allocator>>()> allocator;
  std::function<Result<std::unique_ptr<Capture>>()> capture;
  std::function<Result<std::unique_ptr<Converter>>()> converter;
  std::function<Result<std::unique_ptr<Encoder>>()> encoder;
  std::function<Result<std::unique_ptr<Transport>>()> transport;
};

struct StreamLimits {
  std::chrono::nanoseconds open = std::chrono::seconds(10);    // create, configure, attach: devices may be slow to wake
  std::chrono::nanoseconds call = std::chrono::seconds(2);     // any call while frames flow
  std::chrono::nanoseconds drain = std::chrono::seconds(3);    // last frames and packets at the end
  std::chrono::nanoseconds deliver = std::chrono::seconds(1);  // for consumers to take what they have not yet taken
};

// Threads: one of its own moves the frames (the stream's thread) and never waits for a device; one per capture,
// converter and encoder runs foreign code. The public methods belong to the owner, one thread at a time; Snapshot and
// done_fd may be used from any thread.
class Stream {
 public:
  // Opens devices, memory and the socket; nothing flows. On error everything is closed again.
  static Result<std::unique_ptr<Stream>> Open(StreamPlan plan, StreamParts parts, StreamLimits limits = {});
  // Stops.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Starts the thread; capture begins at once, or when `consumers` are subscribed. If they are not within `limit`, the
  // stream fails with kTimeout.
  Status Start(uint32_t consumers, std::chrono::nanoseconds limit);

  // Readable from the moment that the stream has ended or failed. Borrowed.
  int done_fd() const { return done_fd_.get(); }

  // Stops capture, delivers what is inside, closes. Idempotent. The stream's failure, if it had one.
  Status Stop();

  // Numbers as of now (answered by the stream's thread); the final ones after Stop.
  StreamStatus Snapshot();

 private:
  // Where the stream's thread is on its way from start to end.
  enum class Phase : uint8_t { kWaiting, kFlowing, kStoppingCapture, kConverting, kDraining, kDelivering, kDone };

  Stream(StreamPlan plan, StreamParts parts, StreamLimits limits);

  // Opening, in this order (stream_open.cc).
  Status OpenCapture();
  Status OpenConverter();
  Status OpenEncoder();
  Status OpenTransport();
  Status MakePools();
  Status AttachAll();
  Status AnnounceSets();
  Error InSlot(const char* kind, Error error) const;
  uint32_t ConverterJobs() const { return converter_ ? converter_needs_.max_jobs : 0; }
  uint32_t EncoderJobs() const { return encoder_ ? encoder_needs_.max_jobs : 0; }
  Result<std::unique_ptr<Pool>> MakePool(const vstream_layout& layout, uint32_t count, uint32_t memory, uint32_t stream,
                                         const char* what, bool published);

  // The stream's thread: its loop, its beginning and end (stream.cc).
  void Run();
  void Wait(int timeout_ms);
  void Tick();
  void HandleTransport();
  void Advance();
  bool EveryoneHasCaughtUp() const;
  void Enter(Phase phase, std::chrono::nanoseconds limit);
  void Finish();
  void FailWith(Error error);
  void LoseEncoder(const Error& error);
  void CheckStuck();
  void Note(const char* slot, const std::string& text) const;
  void Check(const Status& status);
  void UpdateStatus();
  FlowStatus FlowNow(const Flow& flow, const Pool& pool) const;

  // The same thread at the stations of a frame's way (stream_stations.cc). Handle...: takes a bounded number of events;
  // true if there may be more, false if it is safe to sleep.
  void BeginCapture();
  bool HandleCapture();
  void OnFrame(RawFrame frame);
  void FeedDevice();
  void GiveToDevice(uint32_t id);
  Pool& DevicePool() { return captured_ ? *captured_ : *published_; }
  void Convert(const RawFrame& frame);
  bool HandleConverter();
  void OnConverted(const vstream_converter_result& result);
  void DropConversions();
  void PublishFrame(vstream_frame record);
  void Encode(const vstream_frame& record);
  bool HandleEncoder();
  void OnEncoded(const Encoder::Done& done);
  void DropEncodings();

  const StreamPlan plan_;
  const OutputPlan& output_ = plan_.outputs.front();
  StreamParts parts_;
  const StreamLimits limits_;

  // In the order of a frame's way. Opened from the source to the sink, since each needs the layout before it; closed in
  // the same order, so that nothing arrives where nobody is left.
  std::unique_ptr<AllocatorStage> allocator_;
  std::unique_ptr<CaptureStage> capture_;
  std::unique_ptr<Pool> captured_;  // only with a converter; else the device fills `published_` directly
  std::unique_ptr<ConverterStage> converter_;
  std::unique_ptr<Pool> published_;
  std::unique_ptr<EncoderStage> encoder_;
  std::unique_ptr<Pool> packets_;
  std::unique_ptr<Transport> transport_;

  vstream_capture_config capture_config_{};
  vstream_layout published_layout_{};
  vstream_colorimetry published_color_{};
  vstream_converter_needs converter_needs_{};
  vstream_encoder_needs encoder_needs_{};
  uint32_t device_buffers_ = 0;  // queued to the device from the start
  PoolSum pool_sum_;
  uint32_t next_id_ = 0;

  // Of the stream's thread.
  Phase phase_ = Phase::kWaiting;
  int64_t phase_deadline_ns_ = 0;
  UniqueFd epoll_;
  int transport_fd_ = -1;
  bool transport_ready_ = true;
  uint32_t wait_for_ = 0;
  std::optional<uint32_t> spare_;  // filled in advance, so that publishing does not wait for a reclaim
  uint64_t last_device_sequence_ = 0;
  uint64_t sequence_[VSTREAM_STREAMS] = {};
  Flow frames_flow_, packets_flow_;
  struct Conversion {
    uint32_t source_id = 0, target_id = 0;
    vstream_frame record{};
  };
  std::unordered_map<uint64_t, Conversion> converting_;  // by cookie
  struct Encoding {
    uint32_t input_id = 0, packet_id = 0;
  };
  std::unordered_map<uint64_t, Encoding> encoding_;  // by cookie
  uint64_t cookie_ = 0;
  bool force_key_ = false;
  bool capture_open_ = true, encoder_open_ = true, ended_ = false;
  std::optional<Error> failure_;
  std::string degraded_;  // what was lost while the stream goes on
  int64_t started_ns_ = 0, first_frame_ns_ = 0;
  std::vector<StuckCall> stuck_;

  std::thread thread_;
  UniqueFd wake_fd_;
  UniqueFd done_fd_;
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> running_{false};     // the thread answers Snapshot
  std::atomic<bool> phase_done_{false};  // ... no longer
  std::mutex status_mutex_;
  std::condition_variable status_done_;
  bool status_wanted_ = false;  // guarded by status_mutex_
  StreamStatus status_;         // guarded by status_mutex_
};

}  // namespace videostream

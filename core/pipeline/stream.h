// SPDX-License-Identifier: Apache-2.0
// One stream: capture -> its outputs (output.h), with the pool of captured buffers between them.
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
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/frame/pool.h"
#include "core/pipeline/output.h"
#include "core/pipeline/pool_setup.h"
#include "core/pipeline/stages.h"
#include "core/planner/plan.h"
#include "videostream/runtime.hpp"

namespace videostream {

// How to make each instance; called on the thread that will drive it.
struct StreamParts {
  std::function<Result<std::unique_ptr<Capture>>()> capture;
  std::vector<OutputParts> outputs;  // as the plan's
  // What happens to the stream; may be empty. Called on the stream's thread, sequence and time are the receiver's to
  // fill in. The last one is stream_ended, stream_failed or stream_stopped.
  std::function<void(RuntimeEvent)> on_event;
};

// Threads: one of its own moves the frames of all outputs (the stream's thread) and never waits for a device; one per
// capture, converter and encoder runs foreign code. The public methods belong to the owner, one thread at a time;
// Snapshot and done_fd may be used from any thread.
class StreamRunner : private OutputOwner {
 public:
  // Opens devices, memory and the sockets; nothing flows. On error everything is closed again.
  static Result<std::unique_ptr<StreamRunner>> Open(StreamPlan plan, StreamParts parts, StreamLimits limits = {});
  // Stops.
  ~StreamRunner() override;

  // Starts the thread; capture begins at once, or when `consumers` are subscribed, those of all outputs together. If
  // they are not within `limit`, the stream fails with kTimeout.
  Status Start(uint32_t consumers, std::chrono::nanoseconds limit);

  // Readable from the moment that the stream has ended or failed. Borrowed.
  int done_fd() const { return done_fd_.get(); }

  // The beginning of Stop, without waiting: so that several streams end at the same time. Any thread.
  void RequestStop();

  // Stops capture, delivers what is inside, closes. Idempotent. The stream's failure, if it had one: the loss of one
  // output among several is none.
  Status Stop();

  // Whether the encoder of the output takes another bit rate without a restart; SetBitrate does that, from the next
  // frame on, and returns when the encoder has it. kNotFound: no such output; else what the encoder says. Not during
  // Start and Stop.
  bool TakesBitrate(const std::string& output) const;
  Status SetBitrate(const std::string& output, uint32_t bits_per_second);

  // Numbers as of now (answered by the stream's thread), one entry per output in the order of the plan; the final ones
  // after Stop.
  std::vector<StreamStatus> Snapshot();

 private:
  // Where the stream's thread is on its way from start to end.
  enum class Phase : uint8_t { kWaiting, kFlowing, kStoppingCapture, kConverting, kDraining, kDelivering, kDone };

  StreamRunner(StreamPlan plan, StreamParts parts, StreamLimits limits);

  // Opening, in this order (stream_open.cc).
  Status OpenCapture();
  Status CheckCapture(vstream_capture_config& config) const;
  Status OpenOutputs();
  Status MakePools();
  Status AttachAll();
  Status AnnounceSets();
  Error InCapture(Error error) const;

  // The stream's thread: its loop, its beginning and end (stream.cc).
  void Run();
  void Wait(int timeout_ms);
  void Tick();
  void Advance();
  void Enter(Phase phase, std::chrono::nanoseconds limit);
  template <class Predicate>
  bool AllOutputs(Predicate predicate) const;
  void Finish();
  void FailWith(Error error);
  void CheckStuck();
  void Check(const Status& status);
  void UpdateStatus();
  StreamState StateNow() const;
  void Tell(const char* type, bool warning, std::string text);

  // As the owner of the outputs.
  void OnDefect(Error error) override { FailWith(std::move(error)); }
  void OnOutputLost(const std::string& output, Error error) override;
  void OnEvent(RuntimeEvent event) override;

  // The same thread at the source (stream_source.cc). HandleCapture takes a bounded number of events; true if there may
  // be more, false if it is safe to sleep.
  void AwaitConsumers(bool late, bool stop);
  void BeginCapture();
  bool HandleCapture();
  void OnFrame(const RawFrame& frame);
  void TakeSpare();
  void GiveToDevice(uint32_t id);

  const StreamPlan plan_;
  StreamParts parts_;
  const StreamLimits limits_;

  // In the order of a frame's way. Opened from the source to the sink, since each needs the layout before it; closed in
  // the same order, so that nothing arrives where nobody is left.
  std::unique_ptr<CaptureStage> capture_;
  std::unique_ptr<Pool> captured_;  // outputs without a converter publish from it
  std::vector<std::unique_ptr<Output>> outputs_;

  vstream_capture_config capture_config_{};
  uint32_t device_buffers_ = 0;  // queued to the device from the start

  // Of the stream's thread.
  Phase phase_ = Phase::kWaiting;
  int64_t phase_deadline_ns_ = 0;
  UniqueFd epoll_;
  std::vector<bool> transport_ready_;  // per output
  uint32_t wait_for_ = 0;
  std::optional<uint32_t> spare_;  // filled in advance, so that publishing does not wait for a reclaim
  std::optional<uint64_t> last_device_sequence_;
  bool capture_open_ = true, ended_ = false;
  std::optional<Error> failure_;
  int64_t started_ns_ = 0;
  std::vector<StuckCall> stuck_;  // of the capture

  std::thread thread_;
  bool closed_ = false;
  UniqueFd wake_fd_;
  UniqueFd done_fd_;
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> running_{false};     // the thread answers Snapshot
  std::atomic<bool> phase_done_{false};  // ... no longer
  std::mutex status_mutex_;
  std::condition_variable status_done_;
  bool status_wanted_ = false;        // guarded by status_mutex_
  std::vector<StreamStatus> status_;  // guarded by status_mutex_
};

}  // namespace videostream

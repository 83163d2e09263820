// SPDX-License-Identifier: Apache-2.0
// One output of a stream: (converter ->) transport, and encoder -> transport, with the buffers between them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/frame/pool.h"
#include "core/pipeline/flow.h"
#include "core/pipeline/job_slots.h"
#include "core/pipeline/pool_setup.h"
#include "core/pipeline/rate_limiter.h"
#include "core/pipeline/stages.h"
#include "core/planner/plan.h"
#include "core/transport/transport.h"
#include "videostream/runtime.hpp"

namespace videostream {

// How to make each instance of one output; called on the thread that will drive it (the transport: on the caller's of
// StreamRunner::Open). Empty where the plan has no such slot.
struct OutputParts {
  std::function<Result<std::unique_ptr<Allocator>>()> allocator;
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

// "backend/device", as it is shown.
std::string NameOf(const Choice& choice);

// The stream, as its outputs see it. Called on the stream's thread.
class OutputOwner {
 public:
  virtual ~OutputOwner() = default;
  OutputOwner(const OutputOwner&) = delete;
  OutputOwner& operator=(const OutputOwner&) = delete;

  // One of our own invariants is broken: the stream ends.
  virtual void OnDefect(Error error) = 0;
  // An output delivers nothing any more: its converter or its transport is gone.
  virtual void OnOutputLost(const std::string& output, Error error) = 0;
  // sequence, time and stream are the receiver's to fill in.
  virtual void OnEvent(RuntimeEvent event) = 0;

 protected:
  OutputOwner() = default;
};

// Threads: opening and closing belong to the owner's thread while no frame flows, everything else to the stream's
// thread. Nothing here waits for a device or a consumer. Each captured frame is counted exactly once: published,
// dropped for a reason, or in flight (INV-11), whatever becomes of the output.
//
// An output that loses its encoder goes on without packets. One that loses its converter or its transport is lost: it
// counts what it would have published as dropped, lets its consumers take what is there, and says goodbye to them.
class Output {
 public:
  // `plan`, `limits` and `owner` outlive it.
  Output(std::string stream_name, const OutputPlan& plan, OutputParts parts, const StreamLimits& limits,
         OutputOwner& owner);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // ---- opening, in this order (output_open.cc). Messages name the slot.
  // Makes and configures converter, encoder and transport.
  Status OpenStations(const vstream_capture_config& capture);
  bool converts() const { return plan_.converter.has_value(); }
  Transport* transport() const { return transport_.get(); }
  // What it adds to the pool of captured buffers; `alone`: the stream has no other output.
  void AddCaptured(PoolSum& sum, uint32_t& memory, bool alone) const;
  // A pool by this output's allocator, which is made when it is first needed.
  Result<std::unique_ptr<Pool>> MakePool(PoolMaker& maker, PoolMaker::Wish wish);
  // Its own pools. `captured`: what it converts from; else what it publishes, as number `index` of that pool's
  // transports, `sum` being how the pool came about.
  Status MakePools(PoolMaker& maker, Pool& captured, uint32_t index, const PoolSum& sum, bool alone);
  Status AttachAll();
  Status AnnounceSets();

  // ---- frames (output_frames.cc)
  // The device has lost `count` frames before the next one.
  void OnGap(uint64_t count);
  // A frame that no output gets.
  void Miss(const vstream_frame& record, uint32_t reason);
  // A captured frame, which the caller holds as a user until this returns.
  void Take(const RawFrame& frame);
  // After Take, when the device has what it needs: work that consumers need not wait for.
  void AfterFrame();
  // Takes a bounded number of the stations' events; true if there may be more, false if it is safe to sleep.
  bool HandleStations();

  // ---- beside the frames (output.cc)
  void HandleTransport();
  void CheckStuck(int64_t before_ns);
  // Goes on with its goodbye if it is lost.
  void Tick(int64_t now_ns);
  bool lost() const { return lost_; }
  // Descriptors to wait for; -1 where there is none.
  std::array<int, 2> StationFds() const;
  Result<int> TransportFd() const;
  size_t consumer_count() const;
  // Everything but name, state, error of the stream, its times and its capture.
  StreamStatus Now() const;
  const std::string& name() const { return plan_.name; }
  // See StreamRunner; the owner's thread, also while frames flow.
  bool TakesBitrate() const { return takes_bitrate_ && !encoder_->abandoned(); }
  Status SetBitrate(uint32_t bits_per_second);
  // For StreamRunner::Open's own errors, too: "slot 'front.full.encoder': ...".
  Error InSlot(const char* kind, Error error) const;

  // ---- the end, in this order
  bool Converting() const { return conversions_.size() != 0; }
  void DropConversions();
  void BeginDrain();
  bool Drained() const { return !encoder_ || !encoder_open_; }
  void DropEncodings();
  void BeginClosing();
  bool EveryoneHasCaughtUp() const;
  // The slots whose backends hang; their threads are abandoned. Idempotent.
  std::vector<std::string> CloseStations();
  void CloseTransport();
  uint64_t UnaccountedFrames() const { return frames_.in_flight(); }
  uint64_t UnaccountedPackets() const { return packets_.in_flight(); }

 private:
  struct Conversion {
    uint32_t source_id = 0, target_id = 0;
    vstream_frame record{};
  };
  struct Encoding {
    uint32_t input_id = 0, packet_id = 0;
  };

  Status OpenConverter(const vstream_capture_config& capture);
  Status OpenEncoder();
  Status CheckStrides() const;
  uint32_t ConverterJobs() const { return converter_ ? converter_needs_.max_jobs : 0; }
  uint32_t EncoderJobs() const { return encoder_ ? encoder_needs_.max_jobs : 0; }

  void Drop(const vstream_frame& record, uint32_t reason);
  bool HasRoom();
  std::optional<uint32_t> Acquire(Pool& pool);
  void Convert(const RawFrame& frame);
  bool HandleConverter();
  void OnConverted(const vstream_converter_result& result);
  void PublishFrame(vstream_frame record);
  void Encode(const vstream_frame& record);
  bool HandleEncoder();
  void OnEncoded(const Encoder::Done& done);

  void OnTransportEvent(const vstream_transport_event& event);
  void Lose(Error error, uint32_t reason);
  void LoseEncoder(const Error& error);
  void Stuck(StuckCall call);
  void Tell(const char* type, bool warning, uint32_t consumer, std::string text);
  void Check(const Status& status);
  void CheckTransport(const Status& status);
  FlowStatus FlowNow(const Flow& flow, const Pool& pool) const;

  const std::string stream_name_;
  const OutputPlan& plan_;
  const OutputParts parts_;
  const StreamLimits& limits_;
  OutputOwner& owner_;

  // In the order of a frame's way.
  std::unique_ptr<AllocatorStage> allocator_;  // only while opening
  Pool* captured_ = nullptr;
  std::unique_ptr<ConverterStage> converter_;
  std::unique_ptr<Pool> converted_;
  std::unique_ptr<EncoderStage> encoder_;
  std::unique_ptr<Pool> packet_pool_;
  std::unique_ptr<Transport> transport_;
  Pool* published_ = nullptr;     // converted_ or captured_
  uint32_t transport_index_ = 0;  // in that pool
  uint32_t quota_ = 0;            // buffers of a shared pool that may stay published here; 0: the pool is its own

  vstream_layout layout_{};  // of what is published
  vstream_colorimetry color_{};
  vstream_ratio rate_{};
  vstream_converter_needs converter_needs_{};
  vstream_encoder_needs encoder_needs_{};
  vstream_transport_info transport_info_{};
  PoolSum pool_sum_;

  RateLimiter limiter_;
  Flow frames_, packets_;
  uint64_t sequence_[VSTREAM_STREAMS] = {};
  uint64_t cookie_ = 0;
  JobSlots<Conversion> conversions_;
  JobSlots<Encoding> encodings_;
  bool discontinuity_ = false;  // to be told with the next frame
  bool force_key_ = false;
  bool takes_bitrate_ = false;  // set while opening
  bool encoder_open_ = true, draining_ = false;
  bool lost_ = false, closing_ = false;
  uint32_t lost_reason_ = 0;
  int64_t goodbye_ns_ = 0;  // of a lost output, at the latest
  std::string degraded_;    // what was lost while the stream goes on
  int64_t first_frame_ns_ = 0;
  std::vector<StuckCall> stuck_;
};

}  // namespace videostream

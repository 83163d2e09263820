// SPDX-License-Identifier: Apache-2.0
// The stream's thread: moves frames from station to station and never waits for one of them.
#include "core/pipeline/stream.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"

namespace videostream {
namespace {

constexpr const char* kTopic = "core.pipeline";
constexpr int kTickMs = 100;        // for what no fd announces: stuck calls, deadlines of the end
constexpr int kDeliveryTickMs = 5;  // the end: consumers tell in their pages how far they are

void Signal(const UniqueFd& fd) {
  const uint64_t one = 1;
  (void)!write(fd.get(), &one, sizeof one);
}

bool Watch(const UniqueFd& epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Stream::~Stream() { (void)Stop(); }

Status Stream::Start(uint32_t consumers, std::chrono::nanoseconds limit) {
  if (thread_.joinable()) return Fail(Code::kInternal, "stream '" + plan_.name + "' is started twice");
  auto transport_fd = transport_->PollFd();
  if (!transport_fd) return InSlot("transport", std::move(transport_fd.error()));
  transport_fd_ = *transport_fd;
  bool watched = Watch(epoll_, wake_fd_.get()) && Watch(epoll_, *transport_fd) && Watch(epoll_, capture_->event_fd());
  if (converter_) watched = watched && Watch(epoll_, converter_->event_fd());
  if (encoder_) watched = watched && Watch(epoll_, encoder_->event_fd());
  if (!watched) return ErrnoError(errno, "stream '" + plan_.name + "': epoll_ctl");
  wait_for_ = consumers;
  Enter(Phase::kWaiting, limit);
  thread_ = std::thread([this] { Run(); });
  return {};
}

Status Stream::Stop() {
  if (thread_.joinable()) {
    stop_requested_.store(true, std::memory_order_release);
    Signal(wake_fd_);
    thread_.join();
  }
  // The source first, the sink last: nothing arrives where nobody is left, and consumers hear goodbye after the last
  // frame.
  if (capture_ && !capture_->Close(limits_.call)) Note("capture", "hangs in its backend; its thread is abandoned");
  if (converter_ && !converter_->Close(limits_.call))
    Note("converter", "hangs in its backend; its thread is abandoned");
  if (encoder_ && !encoder_->Close(limits_.call)) Note("encoder", "hangs in its backend; its thread is abandoned");
  transport_.reset();
  if (failure_) return *failure_;
  return {};
}

StreamStatus Stream::Snapshot() {
  std::unique_lock lock(status_mutex_);
  if (phase_done_.load(std::memory_order_acquire) || !running_.load(std::memory_order_acquire)) return status_;
  status_wanted_ = true;
  Signal(wake_fd_);
  // Bounded: a stream that is about to end answers with what it wrote last.
  status_done_.wait_for(lock, std::chrono::milliseconds(500), [this] { return !status_wanted_; });
  return status_;
}

void Stream::Run() {
  running_.store(true, std::memory_order_release);
  while (phase_ != Phase::kDone) {
    // Take everything there is before sleeping; each station says whether it is safe to sleep.
    bool more = HandleCapture();
    if (converter_) more = HandleConverter() || more;
    if (encoder_) more = HandleEncoder() || more;
    Wait(more ? 0 : phase_ == Phase::kDelivering ? kDeliveryTickMs : kTickMs);
    if (transport_ready_) HandleTransport();
    Tick();
    Advance();
  }
  Finish();
}

void Stream::Wait(int timeout_ms) {
  epoll_event events[8];
  const int count = epoll_wait(epoll_.get(), events, 8, timeout_ms);
  transport_ready_ = count == 0;  // its events are collected on every tick as well
  for (int i = 0; i < count; ++i) {
    transport_ready_ = transport_ready_ || events[i].data.fd == transport_fd_;
    if (events[i].data.fd != wake_fd_.get()) continue;
    uint64_t value;
    (void)!read(wake_fd_.get(), &value, sizeof value);
  }
}

void Stream::Tick() {
  CheckStuck();
  bool wanted;
  {
    const std::lock_guard lock(status_mutex_);
    wanted = status_wanted_;
  }
  if (wanted) UpdateStatus();
}

// ---- the source ----------------------------------------------------------------------------------------------------

void Stream::BeginCapture() {
  phase_ = Phase::kFlowing;
  started_ns_ = NowNs();
  for (uint32_t i = 0; i < device_buffers_; ++i) {
    auto id = DevicePool().Acquire();
    if (!id || !id->has_value()) return FailWith({Code::kInternal, "no buffer for the device at the start"});
    GiveToDevice(**id);
  }
  capture_->Post(StartCapture{});
}

bool Stream::HandleCapture() {
  for (int batch = 0; batch < 8; ++batch) {
    std::optional<CaptureEvent> event = capture_->Next();
    if (!event) return !capture_->Arm();
    if (const auto* frame = std::get_if<RawFrame>(&*event)) {
      OnFrame(*frame);
    } else if (auto* error = std::get_if<Error>(&*event)) {
      capture_open_ = false;
      FailWith(InSlot("capture", std::move(*error)));
    } else {
      // Ended or Stopped: either way no more frames come.
      if (std::holds_alternative<Ended>(*event)) ended_ = true;
      capture_open_ = false;
    }
  }
  return true;
}

void Stream::OnFrame(RawFrame frame) {
  vstream_frame& record = frame.record;
  Check(DevicePool().FromDevice(record.buffer_id));
  if (last_device_sequence_ != 0 && record.sequence > last_device_sequence_ + 1) {
    const uint64_t lost = record.sequence - last_device_sequence_ - 1;
    frames_flow_.In(lost);
    frames_flow_.Drop(VSTREAM_DROP_DEVICE_GAP, lost);
    record.flags |= VSTREAM_FRAME_DISCONTINUITY;
  }
  last_device_sequence_ = record.sequence;
  frames_flow_.In();

  // The device gets a buffer back for the one that it gave. If there is none, the frame itself has to serve.
  if (!spare_) {
    if (auto id = DevicePool().Acquire(); id) spare_ = *id;
  }
  const bool damaged = (record.flags & VSTREAM_FRAME_CORRUPTED) != 0;
  if (damaged || !spare_) {
    frames_flow_.Drop(damaged ? VSTREAM_DROP_DEVICE_ERROR : VSTREAM_DROP_NO_FREE_BUFFER);
    return GiveToDevice(record.buffer_id);
  }
  if (converter_)
    Convert(frame);
  else
    PublishFrame(record);
  FeedDevice();
}

// After publishing, so that consumers do not wait for it.
void Stream::FeedDevice() {
  if (!spare_) return;
  GiveToDevice(*spare_);
  spare_.reset();
  if (auto next = DevicePool().Acquire(); next) spare_ = *next;
}

// `id` is in use by one user: by nobody else than the caller.
void Stream::GiveToDevice(uint32_t id) {
  if (!capture_open_ || phase_ != Phase::kFlowing) return Check(DevicePool().Release(id));
  Check(DevicePool().ToDevice(id));
  if (!capture_->Post(QueueBuffer{id}))
    FailWith({Code::kInternal, "the mailbox of '" + capture_->slot() + "' is full"});
}

// ---- the converter -------------------------------------------------------------------------------------------------

void Stream::Convert(const RawFrame& frame) {
  const auto drop = [&](uint32_t reason) {
    frames_flow_.Drop(reason);
    Check(captured_->Release(frame.record.buffer_id));
  };
  if (converter_->abandoned()) return drop(VSTREAM_DROP_CONVERT_ERROR);
  if (converting_.size() >= converter_needs_.max_jobs) return drop(VSTREAM_DROP_NO_FREE_BUFFER);
  auto target = published_->Acquire();
  if (!target || !target->has_value()) return drop(VSTREAM_DROP_NO_FREE_BUFFER);
  const uint64_t cookie = ++cookie_;
  converting_[cookie] = {frame.record.buffer_id, **target, frame.record};
  converter_->Post({frame, **target, cookie});
}

bool Stream::HandleConverter() {
  for (int batch = 0; batch < 8; ++batch) {
    std::optional<ConvertEvent> event = converter_->Next();
    if (!event) return !converter_->Arm();
    if (const auto* result = std::get_if<vstream_converter_result>(&*event)) {
      OnConverted(*result);
    } else {
      FailWith(InSlot("converter", std::move(std::get<Error>(*event))));
      DropConversions();
    }
  }
  return true;
}

void Stream::OnConverted(const vstream_converter_result& result) {
  const auto found = converting_.find(result.cookie);
  if (found == converting_.end()) return;  // dropped when the converter failed
  const Conversion job = found->second;
  converting_.erase(found);
  Check(captured_->Release(job.source_id));
  if (result.status != VSTREAM_OK) {
    frames_flow_.Drop(VSTREAM_DROP_CONVERT_ERROR);
    Check(published_->Release(job.target_id));
    return;
  }
  vstream_frame record = job.record;
  record.buffer_id = job.target_id;
  std::copy(std::begin(result.bytes_used), std::end(result.bytes_used), std::begin(record.bytes_used));
  record.visible = {};
  record.colorimetry = published_color_;
  PublishFrame(record);
}

void Stream::DropConversions() {
  for (const auto& [cookie, job] : converting_) {
    frames_flow_.Drop(VSTREAM_DROP_CONVERT_ERROR);
    Check(captured_->Release(job.source_id));
    Check(published_->Release(job.target_id));
  }
  converting_.clear();
}

// ---- publishing and the encoder ------------------------------------------------------------------------------------

void Stream::PublishFrame(vstream_frame record) {
  const uint32_t id = record.buffer_id;
  record.sequence = sequence_[VSTREAM_STREAM_FRAMES] + 1;
  if (Status status = transport_->Publish(VSTREAM_STREAM_FRAMES, record); !status) {
    frames_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    FailWith(InSlot("transport", std::move(status.error())));
  } else {
    ++sequence_[VSTREAM_STREAM_FRAMES];
    uint64_t bytes = 0;
    for (const uint64_t used : record.bytes_used) bytes += used;
    frames_flow_.Published(bytes);
    if (first_frame_ns_ == 0) first_frame_ns_ = NowNs();
    Check(published_->MarkPublished(id, 0));
    if (encoder_) Encode(record);
  }
  Check(published_->Release(id));
}

void Stream::Encode(const vstream_frame& record) {
  packets_flow_.In();
  if (encoding_.size() >= encoder_needs_.max_jobs || encoder_->abandoned() || !encoder_open_) {
    return packets_flow_.Drop(VSTREAM_DROP_ENCODER_BUSY);
  }
  auto packet = packets_->Acquire();
  if (!packet || !packet->has_value()) return packets_flow_.Drop(VSTREAM_DROP_NO_FREE_BUFFER);
  Check(published_->Retain(record.buffer_id));
  const uint64_t cookie = ++cookie_;
  encoding_[cookie] = {record.buffer_id, **packet};
  encoder_->Post(EncodeJob{RawFrame{record}, **packet, cookie, force_key_ ? VSTREAM_ENCODE_FORCE_KEY : 0});
  force_key_ = false;
}

bool Stream::HandleEncoder() {
  for (int batch = 0; batch < 8; ++batch) {
    std::optional<EncoderEvent> event = encoder_->Next();
    if (!event) return !encoder_->Arm();
    if (const auto* done = std::get_if<Encoder::Done>(&*event)) {
      OnEncoded(*done);
    } else if (auto* error = std::get_if<Error>(&*event)) {
      LoseEncoder(InSlot("encoder", std::move(*error)));
      DropEncodings();
    } else {
      encoder_open_ = false;  // drained
    }
  }
  return true;
}

void Stream::OnEncoded(const Encoder::Done& done) {
  const auto found = encoding_.find(done.cookie);
  if (found == encoding_.end()) return;
  const Encoding job = found->second;
  encoding_.erase(found);
  Check(published_->Release(job.input_id));
  if (done.status != VSTREAM_OK) {
    packets_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    force_key_ = true;  // what follows must not refer to the lost one
    Check(packets_->Release(job.packet_id));
    return;
  }
  vstream_frame record = done.packet.record;
  record.sequence = sequence_[VSTREAM_STREAM_PACKETS] + 1;
  if (Status status = transport_->Publish(VSTREAM_STREAM_PACKETS, record); !status) {
    packets_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    FailWith(InSlot("transport", std::move(status.error())));
  } else {
    ++sequence_[VSTREAM_STREAM_PACKETS];
    packets_flow_.Published(record.bytes_used[0]);
    Check(packets_->MarkPublished(job.packet_id, 0));
  }
  Check(packets_->Release(job.packet_id));
}

void Stream::DropEncodings() {
  for (const auto& [cookie, job] : encoding_) {
    packets_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    Check(published_->Release(job.input_id));
    Check(packets_->Release(job.packet_id));
  }
  encoding_.clear();
}

// ---- the sink ------------------------------------------------------------------------------------------------------

void Stream::HandleTransport() {
  Check(transport_->Service());
  for (int batch = 0; batch < 64; ++batch) {
    auto event = transport_->NextEvent();
    if (!event || !event->has_value()) return;
    const vstream_transport_event& what = **event;
    const std::string who = "stream '" + plan_.name + "': consumer " + std::to_string(what.consumer) + " ";
    switch (what.type) {
      case VSTREAM_EVENT_KEY_WANTED:
        force_key_ = true;
        break;
      case VSTREAM_EVENT_CONNECTED:
        Log(LogLevel::kInfo, kTopic, who + "connected: " + what.detail);
        break;
      case VSTREAM_EVENT_DISCONNECTED:
        Log(LogLevel::kInfo, kTopic, who + "disconnected: " + what.detail);
        break;
      case VSTREAM_EVENT_REFUSED:
        Log(LogLevel::kWarn, kTopic, "stream '" + plan_.name + "': refused: " + what.detail);
        break;
      case VSTREAM_EVENT_REVOKED:
        Log(LogLevel::kWarn, kTopic, who + "lost a lease: " + what.detail);
        break;
      default:
        break;
    }
  }
}

// ---- beginning, end, failure ---------------------------------------------------------------------------------------

void Stream::Enter(Phase phase, std::chrono::nanoseconds limit) {
  phase_ = phase;
  phase_deadline_ns_ = NowNs() + limit.count();
}

// Moves to the next phase when this one's work is done, or its time is up.
void Stream::Advance() {
  const bool late = NowNs() >= phase_deadline_ns_;
  const bool stop = stop_requested_.load(std::memory_order_acquire) || failure_.has_value();
  if (phase_ == Phase::kWaiting) {
    if (stop) return Enter(Phase::kDone, {});
    auto consumers = transport_->Consumers();
    const size_t count = consumers ? consumers->size() : 0;
    if (count >= wait_for_) return BeginCapture();
    if (late) {
      FailWith({Code::kTimeout, "stream '" + plan_.name + "': " + std::to_string(count) + " of " +
                                    std::to_string(wait_for_) + " consumers subscribed in time"});
    }
  }
  if (phase_ == Phase::kFlowing) {
    if (!capture_open_) {
      Enter(Phase::kConverting, limits_.drain);
    } else if (stop) {
      capture_->Post(StopCapture{});
      Enter(Phase::kStoppingCapture, limits_.call);
    }
  }
  if (phase_ == Phase::kStoppingCapture && (!capture_open_ || late)) Enter(Phase::kConverting, limits_.drain);
  if (phase_ == Phase::kConverting && (converting_.empty() || late)) {
    DropConversions();
    if (encoder_ && encoder_open_) encoder_->Post(DrainEncoder{});
    return Enter(Phase::kDraining, limits_.drain);
  }
  if (phase_ == Phase::kDraining && (!encoder_ || !encoder_open_ || late)) {
    DropEncodings();
    for (uint32_t stream = 0; stream < (encoder_ ? 2U : 1U); ++stream) {
      Check(transport_->SetState(stream, VSTREAM_TRANSPORT_STATE_CLOSING));
    }
    return Enter(Phase::kDelivering, limits_.deliver);
  }
  if (phase_ == Phase::kDelivering && (late || EveryoneHasCaughtUp())) Enter(Phase::kDone, {});
}

// What a consumer has not taken when the transport goes is lost to it.
bool Stream::EveryoneHasCaughtUp() const {
  auto consumers = transport_->Consumers();
  if (!consumers) return true;
  return std::all_of(consumers->begin(), consumers->end(), [](const vstream_consumer& consumer) {
    return consumer.taken + std::accumulate(std::begin(consumer.skipped), std::end(consumer.skipped), uint64_t{0}) >=
           consumer.published;
  });
}

// A call past its deadline: the stage is given up; the stream goes on where it can.
void Stream::CheckStuck() {
  const int64_t before = NowNs() - limits_.call.count();
  const auto check = [&](auto& stage, const char* kind) {
    if (!stage || stage->abandoned()) return false;
    const std::optional<RunningCall> call = stage->RunningSince(before);
    if (!call) return false;
    stage->Abandon();
    stuck_.push_back({stage->slot(), call->name, call->since_ns});
    Note(kind, std::string("'") + call->name + "' does not return; the backend is abandoned");
    return true;
  };
  if (check(capture_, "capture")) {
    capture_open_ = false;
    FailWith(InSlot("capture", {Code::kTimeout, "a call of the backend does not return"}));
  }
  if (check(converter_, "converter")) {
    FailWith(InSlot("converter", {Code::kTimeout, "a call of the backend does not return"}));
  }
  // The buffers that it holds stay with it: the pool was made with room for them.
  if (check(encoder_, "encoder"))
    LoseEncoder(InSlot("encoder", {Code::kTimeout, "a call of the backend does not return"}));
}

// Frames go on without their packets, which are counted as encoder_busy.
void Stream::LoseEncoder(const Error& error) {
  encoder_open_ = false;
  degraded_ = error.message + "; frames go on without packets";
  Log(LogLevel::kError, kTopic, degraded_);
}

void Stream::Finish() {
  // INV-11, at every exit. What an abandoned encoder holds was counted as dropped in DropEncodings.
  if (frames_flow_.in_flight() != 0 || packets_flow_.in_flight() != 0) {
    FailWith({Code::kInternal,
              "stream '" + plan_.name + "': the books do not balance: " + std::to_string(frames_flow_.in_flight()) +
                  " frames and " + std::to_string(packets_flow_.in_flight()) + " packets are unaccounted for"});
  }
  UpdateStatus();
  phase_done_.store(true, std::memory_order_release);
  status_done_.notify_all();
  Signal(done_fd_);
}

void Stream::FailWith(Error error) {
  if (failure_) return;
  failure_ = std::move(error);
  Log(LogLevel::kError, kTopic, failure_->message + "; stream '" + plan_.name + "' ends");
}

void Stream::Note(const char* slot, const std::string& text) const {
  Log(LogLevel::kWarn, kTopic, InSlot(slot, {Code::kInternal, text}).message);
}

// Our own invariants: a pool transition that is refused is a defect of this file.
void Stream::Check(const Status& status) {
  if (!status) FailWith(status.error());
}

void Stream::UpdateStatus() {
  StreamStatus next;
  next.name = plan_.name;
  next.output = plan_.output;
  next.started_ns = started_ns_;
  next.first_frame_ns = first_frame_ns_;
  switch (phase_) {
    case Phase::kWaiting:
      next.state = StreamState::kStarting;
      break;
    case Phase::kDone:
      next.state = ended_ ? StreamState::kEnded : StreamState::kStopped;
      break;
    default:
      next.state = StreamState::kRunning;
      break;
  }
  next.error = degraded_;
  if (failure_) {
    next.state = StreamState::kFailed;
    next.error = failure_->message;
  }
  const auto name = [](const Choice& choice) {
    return choice.device.empty() ? choice.backend : choice.backend + "/" + choice.device;
  };
  next.allocator = name(plan_.allocator);
  next.capture = name(plan_.capture);
  if (plan_.converter) next.converter = name(*plan_.converter);
  if (plan_.encoder) next.encoder = name(*plan_.encoder);
  next.transport = name(plan_.transport);
  next.socket = plan_.publish.socket_path;
  next.pool_sum = pool_sum_.Text();
  next.frames = FlowNow(frames_flow_, *published_);
  if (packets_) next.packets = FlowNow(packets_flow_, *packets_);
  if (auto consumers = transport_->Consumers()) next.consumers = std::move(*consumers);
  if (auto info = transport_->Info()) next.consumers_refused = info->refused;
  next.stuck = stuck_;
  {
    const std::lock_guard lock(status_mutex_);
    status_ = std::move(next);
    status_wanted_ = false;
  }
  status_done_.notify_all();
}

FlowStatus Stream::FlowNow(const Flow& flow, const Pool& pool) const {
  FlowStatus status;
  status.in = flow.in();
  status.published = flow.published();
  status.in_flight = flow.in_flight();
  status.dropped = flow.dropped();
  status.bytes = flow.bytes();
  const Pool::Counts counts = pool.counts();
  status.buffers = static_cast<uint32_t>(pool.ids().size());
  status.buffers_free = counts.free;
  const vstream_layout& layout = pool.buffer(pool.ids().front())->layout();
  status.fourcc = layout.fourcc;
  status.width = layout.width;
  status.height = layout.height;
  status.rate = capture_config_.rate;
  return status;
}

}  // namespace videostream

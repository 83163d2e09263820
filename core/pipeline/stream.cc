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

// What a consumer has not taken when the transport goes is lost to it, and what it still holds becomes void.
bool Stream::EveryoneHasCaughtUp() const {
  auto consumers = transport_->Consumers();
  if (!consumers) return true;
  return std::all_of(consumers->begin(), consumers->end(), [](const vstream_consumer& consumer) {
    return consumer.leases_held == 0 &&
           consumer.taken + std::accumulate(std::begin(consumer.skipped), std::end(consumer.skipped), uint64_t{0}) >=
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
  next.output = output_.name;
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
  next.allocator = name(output_.allocator);
  next.capture = name(plan_.capture);
  if (output_.converter) next.converter = name(*output_.converter);
  if (output_.encoder) next.encoder = name(*output_.encoder);
  next.transport = name(output_.transport);
  next.socket = output_.publish.socket_path;
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

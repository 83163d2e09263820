// SPDX-License-Identifier: Apache-2.0
// The stream's thread: moves frames from station to station and never waits for one of them.
#include "core/pipeline/stream.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"

namespace videostream {
namespace {

constexpr auto kTopic = LogTopic(__FILE__);
constexpr int kTickMs = 100;        // for what no fd announces: stuck calls, deadlines of the end
constexpr int kDeliveryTickMs = 5;  // the end: consumers tell in their pages how far they are

// Tags of what is waited for; kTransport + i is the transport of output i.
constexpr uint32_t kWakeUp = 0, kStation = 1, kTransport = 2;

void Signal(const UniqueFd& fd) {
  const uint64_t one = 1;
  (void)!write(fd.get(), &one, sizeof one);
}

bool Watch(const UniqueFd& epoll, int fd, uint32_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = tag;
  return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

StreamRunner::~StreamRunner() { (void)Stop(); }

Status StreamRunner::Start(uint32_t consumers, std::chrono::nanoseconds limit) {
  if (thread_.joinable()) return Fail(Code::kInternal, "stream '" + plan_.name + "' is started twice");
  bool watched = Watch(epoll_, wake_fd_.get(), kWakeUp) && Watch(epoll_, capture_->event_fd(), kStation);
  for (uint32_t i = 0; i < outputs_.size(); ++i) {
    auto transport_fd = outputs_[i]->TransportFd();
    if (!transport_fd) return transport_fd.error();
    watched = watched && Watch(epoll_, *transport_fd, kTransport + i);
    for (const int fd : outputs_[i]->StationFds()) watched = watched && (fd < 0 || Watch(epoll_, fd, kStation));
  }
  if (!watched) return ErrnoError(errno, "stream '" + plan_.name + "': epoll_ctl");
  wait_for_ = consumers;
  Enter(Phase::kWaiting, limit);
  auto thread = StartThread("stream '" + plan_.name + "'", [this] { Run(); });
  if (!thread) return thread.error();
  thread_ = std::move(*thread);
  return {};
}

void StreamRunner::RequestStop() {
  stop_requested_.store(true, std::memory_order_release);
  Signal(wake_fd_);
}

Status StreamRunner::Stop() {
  if (thread_.joinable()) {
    RequestStop();
    thread_.join();
  }
  if (failure_ && closed_) return *failure_;
  if (std::exchange(closed_, true)) return {};
  // The source first, the sinks last: nothing arrives where nobody is left, and consumers hear goodbye after the last
  // frame.
  std::vector<std::string> hanging;
  if (capture_ && !capture_->Close(limits_.call)) hanging.push_back(capture_->slot());
  for (const auto& output : outputs_) std::ranges::move(output->CloseStations(), std::back_inserter(hanging));
  for (const auto& output : outputs_) output->CloseTransport();
  for (const std::string& slot : hanging) {
    Log(LogLevel::kWarn, kTopic, "slot '" + slot + "': hangs in its backend; its thread is abandoned");
  }
  if (failure_) return *failure_;
  return {};
}

bool StreamRunner::TakesBitrate(const std::string& output) const {
  const auto found = std::ranges::find(outputs_, output, [](const auto& one) { return one->name(); });
  return found != outputs_.end() && (*found)->TakesBitrate();
}

Status StreamRunner::SetBitrate(const std::string& output, uint32_t bits_per_second) {
  const auto found = std::ranges::find(outputs_, output, [](const auto& one) { return one->name(); });
  if (found == outputs_.end()) {
    return Fail(Code::kNotFound, "stream '" + plan_.name + "': there is no output '" + output + "'");
  }
  return (*found)->SetBitrate(bits_per_second);
}

std::vector<StreamStatus> StreamRunner::Snapshot() {
  std::unique_lock lock(status_mutex_);
  if (phase_done_.load(std::memory_order_acquire) || !running_.load(std::memory_order_acquire)) return status_;
  status_wanted_ = true;
  Signal(wake_fd_);
  // Bounded: a stream that is about to end answers with what it wrote last.
  status_done_.wait_for(lock, std::chrono::milliseconds(500), [this] { return !status_wanted_ || phase_done_; });
  return status_;
}

void StreamRunner::Run() {
  running_.store(true, std::memory_order_release);
  bool moved = true;  // to another phase, which may have work at once
  while (phase_ != Phase::kDone) {
    // Take everything there is before sleeping; each station says whether it is safe to sleep.
    bool more = HandleCapture();
    for (const auto& output : outputs_) more = output->HandleStations() || more;
    Wait(more || moved ? 0 : phase_ == Phase::kDelivering ? kDeliveryTickMs : kTickMs);
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (transport_ready_[i]) outputs_[i]->HandleTransport();
    }
    Tick();
    const Phase before = phase_;
    Advance();
    moved = phase_ != before;
  }
  Finish();
}

void StreamRunner::Wait(int timeout_ms) {
  epoll_event events[16];
  const int count = epoll_wait(epoll_.get(), events, 16, timeout_ms);
  // The transports' events are collected on every tick as well.
  transport_ready_.assign(outputs_.size(), count == 0);
  for (int i = 0; i < count; ++i) {
    const uint32_t tag = events[i].data.u32;
    if (tag >= kTransport) transport_ready_[tag - kTransport] = true;
    if (tag != kWakeUp) continue;
    uint64_t value;
    (void)!read(wake_fd_.get(), &value, sizeof value);
  }
}

void StreamRunner::Tick() {
  CheckStuck();
  const int64_t now = NowNs();
  for (const auto& output : outputs_) output->Tick(now);
  bool wanted;
  {
    const std::lock_guard lock(status_mutex_);
    wanted = status_wanted_;
  }
  if (wanted) UpdateStatus();
}

// ---- beginning, end, failure ---------------------------------------------------------------------------------------

void StreamRunner::Enter(Phase phase, std::chrono::nanoseconds limit) {
  phase_ = phase;
  phase_deadline_ns_ = NowNs() + limit.count();
}

template <class Predicate>
bool StreamRunner::AllOutputs(Predicate predicate) const {
  return std::ranges::all_of(outputs_, [&](const auto& output) { return predicate(*output); });
}

// Moves to the next phase when this one's work is done in every output, or its time is up.
void StreamRunner::Advance() {
  const bool late = NowNs() >= phase_deadline_ns_;
  const bool stop = stop_requested_.load(std::memory_order_acquire) || failure_.has_value();
  if (phase_ == Phase::kWaiting) AwaitConsumers(late, stop);
  if (phase_ == Phase::kFlowing) {
    if (!capture_open_) {
      Enter(Phase::kConverting, limits_.drain);
    } else if (stop) {
      capture_->Post(StopCapture{});
      Enter(Phase::kStoppingCapture, limits_.call);
    }
  }
  if (phase_ == Phase::kStoppingCapture && (!capture_open_ || late)) Enter(Phase::kConverting, limits_.drain);
  if (phase_ == Phase::kConverting && (late || AllOutputs([](const Output& o) { return !o.Converting(); }))) {
    for (const auto& output : outputs_) {
      output->DropConversions();
      output->BeginDrain();
    }
    return Enter(Phase::kDraining, limits_.drain);
  }
  if (phase_ == Phase::kDraining && (late || AllOutputs([](const Output& o) { return o.Drained(); }))) {
    for (const auto& output : outputs_) {
      output->DropEncodings();
      output->BeginClosing();
    }
    return Enter(Phase::kDelivering, limits_.deliver);
  }
  if (phase_ == Phase::kDelivering && (late || AllOutputs([](const Output& o) { return o.EveryoneHasCaughtUp(); }))) {
    Enter(Phase::kDone, {});
  }
}

// A call past its deadline: the stage is given up; the stream goes on where it can.
void StreamRunner::CheckStuck() {
  const int64_t before = NowNs() - limits_.call.count();
  if (auto call = AbandonIfStuck(capture_.get(), before)) {
    capture_open_ = false;
    const std::string text =
        "'" + call->call + "' of slot '" + call->slot + "' does not return; the backend is abandoned";
    Log(LogLevel::kWarn, kTopic, text);
    Tell("call_stuck", true, text);
    stuck_.push_back(std::move(*call));
    FailWith(InCapture({Code::kTimeout, "a call of the backend does not return"}));
  }
  for (const auto& output : outputs_) output->CheckStuck(before);
}

void StreamRunner::OnOutputLost(const std::string& output, Error error) {
  if (AllOutputs([](const Output& o) { return o.lost(); })) return FailWith(std::move(error));
  const std::string text = error.message + "; the stream goes on without output '" + output + "'";
  Log(LogLevel::kError, kTopic, text);
  RuntimeEvent event;
  event.warning = true;
  event.type = "output_lost";
  event.output = output;
  event.text = text;
  OnEvent(std::move(event));
}

void StreamRunner::Finish() {
  // INV-11, at every exit. What an abandoned station holds was counted as dropped before.
  for (const auto& output : outputs_) {
    if (output->UnaccountedFrames() == 0 && output->UnaccountedPackets() == 0) continue;
    FailWith({Code::kInternal,
              "stream '" + plan_.name + "': the books do not balance: " + std::to_string(output->UnaccountedFrames()) +
                  " frames and " + std::to_string(output->UnaccountedPackets()) + " packets are unaccounted for"});
  }
  if (failure_)
    Tell("stream_failed", true, failure_->message);
  else if (ended_)
    Tell("stream_ended", false, "the source has ended");
  else
    Tell("stream_stopped", false, "stopped on request");
  UpdateStatus();
  {
    const std::lock_guard lock(status_mutex_);
    phase_done_.store(true, std::memory_order_release);
  }
  status_done_.notify_all();
  Signal(done_fd_);
}

void StreamRunner::FailWith(Error error) {
  if (failure_) return;
  failure_ = std::move(error);
  Log(LogLevel::kError, kTopic, failure_->message + "; stream '" + plan_.name + "' ends");
}

// Our own invariants: a pool transition that is refused is a defect of this folder.
void StreamRunner::Check(const Status& status) {
  if (!status) FailWith(status.error());
}

// ---- what is told --------------------------------------------------------------------------------------------------

void StreamRunner::Tell(const char* type, bool warning, std::string text) {
  RuntimeEvent event;
  event.warning = warning;
  event.type = type;
  event.text = std::move(text);
  OnEvent(std::move(event));
}

void StreamRunner::OnEvent(RuntimeEvent event) {
  if (!parts_.on_event) return;
  event.stream = plan_.name;
  parts_.on_event(std::move(event));
}

StreamState StreamRunner::StateNow() const {
  if (failure_) return StreamState::kFailed;
  switch (phase_) {
    case Phase::kWaiting:
      return StreamState::kStarting;
    case Phase::kDone:
      return ended_ ? StreamState::kEnded : StreamState::kStopped;
    default:
      return StreamState::kRunning;
  }
}

void StreamRunner::UpdateStatus() {
  std::vector<StreamStatus> next;
  next.reserve(outputs_.size());
  for (const auto& output : outputs_) {
    StreamStatus status = output->Now();
    status.name = plan_.name;
    status.state = StateNow();
    if (failure_) status.error = failure_->message;
    status.started_ns = started_ns_;
    status.capture = NameOf(plan_.capture);
    status.stuck.insert(status.stuck.begin(), stuck_.begin(), stuck_.end());
    next.push_back(std::move(status));
  }
  {
    const std::lock_guard lock(status_mutex_);
    status_ = std::move(next);
    status_wanted_ = false;
  }
  status_done_.notify_all();
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Waiting: by futex on the stream page, or through one descriptor for event loops.
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "client/connection.h"
#include "videostream/backend.h"

namespace videostream::client_internal {
namespace {

constexpr int64_t kSliceNs = 100'000'000;        // a futex wait does not see the death of the producer
constexpr uint32_t kWaitsPerLook = 64;           // at the socket, while frames keep coming
constexpr int kLateLooks = 64;                   // after the time is over, if each finds that something has happened
constexpr int64_t kKeyIntervalNs = 500'000'000;  // between two requests for the same key frame

int64_t Deadline(int64_t now_ns, int64_t timeout_ns) {
  constexpr int64_t kNever = INT64_MAX;
  return timeout_ns > kNever - now_ns ? kNever : now_ns + std::max<int64_t>(timeout_ns, 0);
}

}  // namespace

bool Connection::Connect(int64_t timeout_ns) {
  int64_t now = NowNs();
  const int64_t deadline = Deadline(now, timeout_ns);
  for (;; now = NowNs()) {
    Advance(now);
    if (session_ != nullptr) return true;
    if (Over() || now >= deadline) return false;
    Sleep(0, now, deadline);
  }
}

std::shared_ptr<Lease> Connection::Wait(int64_t timeout_ns) {
  int64_t now = NowNs();
  const int64_t deadline = Deadline(now, timeout_ns);
  if (session_ != nullptr) SetError(VSTREAM_OK, {});
  drained_ = false;
  int late = 0;
  for (;; now = NowNs()) {
    Advance(now);
    if (Over()) {
      ClearTimer();
      return nullptr;
    }
    uint32_t seen = 0;
    if (session_ != nullptr) {
      std::shared_ptr<Lease> lease;
      switch (Look(&lease, &seen)) {
        case Step::kFrame:
          return lease;
        case Step::kGiveUp:
          return nullptr;
        case Step::kRetry:
          // Of a producer whose head never stands still there is always more to look at.
          if (now < deadline || ++late < kLateLooks) continue;
          SetTimer(1);
          return nullptr;
        case Step::kWait:
          break;
      }
    }
    if (now >= deadline) {
      if (session_ != nullptr && !epoll_.valid() && !session_->ReadSocket()) {
        EndSession();
      }
      if (session_ == nullptr) SetTimer(handshake_.has_value() ? handshake_->deadline_ns() : next_attempt_ns_);
      return nullptr;
    }
    Sleep(seen, now, deadline);
  }
}

Connection::Step Connection::Look(std::shared_ptr<Lease>* out, uint32_t* seen) {
  Session& session = *session_;
  *seen = session.header().head.load(std::memory_order_seq_cst);
  switch (session.Take(out)) {
    case Session::Took::kFrame:
      last_ = (*out)->descriptor().frame_sequence;
      if (first_ == 0) first_ = last_;
      if (drained_) SetTimer(1);  // the doorbell is silent although there may be more
      // The end of the session can wait: what is in the ring is still ours to take.
      if (++waits_ % kWaitsPerLook == 0 && !session.ReadSocket()) socket_over_ = true;
      return Step::kFrame;
    case Session::Took::kHeld:
      SetError(VSTREAM_E_BUSY, "all " + std::to_string(session.leases()) +
                                   " frames that the producer leases are held; release one before waiting for another");
      return Step::kGiveUp;
    case Session::Took::kEnded:
    case Session::Took::kBroken:
      EndSession();
      return Step::kRetry;
    case Session::Took::kNothing:
      if (!socket_over_) break;
      EndSession();
      return Step::kRetry;
  }
  AskForKey(false);
  if (!epoll_.valid()) return Step::kWait;
  return Rearm(*seen) ? Step::kWait : Step::kRetry;
}

void Connection::Sleep(uint32_t seen, int64_t now_ns, int64_t until_ns) {
  wire::Rules::At(wire::Step::kWaiting);
  if (session_ == nullptr) {
    const int socket = handshake_.has_value() ? handshake_->socket() : -1;
    const int64_t next = handshake_.has_value() ? handshake_->deadline_ns() : next_attempt_ns_;
    WaitReadable(socket, std::min(until_ns, next) - now_ns);
  } else if (epoll_.valid()) {
    WaitReadable(epoll_.get(), until_ns - now_ns);
  } else if (!WaitWhile(session_->header().head, seen, std::min(until_ns - now_ns, kSliceNs)) &&
             !session_->ReadSocket()) {
    EndSession();
  }
}

void Connection::AskForKey(bool at_once) {
  if (!at_once && !session_->taker().awaiting_key()) return;
  const int64_t now = NowNs();
  if (!at_once && key_asked_ns_ != 0 && now - key_asked_ns_ < kKeyIntervalNs) return;
  key_asked_ns_ = now;
  key_wanted_ = false;
  session_->AskForKey();
}

void Connection::RequestKey() {
  key_wanted_ = session_ == nullptr;
  if (session_ != nullptr) AskForKey(true);
}

int Connection::PollFd() {
  if (epoll_.valid()) return epoll_.get();
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!epoll.valid() || !timer.valid()) {
    const int error = errno;
    const bool limit = error == EMFILE || error == ENFILE;
    SetError(VSTREAM_E_NO_MEMORY,
             "event descriptor: " + (limit ? NoDescriptorLeft(error) : std::string(std::strerror(error))));
    return -1;
  }
  epoll_ = std::move(epoll);
  timer_ = std::move(timer);
  WatchFd(timer_.get());
  if (handshake_.has_value()) WatchFd(handshake_->socket());
  if (session_ != nullptr) {
    WatchFd(session_->socket());
    WatchFd(session_->bell());
  }
  SetTimer(1);  // nobody has looked yet
  return epoll_.get();
}

bool Connection::Rearm(uint32_t seen) {
  wire::Rules::At(wire::Step::kWoken);
  if (!session_->ReadSocket()) {
    EndSession();
    return false;
  }
  DrainPipe(session_->bell());
  drained_ = true;
  ClearTimer();
  return session_->Arm(seen);
}

void Connection::SetTimer(int64_t at_ns) {
  if (!timer_.valid()) return;
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(at_ns / 1'000'000'000);
  spec.it_value.tv_nsec = static_cast<long>(at_ns % 1'000'000'000);
  timer_set_ = ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0;
}

void Connection::ClearTimer() {
  if (!timer_set_) return;
  timer_set_ = false;
  const itimerspec never{};
  ::timerfd_settime(timer_.get(), 0, &never, nullptr);  // forgets what has expired, too
}

void Connection::WatchFd(int fd) {
  if (!epoll_.valid()) return;
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Connection::UnwatchFd(int fd) {
  if (epoll_.valid()) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace videostream::client_internal

// SPDX-License-Identifier: Apache-2.0
// Waiting: by futex on the stream page, or as an event loop does.
#include <algorithm>

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

Lease* Connection::Wait(int64_t timeout_ns) {
  int64_t now = NowNs();
  const int64_t deadline = Deadline(now, timeout_ns);
  if (session_ != nullptr) SetError(VSTREAM_OK, {});
  int late = 0;
  for (;; now = NowNs()) {
    Advance(now);
    if (Over()) {
      ClearTimer();
      return nullptr;
    }
    uint32_t seen = 0;
    if (session_ != nullptr) {
      Lease* lease = nullptr;
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
      if (session_ != nullptr && !epoll_.valid() && !ReadSocket()) EndSession();
      if (session_ == nullptr) SetTimer(NextStep());
      return nullptr;
    }
    if (!Sleep(seen, now, deadline)) continue;
    // A frame, most likely: nothing comes before it, not even the time. All other outcomes are met again above.
    Lease* lease = nullptr;
    if (Look(&lease, &seen) == Step::kFrame) return lease;
  }
}

Connection::Step Connection::Look(Lease** out, uint32_t* seen) {
  Session& session = *session_;
  *seen = session.header().head.load(std::memory_order_seq_cst);
  switch (session.Take(session_, out)) {
    case Session::Took::kFrame:
      last_ = (*out)->descriptor().frame_sequence;
      if (first_ == 0) first_ = last_;
      took_ = true;
      if (epoll_.valid() && unarmed_ && !timer_set_) SetTimer(1);  // there may be more
      // The end of the session can wait: what is in the ring is still ours to take.
      if (++waits_ % kWaitsPerLook == 0 && !ReadSocket()) socket_over_ = true;
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
      // Buffers are mapped while there is time for it, not when their first frame has come.
      if (!session.HasSets() && !ReadSocket()) socket_over_ = true;
      if (!socket_over_) break;
      EndSession();
      return Step::kRetry;
  }
  AskForKey(false);
  if (!epoll_.valid()) return Step::kWait;
  return Rearm(*seen) ? Step::kWait : Step::kRetry;
}

bool Connection::Sleep(uint32_t seen, int64_t now_ns, int64_t until_ns) {
  wire::Rules::At(wire::Step::kWaiting);
  if (session_ == nullptr) {
    const int fd = handshake_.has_value() ? handshake_->socket() : watch_.fd();
    WaitReadable(fd, std::min(until_ns, NextStep()) - now_ns);
  } else if (epoll_.valid()) {
    WaitReadable(epoll_.get(), until_ns - now_ns);
  } else if (!session_->HasSets()) {
    // What comes next is no frame, but the buffers for it.
    WaitReadable(session_->socket(), std::min(until_ns - now_ns, kSliceNs));
    if (!ReadSocket()) socket_over_ = true;
  } else if (WaitWhile(session_->header().head, seen, std::min(until_ns - now_ns, kSliceNs))) {
    session_->Prefetch();
    return true;
  } else if (!ReadSocket()) {
    socket_over_ = true;
  }
  return false;
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

}  // namespace videostream::client_internal

// SPDX-License-Identifier: Apache-2.0
// Connecting, reconnecting, counting.
#include "client/connection.h"

#include <errno.h>  // program_invocation_short_name
#include <sys/un.h>

#include "videostream/backend.h"

namespace videostream::client_internal {
namespace {

// A socket is briefly closed to others while a producer starts; longer than this, and more often, it is meant.
constexpr int kMaxDenials = 10;
constexpr int64_t kDenialsNs = 1'000'000'000;
constexpr int64_t kWatchRestNs = 100'000'000;  // from the end of watching until closing costs nothing

Handshake::Wish MakeWish(std::string path, ClientOptions options) {
  return {.path = std::move(path),
          .name = options.name.empty() ? program_invocation_short_name : std::move(options.name),
          .stream = static_cast<uint32_t>(options.stream),
          .queue = options.queue};
}

}  // namespace

Connection::Connection(std::string path, ClientOptions options)
    : reconnect_(options.reconnect), wish_(MakeWish(std::move(path), std::move(options))) {
  constexpr size_t kMax = sizeof(sockaddr_un::sun_path) - 1;
  if (!wish_.path.empty() && wish_.path.size() <= kMax) return;
  state_ = Client::State::kFailed;
  SetError(VSTREAM_E_INVALID, wish_.path.empty() ? "no path given"
                                                 : "path of " + std::to_string(wish_.path.size()) +
                                                       " bytes, the kernel takes at most " + std::to_string(kMax));
}

Connection::~Connection() {
  if (session_ != nullptr) session_->Leave();
}

void Connection::SetError(int code, std::string text) {
  code_ = code;
  error_ = text.empty() ? std::move(text) : "socket '" + wish_.path + "': " + text;
}

void Connection::Advance(int64_t now_ns) {
  if (Over() || session_ != nullptr) return;
  if (!handshake_.has_value()) {
    if (watch_.open() && watch_.Stirred()) pace_.Stirred(now_ns);
    if (now_ns < pace_.next_ns()) return;
    handshake_.emplace();
    const Handshake::Progress progress = handshake_->Start(wish_, now_ns);
    if (progress != Handshake::Progress::kWaiting) return Progressed(progress, now_ns);
    if (watch_.open()) UnwatchFd(watch_.fd());  // what it tells is read when this attempt has failed
    WatchFd(handshake_->socket());
  }
  Progressed(handshake_->Continue(wish_, now_ns, void_leases_), now_ns);
}

void Connection::Progressed(Handshake::Progress progress, int64_t now_ns) {
  switch (progress) {
    case Handshake::Progress::kWaiting:
      return;
    case Handshake::Progress::kSubscribed:
      Subscribed(now_ns);
      break;
    case Handshake::Progress::kAgain:
      SetError(handshake_->code(), handshake_->why());
      TryLater(handshake_->connected(), now_ns);
      break;
    case Handshake::Progress::kHopeless:
      state_ = Client::State::kFailed;
      SetError(handshake_->code(), handshake_->why());
      CloseWatch();
      break;
  }
  handshake_.reset();
}

void Connection::Subscribed(int64_t now_ns) {
  session_ = handshake_->TakeSession();
  subscribed_ns_ = now_ns;
  state_ = Client::State::kConnected;
  SetError(VSTREAM_OK, {});
  denials_ = 0;
  pace_.Connected();
  watch_.Stop();
  if (connected_once_) {
    ++reconnects_;
    session_->FollowsAnother();
  }
  connected_once_ = true;
  WatchFd(session_->bell());
  unarmed_ = true;
  SetTimer(1);
  if (key_wanted_) RequestKey();
  if (!ReadSocket()) socket_over_ = true;  // the buffers come right behind the subscription
}

void Connection::TryLater(bool connected, int64_t now_ns) {
  if (code_ != VSTREAM_E_PERMISSION) denials_ = 0;
  if (code_ == VSTREAM_E_PERMISSION && denials_++ == 0) first_denial_ns_ = now_ns;
  if (denials_ >= kMaxDenials && now_ns - first_denial_ns_ >= kDenialsNs) {
    state_ = Client::State::kFailed;
    return CloseWatch();
  }
  if (connected) {
    pace_.Refused(now_ns, code_ == VSTREAM_E_BUSY);
  } else {
    pace_.Absent(now_ns);
  }
  // Of few descriptors none is for watching.
  if (code_ == VSTREAM_E_NO_MEMORY) return CloseWatch();
  const bool fresh = watch_.Renew(wish_.path);
  if (fresh && !connected) pace_.OnceMore(now_ns);  // what came between the attempt and now has not been seen
  if (watch_.open()) WatchFd(watch_.fd());
}

void Connection::CloseWatch() {
  if (!watch_.open()) return;
  UnwatchFd(watch_.fd());
  watch_.Close();
}

bool Connection::ReadSocket() {
  if (watch_.open() && NowNs() - subscribed_ns_ > kWatchRestNs) CloseWatch();
  return session_->ReadSocket();
}

void Connection::EndSession() {
  const int code = session_->code();
  const std::string why = session_->why();
  UnwatchFd(session_->socket());
  UnwatchFd(session_->bell());
  session_->taker().Finish();
  AddCounters(&past_);
  session_->Leave();
  session_.reset();
  socket_over_ = false;
  key_asked_ns_ = 0;
  pace_.Ended(NowNs());
  // The descriptor of a watch at rest may be the one that was missing.
  if (!reconnect_ || code == VSTREAM_E_NO_MEMORY) CloseWatch();
  state_ = reconnect_ ? Client::State::kConnecting : Client::State::kEnded;
  if (code != VSTREAM_OK || !reconnect_) SetError(code, why);
}

void Connection::AddCounters(ClientStats* stats) const {
  const wire::Taker<>& taker = session_->taker();
  stats->published += taker.published();
  stats->taken += taker.taken();
  stats->gaps += taker.gaps();
  for (uint32_t i = 0; i < VSTREAM_DROP_REASONS; ++i) stats->skipped[i] += taker.skipped(i);
}

ClientStats Connection::Stats() const {
  ClientStats stats = past_;
  if (session_ != nullptr) AddCounters(&stats);
  stats.void_leases = void_leases_->load(std::memory_order_relaxed);
  stats.reconnects = reconnects_;
  stats.first_sequence = first_;
  stats.last_sequence = last_;
  return stats;
}

}  // namespace videostream::client_internal

// SPDX-License-Identifier: Apache-2.0
// Connecting, reconnecting, counting.
#include "client/connection.h"

#include <errno.h>  // program_invocation_short_name
#include <sys/un.h>

#include <algorithm>

#include "videostream/backend.h"

namespace videostream::client_internal {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kFirstRetryNs = 20 * kMillisecond;
constexpr int64_t kLastRetryNs = 200 * kMillisecond;
// A socket is briefly closed to others while a producer starts; longer than this it is meant.
constexpr int kMaxRefusals = 10;

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
  if (handshake_.has_value()) {
    Progressed(handshake_->Continue(wish_, now_ns, void_leases_), now_ns);
  } else if (now_ns >= next_attempt_ns_) {
    handshake_.emplace();
    Handshake::Progress progress = handshake_->Start(wish_, now_ns);
    if (progress == Handshake::Progress::kWaiting) {
      WatchFd(handshake_->socket());
      progress = handshake_->Continue(wish_, now_ns, void_leases_);
    }
    Progressed(progress, now_ns);
  }
}

void Connection::Progressed(Handshake::Progress progress, int64_t now_ns) {
  switch (progress) {
    case Handshake::Progress::kWaiting:
      return;
    case Handshake::Progress::kSubscribed:
      session_ = handshake_->TakeSession();
      state_ = Client::State::kConnected;
      SetError(VSTREAM_OK, {});
      backoff_ns_ = refusals_ = 0;
      if (connected_once_) ++reconnects_;
      connected_once_ = true;
      WatchFd(session_->bell());
      SetTimer(1);
      if (key_wanted_) RequestKey();
      break;
    case Handshake::Progress::kAgain:
      refusals_ = handshake_->code() == VSTREAM_E_PERMISSION ? refusals_ + 1 : 0;
      SetError(handshake_->code(), handshake_->why());
      if (refusals_ >= kMaxRefusals) state_ = Client::State::kFailed;
      backoff_ns_ = std::clamp(2 * backoff_ns_, kFirstRetryNs, kLastRetryNs);
      next_attempt_ns_ = now_ns + backoff_ns_;
      break;
    case Handshake::Progress::kHopeless:
      state_ = Client::State::kFailed;
      SetError(handshake_->code(), handshake_->why());
      break;
  }
  handshake_.reset();
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
  next_attempt_ns_ = NowNs() + kFirstRetryNs;
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

// SPDX-License-Identifier: Apache-2.0
// What a Client is: a subscription that is made again whenever the producer comes back, and the ways of waiting on it.
//
// connection.cc: coming and going of the producer, counters. wait.cc: waiting for frames. events.cc: poll_fd.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "client/handshake.h"
#include "client/pace.h"
#include "client/session.h"
#include "client/watch.h"
#include "videostream/client.hpp"

namespace videostream::client_internal {

class Connection {
 public:
  Connection(std::string path, ClientOptions options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The functions of Client.
  bool Connect(int64_t timeout_ns);
  Lease* Wait(int64_t timeout_ns);
  int PollFd();
  void RequestKey();
  Client::State state() const { return state_; }
  const std::string& error() const { return error_; }
  int error_code() const { return code_; }
  ClientStats Stats() const;

 private:
  // connection.cc
  bool Over() const { return state_ == Client::State::kFailed || state_ == Client::State::kEnded; }
  void SetError(int code, std::string text);
  // Does what can be done without waiting to get or to keep a session.
  void Advance(int64_t now_ns);
  void Progressed(Handshake::Progress progress, int64_t now_ns);
  void Subscribed(int64_t now_ns);
  // After an attempt that has failed; `connected`: somebody was there.
  void TryLater(bool connected, int64_t now_ns);
  // When Advance has something to do although nothing is readable. Without a session.
  int64_t NextStep() const { return handshake_.has_value() ? handshake_->deadline_ns() : pace_.next_ns(); }
  void CloseWatch();
  // Looks at the socket. False: the session is over.
  bool ReadSocket();
  void EndSession();
  void AddCounters(ClientStats* stats) const;

  // wait.cc
  enum class Step { kFrame, kGiveUp, kWait, kRetry };
  // One look for a frame; kWait: there is none, and `seen` is the head up to which that is known.
  Step Look(Lease** out, uint32_t* seen);
  // Waits for anything to happen, until `until_ns` at most. True: head has moved on from `seen`.
  bool Sleep(uint32_t seen, int64_t now_ns, int64_t until_ns);
  void AskForKey(bool at_once);

  // events.cc
  // What has been signalled so far is taken note of. False: look again before waiting.
  bool Rearm(uint32_t seen);
  // poll_fd is readable from this time on / only for a reason.
  void SetTimer(int64_t at_ns);
  void ClearTimer();
  void WatchFd(int fd);
  void UnwatchFd(int fd);

  const bool reconnect_;
  const Handshake::Wish wish_;
  Client::State state_ = Client::State::kConnecting;
  std::string error_;
  int code_ = 0;

  std::optional<Handshake> handshake_;
  Pace pace_;
  Watch watch_;      // on the socket's folder, between attempts
  int denials_ = 0;  // "permission denied" in a row
  int64_t first_denial_ns_ = 0;
  std::shared_ptr<Session> session_;  // shared with frames in use
  int64_t subscribed_ns_ = 0;
  bool connected_once_ = false;

  UniqueFd epoll_;  // event loop mode, once there
  UniqueFd timer_;
  bool timer_set_ = false;
  bool unarmed_ = false;  // the doorbell may be silent although there is a frame
  bool took_ = false;     // a frame, since the last Rearm

  int64_t key_asked_ns_ = 0;
  bool key_wanted_ = false;
  uint32_t waits_ = 0;
  bool socket_over_ = false;  // the session ends when its ring is empty

  ClientStats past_;  // of sessions that are over
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  uint64_t reconnects_ = 0;
  std::shared_ptr<std::atomic<uint64_t>> void_leases_ = std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace videostream::client_internal

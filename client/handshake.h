// SPDX-License-Identifier: Apache-2.0
// From nothing to a subscription, in steps that never wait. One Handshake per attempt.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "client/session.h"
#include "client/system.h"

namespace videostream::client_internal {

class Handshake {
 public:
  struct Wish {
    std::string path;
    std::string name;
    uint32_t stream = 0;
    uint32_t queue = 0;
  };
  enum class Progress {
    kWaiting,     // for the socket
    kSubscribed,  // session() is there
    kAgain,       // this attempt has failed, another one may not; code() and why() say more
    kHopeless,    // nor will others
  };

  // Connects and says hello.
  Progress Start(const Wish& wish, int64_t now_ns);
  // The same on a socket that is connected already.
  Progress StartOn(UniqueFd socket, const Wish& wish, int64_t now_ns);
  // Goes on with what has arrived; a bounded part of it, if the other side keeps sending.
  Progress Continue(const Wish& wish, int64_t now_ns, const std::shared_ptr<std::atomic<uint64_t>>& void_leases);

  int socket() const { return socket_.get(); }
  // Somebody has been there, whatever came of it.
  bool connected() const { return inbound_ != nullptr; }
  int64_t deadline_ns() const { return deadline_ns_; }
  // To be taken once, after kSubscribed.
  std::shared_ptr<Session> TakeSession() { return std::move(session_); }
  int code() const { return code_; }  // VSTREAM_E_*
  const std::string& why() const { return why_; }

 private:
  Progress Fail(Progress progress, int code, std::string why);
  Progress FailToConnect(const Wish& wish, int error);
  Progress FailClosed();
  const char* Awaited() const { return welcome_ ? "subscription" : "welcome"; }
  Progress Handle(const Wish& wish, const std::shared_ptr<std::atomic<uint64_t>>& void_leases);
  Progress HandleRefused();

  UniqueFd socket_;
  bool welcome_ = false;
  int64_t deadline_ns_ = 0;
  std::unique_ptr<Inbound> inbound_;
  std::shared_ptr<Session> session_;
  int code_ = 0;
  std::string why_;
};

}  // namespace videostream::client_internal

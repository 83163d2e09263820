// SPDX-License-Identifier: Apache-2.0
// One subscription of a command-line consumer, from the first attempt to connect to the reason why it ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/videostream/receive/progress.h"
#include "apps/videostream/receive/report.h"
#include "core/base/result.h"
#include "videostream/client.hpp"

namespace videostream::receive {

struct SubscriptionOptions {
  std::string program;  // for progress lines
  std::string socket;
  ClientOptions client;
  bool shrink_queue = false;            // a queue deeper than the producer allows is tried again at half the depth
  std::chrono::nanoseconds timeout{};   // until the first frame
  uint64_t count = 0;                   // frames; 0: no limit
  std::chrono::nanoseconds duration{};  // from the first frame; 0: no limit
  bool quiet = false;
};

// Gives frames until there is a reason to end, and measures on the way. Needs a living StopSignals. One thread.
class Subscription {
 public:
  explicit Subscription(SubscriptionOptions options);

  // Waits for the next frame. Empty: ended, see status(); every later call is empty too. At most one frame is to be
  // held by the caller when it asks for the next.
  Frame Next();

  // Ends it early, without an error. Idempotent.
  void End();

  // After the end: why, if it is an error. kNotFound: no producer within the timeout; kTimeout: a producer, but no
  // frame; kPermission: refused; kInvalidArgument: a path or a queue that can never work; kIo: failed on the way. Names
  // the socket, and what to do.
  const Status& status() const { return status_; }
  // Whether a signal ended it.
  bool interrupted() const { return interrupted_; }

  // Counters as of now; final after the end.
  Report& report();
  Client& client() { return client_; }

 private:
  Frame Wait(int64_t now);
  bool ShrinkQueue();
  void Measure(const Frame& frame, int64_t now);
  Status WhyNothingCame() const;
  std::string ProgressLine(int64_t now);

  SubscriptionOptions options_;
  Client client_;
  Report report_;
  Status status_;
  Status connect_status_;  // what the last attempt to connect failed with, if that says anything
  Progress progress_;
  bool ended_ = false, interrupted_ = false;
  uint64_t taken_ = 0;
  int64_t begin_ns_, first_ns_ = 0;  // CLOCK_MONOTONIC; first_ns_ 0: no frame yet
  int64_t line_ns_ = 0;              // of the last progress line
  uint64_t line_taken_ = 0;
};

// The error a client is in, with the socket in front and the Code that belongs to it.
Error ClientError(const Client& client, std::string_view socket);

}  // namespace videostream::receive

// SPDX-License-Identifier: Apache-2.0
// Everything together: a profile in, running streams out. The `run` verb is a thin user of this class.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/planner/plan.h"
#include "core/profile/profile.h"
#include "core/runtime/event_log.h"
#include "videostream/runtime.hpp"

namespace videostream {

class Loader;
class StreamRunner;

struct EngineOptions {
  std::vector<std::string> backend_dirs;  // searched first, in order; see Loader for the rest of the search path
  uint32_t wait_for_consumers = 0;        // capture begins once so many consumers are subscribed
  std::chrono::nanoseconds wait_limit = std::chrono::seconds(30);  // ... or fails with kTimeout
};

// Loads and probes the backends that the profile names.
Inventory TakeInventory(const Profile& profile, Loader& loader);

// Threads: the methods may be called from any thread, one at a time; Snapshot and event_fd from any thread at any time.
class Engine {
 public:
  // Plans and opens everything: devices, memory, sockets; nothing flows yet. On error everything that was opened is
  // closed again, and no socket file is left. Codes: kInvalidArgument, kUnsupported (nothing can serve a slot), or what
  // the failing backend reported.
  static Result<std::unique_ptr<Engine>> Open(Profile profile, EngineOptions options);
  // Stops.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Lets frames flow (after wait_for_consumers).
  Status Start();

  // Readable once a stream has ended or failed. Borrowed.
  int event_fd() const { return event_fd_.get(); }

  // Stops capture, drains the encoders, says goodbye to consumers, in that order. Idempotent; waits at most a few
  // seconds for a backend that hangs, which is then abandoned and reported. kOk, or the first stream's failure.
  Status Stop();

  const Planning& planning() const { return planning_; }
  const Profile& profile() const { return profile_; }

  // What happens to the streams, from Open on. Any thread; lives as long as the engine.
  EventLog& events() { return events_; }

  // As of now while running; the final numbers after Stop. One entry per output, in the order of the profile.
  std::vector<StreamStatus> Snapshot();

 private:
  Engine();
  Profile profile_;
  EngineOptions options_;
  Planning planning_;
  EventLog events_;                 // the streams' threads write to it: declared before them
  std::shared_ptr<Loader> loader_;  // shared with creates in progress, which may be abandoned
  std::vector<std::unique_ptr<StreamRunner>> streams_;
  UniqueFd event_fd_;  // an epoll over the streams' done_fds
};

}  // namespace videostream

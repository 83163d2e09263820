// SPDX-License-Identifier: Apache-2.0
// Everything together: a profile in, running streams out. The `run` verb is a thin user of this class.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/planner/diff.h"
#include "core/planner/plan.h"
#include "core/profile/profile.h"
#include "core/runtime/event_log.h"
#include "core/runtime/inventory.h"  // IWYU pragma: export
#include "videostream/runtime.hpp"

namespace videostream {

class Loader;
class StreamRunner;

struct EngineOptions {
  std::vector<std::string> backend_dirs;  // searched first, in order; see Loader for the rest of the search path
  uint32_t wait_for_consumers = 0;        // capture begins once so many consumers are subscribed
  std::chrono::nanoseconds wait_limit = std::chrono::seconds(30);  // ... or fails with kTimeout
};

// What came of a reload.
struct ReloadOutcome {
  std::vector<StreamChange> changes;  // what there was to do; empty where there is no plan
  bool applied = false;               // false for a dry run, too
  std::optional<Error> error;         // why not; in a dry run: why it would not
};

// Threads: any method from any thread at any time, but for planning() and profile(), which must not be called while
// Reload runs. Start, Reload and Stop wait for each other; Stop makes a Reload give up at its next step.
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

  // Makes what runs that which `profile` says, by the least: streams that the new plan has as they are lose nothing;
  // bit rates are changed in place; what else differs is closed and opened again (break before make: a device or socket
  // may go from one stream to another); see DiffPlans. A stream that has failed is opened again as well. Streams that
  // are opened here begin at once, unless they were waiting for their consumers before; their counters begin at 0.
  //
  // Whatever fails, the last good plan goes on: nothing is touched before everything is loaded, probed and planned, and
  // if a stream cannot be opened those that were closed for it are opened again as they were. Should even that fail,
  // the stream has failed (Snapshot says why), and Reload tries again the next time.
  //
  // `dry_run`: only says what there is to do.
  ReloadOutcome Reload(Profile profile, bool dry_run);

  // Readable once a stream has ended or failed. Borrowed.
  int event_fd() const { return event_fd_.get(); }

  // Stops capture, drains the encoders, says goodbye to consumers, in that order. Idempotent, and final; waits at most
  // a few seconds for a backend that hangs, which is then abandoned and reported. kOk, or the first stream's failure.
  Status Stop();

  // Of what runs.
  const Planning& planning() const { return planning_; }
  const Profile& profile() const { return profile_; }

  // What happens to the streams, from Open on. Lives as long as the engine.
  EventLog& events() { return events_; }

  // As of now while running; the final numbers after Stop. One entry per output, in the order of the profile. A stream
  // that is being closed and opened again shows the last numbers of its former life, as kStarting.
  std::vector<StreamStatus> Snapshot();

 private:
  struct Entry {
    StreamPlan plan;
    std::shared_ptr<StreamRunner> runner;  // null: between two lives, or there could be no other one
    std::vector<StreamStatus> last;        // without a runner
  };
  // A stream that is closed for a reload, and what it was.
  struct Closed {
    std::string name;
    bool was_over = false;     // ended or failed by itself
    bool was_waiting = false;  // for consumers
  };

  Engine();
  Result<std::shared_ptr<StreamRunner>> OpenStream(const StreamPlan& plan);
  Status StartStream(StreamRunner& stream, bool waiting);

  // Of Reload, in this order (engine_reload.cc); all under change_.
  std::vector<StreamChange> ChangesTo(const Plan& plan);
  Status SetBitrates(const std::vector<StreamChange>& changes);
  std::vector<Closed> CloseStreams(const std::vector<StreamChange>& changes);
  Result<std::vector<Entry>> OpenStreams(const std::vector<StreamChange>& changes, const Plan& plan,
                                         const std::vector<Closed>& closed);
  void Reopen(const std::vector<Closed>& closed);
  void Commit(const Plan& plan, std::vector<Entry> opened);
  Status Apply(const std::vector<StreamChange>& changes, const Plan& plan);
  void Lose(Entry& entry, const Error& error);

  std::vector<std::shared_ptr<StreamRunner>> Runners();
  Entry* Find(const std::string& name);
  void Watch(const StreamRunner& stream);
  void Unwatch(const StreamRunner& stream);

  Profile profile_;
  EngineOptions options_;
  Planning planning_;
  Inventory inventory_;
  EventLog events_;                 // the streams' threads write to it: declared before them
  std::shared_ptr<Loader> loader_;  // shared with creates in progress, which may be abandoned

  std::mutex change_;  // Start, Reload, Stop; taken before mutex_
  bool started_ = false;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;            // never held while a stream is waited for
  std::vector<Entry> streams_;  // written under both mutexes, so either suffices for reading
  UniqueFd event_fd_;           // an epoll over the streams' done_fds and lost_fd_
  UniqueFd lost_fd_;            // an eventfd: a stream without a runner has failed
};

}  // namespace videostream

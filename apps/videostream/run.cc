// SPDX-License-Identifier: Apache-2.0
// The verb `run`: opens a runtime, waits for its end, and tells what happened.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "apps/videostream/edge.h"
#include "apps/videostream/end_signals.h"
#include "apps/videostream/hang_ups.h"
#include "apps/videostream/progress_line.h"
#include "apps/videostream/report.h"
#include "apps/videostream/report_events.h"
#include "apps/videostream/report_reload.h"
#include "apps/videostream/verbs.h"
#include "apps/videostream/version.h"
#include "core/base/clock.h"
#include "core/base/log_levels.h"
#include "core/base/text.h"
#include "core/control/server.h"
#include "core/runtime/profile_input.h"
#include "videostream/runtime.hpp"

namespace videostream {
namespace {

constexpr const char* kVerb = "run";

class Run {
 public:
  Run(const GlobalOptions& global, const RunOptions& options) : global_(global), options_(options) {}

  Status Main() {
    begun_ns_ = NowNs();
    std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that ends must not end the streams
    if (Status opened = Open(); !opened) return opened;
    if (Status printed = Announce(); !printed) return printed;
    if (!runtime_.start()) return RuntimeError();
    started_ = true;
    if (Status watched = hang_ups_.Watch([this] { (void)Reload(false); }); !watched) return watched;
    Watch();
    signals_.AllowHardEnd();
    const bool stopped = runtime_.stop();
    over_ = true;
    // Those who follow the events are to hear of the end before the socket goes.
    if (control_) control_->AwaitFollowers(std::chrono::seconds(1));
    progress_.Finish();
    if (Status printed = Summary(); !printed) return printed;
    return stopped ? Status() : RuntimeError();
  }

 private:
  static constexpr int64_t kTickNs = 250 * kNsPerMs;

  Error RuntimeError() const { return {CodeFromAbi(runtime_.error_code()), runtime_.error()}; }

  Status Open() {
    report_.version = kVersion;
    report_.pid = getpid();
    report_.profile = options_.profile;  // until it is read
    // First of all: a second runtime is to be refused before it has disturbed the devices of the first.
    if (!options_.no_control) {
      const std::string path = ControlPath(options_.control);
      if (Status made = runtime_dir_.Ensure(path); !made) return made;
      Result<std::unique_ptr<ControlServer>> server = ControlServer::Start(
          path, {.status_json = [this] { return StatusJson(); },
                 .events = [this](uint64_t after) { return EventsJson(after); },
                 .await_event = [this](uint64_t after, std::chrono::nanoseconds limit) { AwaitEvent(after, limit); },
                 .reload = [this](bool dry_run) { return ReloadReply(Reload(dry_run)); },
                 .log = SetLevels});
      if (!server) return server.error();
      control_ = std::move(*server);
    }
    RuntimeOptions options;
    options.backend_dirs = global_.backend_dirs;
    options.set = options_.set;
    options.input = options_.input;
    options.wait_for_consumers = options_.wait_for;
    Runtime runtime = Runtime::open(options_.profile, std::move(options));
    const std::lock_guard lock(mutex_);
    runtime_ = std::move(runtime);
    if (!runtime_) {
      Error error = RuntimeError();
      if (error.code == Code::kUnsupported) {
        error.message += "; 'videostream explain --profile " + options_.profile + "' tells more";
      }
      return error;
    }
    report_.profile = runtime_.profile_name();
    report_.profile_file = runtime_.profile_file();
    report_.chosen = runtime_.choices();
    open_ = true;
    return {};
  }

  // On a thread of the control server, or on that of SIGHUP.
  ReloadReport Reload(bool dry_run) {
    const std::lock_guard reloading(reload_mutex_);
    if (!started_) {
      ReloadReport early;
      early.dry_run = dry_run;
      early.error = "the runtime has not started yet; try again";
      early.error_code = AbiCode(Code::kBusy);
      return early;
    }
    ReloadReport done = runtime_.reload({.dry_run = dry_run});
    if (!done.applied) return done;
    const std::lock_guard lock(mutex_);
    report_.profile = runtime_.profile_name();
    report_.profile_file = runtime_.profile_file();
    report_.chosen = runtime_.choices();
    return done;
  }

  static ControlReply ReloadReply(const ReloadReport& report) {
    constexpr int kOk = 200;
    constexpr int kRefused = 422;  // understood, and what the profile says cannot be done
    return {.status = report ? kOk : kRefused, .json = ReloadToJson(report)};
  }

  // Of the log; none: they stay as they are.
  static ControlReply SetLevels(const std::string& levels) {
    constexpr int kOk = 200;
    constexpr int kBadRequest = 400;
    std::string json;
    if (!levels.empty()) {
      Result<LogLevels> parsed = ParseLogLevels(levels);
      if (!parsed) {
        json = R"({"schema": "videostream.error/1", "status": 400, "error": )";
        AppendJsonString(json, parsed.error().message);
        return {.status = kBadRequest, .json = json + "}\n"};
      }
      SetLogLevels(std::move(*parsed));
    }
    json = R"({"schema": "videostream.log/1", "levels": )";
    AppendJsonString(json, GetLogLevels().Text());
    return {.status = kOk, .json = json + "}\n"};
  }

  // The next three are called on the threads of the control server, also before the runtime is open.
  std::string StatusJson() {
    RuntimeReport report;
    {
      const std::lock_guard lock(mutex_);
      report = report_;
    }
    if (open_) report.streams = runtime_.streams();
    if (open_) report.reloads = runtime_.reloads();
    Stamp(report);
    return ReportToJson(report, "videostream.status/1");
  }

  EventsAnswer EventsJson(uint64_t after) {
    EventsReport report;
    report.pid = getpid();
    report.over = over_;  // before the events: those it speaks of are complete
    if (open_) report.events = runtime_.events(after);
    report.next = report.events.empty() ? after : report.events.back().sequence;
    report.now_ns = NowNs();
    return {.json = EventsToJson(report), .news = !report.events.empty(), .over = report.over};
  }

  void AwaitEvent(uint64_t after, std::chrono::nanoseconds limit) {
    if (open_ && !over_) {
      (void)runtime_.wait_event(after, limit);
    } else {
      std::this_thread::sleep_for(limit);
    }
  }

  void Stamp(RuntimeReport& report) const {
    report.now_ns = NowNs();
    report.uptime_ms = (report.now_ns - begun_ns_) / kNsPerMs;
  }

  Status Announce() {
    std::string text =
        "profile '" + report_.profile + "' (" + report_.profile_file + ")\n" + ChosenText(report_.chosen);
    for (const StreamStatus& stream : runtime_.streams()) {
      text += "  " + stream.name + "." + stream.output + " is published on " + stream.socket + "\n";
    }
    if (control_) text += "  control socket " + control_->path() + "\n";
    if (options_.quiet) return {};
    if (!options_.json) return Print(text);
    std::fputs(text.c_str(), stderr);
    return {};
  }

  // Until a signal, the end of the streams, or the end of the time.
  void Watch() {
    int event_fd = runtime_.event_fd();
    while (true) {
      const std::vector<StreamStatus> streams = runtime_.streams();
      history_.Note(streams);
      const int64_t now = NowNs();
      const std::optional<int64_t> end = EndOfTime(streams);
      if (AllOver(streams) || (end && now >= *end)) return;
      progress_.Tick(now, [&] { return ProgressText(streams); });
      const int64_t wait_ns = std::max<int64_t>(0, std::min(end.value_or(INT64_MAX), now + kTickNs) - now);
      pollfd fds[] = {{signals_.fd(), POLLIN, 0}, {event_fd, POLLIN, 0}};
      poll(fds, std::size(fds), static_cast<int>(wait_ns / kNsPerMs + 1));
      if (fds[0].revents != 0) return;
      // One of several streams has ended: the descriptor stays readable, so the others are looked after by the clock.
      if (fds[1].revents != 0) event_fd = -1;
    }
  }

  static bool AllOver(const std::vector<StreamStatus>& streams) {
    const auto in = [](StreamState state) { return [state](const StreamStatus& s) { return s.state == state; }; };
    return std::any_of(streams.begin(), streams.end(), in(StreamState::kFailed)) ||
           std::all_of(streams.begin(), streams.end(), in(StreamState::kEnded));
  }

  // The time counts from when every stream captures for the first time.
  std::optional<int64_t> EndOfTime(const std::vector<StreamStatus>& streams) {
    if (options_.duration.count() == 0 || end_) return end_;
    int64_t started = 0;
    for (const StreamStatus& stream : streams) {
      if (stream.started_ns == 0) return std::nullopt;
      started = std::max(started, stream.started_ns);
    }
    return end_ = started + options_.duration.count();
  }

  Status Summary() {
    RuntimeReport report;
    {
      const std::lock_guard lock(mutex_);
      report = report_;
    }
    report.streams = runtime_.streams();
    report.reloads = runtime_.reloads();
    history_.AddTo(report.streams);
    Stamp(report);
    if (options_.json) return Print(ReportToJson(report, "videostream.run/1"));
    if (options_.quiet) return {};
    return Print("\n" + StreamsText(report.streams));
  }

  const GlobalOptions& global_;
  const RunOptions& options_;
  EndSignals signals_{SIGINT, SIGTERM};
  int64_t begun_ns_ = 0;
  std::optional<int64_t> end_;  // of options_.duration
  ProgressLine progress_{options_.quiet};
  ConsumerHistory history_;
  RuntimeDirGuard runtime_dir_;
  // The threads of the control server read these.
  std::mutex mutex_;
  RuntimeReport report_;  // without streams; guarded by mutex_
  Runtime runtime_;       // only if open_
  std::atomic<bool> open_{false};
  std::atomic<bool> started_{false};
  std::mutex reload_mutex_;                 // taken before mutex_
  std::atomic<bool> over_{false};           // it has stopped
  std::unique_ptr<ControlServer> control_;  // goes before what its threads read
  HangUps hang_ups_;                        // likewise
};

}  // namespace

int RunRun(const GlobalOptions& global, const RunOptions& options) {
  Result<std::string> profile = ProfileOrOwn(options.profile);
  if (!profile) return ReportError(kVerb, profile.error());
  RunOptions found = options;
  found.profile = *std::move(profile);
  Run run(global, found);
  const Status status = run.Main();
  return status ? 0 : ReportError(kVerb, status.error());
}

}  // namespace videostream

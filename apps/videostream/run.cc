// SPDX-License-Identifier: Apache-2.0
// The verb `run`: opens a runtime, waits for its end, and tells what happened.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "apps/videostream/edge.h"
#include "apps/videostream/progress_line.h"
#include "apps/videostream/report.h"
#include "apps/videostream/verbs.h"
#include "apps/videostream/version.h"
#include "core/base/clock.h"
#include "core/base/unique_fd.h"
#include "core/control/server.h"
#include "core/runtime/engine.h"

namespace videostream {
namespace {

constexpr const char* kVerb = "run";

// SIGINT, SIGTERM and SIGHUP as a readable descriptor. To be made before any thread, which all inherit the mask.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, signal);
    sigprocmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that ends must not end the streams
    fd_.reset(signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  int fd() const { return fd_.get(); }

  // From a second later on a further signal ends the process the hard way: the way out of an end that hangs. Not at
  // once, since whoever signals a whole group (`timeout`, a terminal) often does it twice.
  void AllowHardEnd() {
    over_.reset(eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] {
      pollfd over{over_.get(), POLLIN, 0};
      constexpr int kGraceMs = 1000;
      if (poll(&over, 1, kGraceMs) != 0) return;
      signalfd_siginfo taken{};
      while (read(fd_.get(), &taken, sizeof taken) > 0) {
      }
      pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);  // in this thread alone, which suffices
      poll(&over, 1, -1);
    });
  }

  ~EndSignals() {
    if (!thread_.joinable()) return;
    eventfd_write(over_.get(), 1);
    thread_.join();
  }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

 private:
  sigset_t set_{};
  UniqueFd fd_;
  UniqueFd over_;  // eventfd
  std::thread thread_;
};

class Run {
 public:
  Run(const GlobalOptions& global, const RunOptions& options) : global_(global), options_(options) {}

  Status Main() {
    begun_ns_ = NowNs();
    Result<Profile> profile = LoadProfileFor(options_.profile, options_.set, options_.input);
    if (!profile) return profile.error();
    if (Status opened = Open(std::move(*profile)); !opened) return opened;
    if (Status printed = Announce(); !printed) return printed;
    if (Status started = runtime_->Start(); !started) return started;
    Watch();
    signals_.AllowHardEnd();
    Status stopped = runtime_->Stop();
    progress_.Finish();
    if (Status printed = Summary(); !printed) return printed;
    return stopped;
  }

 private:
  static constexpr int64_t kTickNs = 250 * kNsPerMs;

  Status Open(Profile profile) {
    report_.version = kVersion;
    report_.pid = getpid();
    report_.profile = profile.name.value;
    report_.profile_file = profile.file;
    for (const StreamSpec& stream : profile.streams) {
      for (const OutputSpec& output : stream.outputs) {
        for (const PublishSpec& publish : output.publish) {
          if (Status made = runtime_dir_.Ensure(publish.socket_path); !made) return made;
        }
      }
    }
    // First of all: a second runtime is to be refused before it has disturbed the devices of the first.
    if (!options_.no_control) {
      const std::string path = ControlPath(options_.control);
      if (Status made = runtime_dir_.Ensure(path); !made) return made;
      Result<std::unique_ptr<ControlServer>> server = ControlServer::Start(path, [this] { return StatusJson(); });
      if (!server) return server.error();
      control_ = std::move(*server);
    }
    EngineOptions options;
    options.backend_dirs = global_.backend_dirs;
    options.wait_for_consumers = options_.wait_for;
    Result<std::unique_ptr<Engine>> runtime = Engine::Open(std::move(profile), std::move(options));
    if (!runtime) {
      Error error = std::move(runtime.error());
      if (error.code == Code::kUnsupported) {
        error.message += "; 'videostream explain --profile " + options_.profile + "' tells more";
      }
      return error;
    }
    const std::lock_guard lock(mutex_);
    runtime_ = std::move(*runtime);
    report_.chosen = ChosenOf(runtime_->planning());
    return {};
  }

  // Called on the thread of the control server, also before the runtime is open.
  std::string StatusJson() {
    const std::lock_guard lock(mutex_);
    RuntimeReport report = report_;
    if (runtime_) report.streams = runtime_->Snapshot();
    Stamp(report);
    return ReportToJson(report, "videostream.status/1");
  }

  void Stamp(RuntimeReport& report) const {
    report.now_ns = NowNs();
    report.uptime_ms = (report.now_ns - begun_ns_) / kNsPerMs;
  }

  Status Announce() {
    std::string text =
        "profile '" + report_.profile + "' (" + report_.profile_file + ")\n" + ChosenText(report_.chosen);
    for (const StreamStatus& stream : runtime_->Snapshot()) {
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
    int event_fd = runtime_->event_fd();
    while (true) {
      const std::vector<StreamStatus> streams = runtime_->Snapshot();
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

  // The time counts from when every stream captures.
  std::optional<int64_t> EndOfTime(const std::vector<StreamStatus>& streams) const {
    if (options_.duration.count() == 0) return std::nullopt;
    int64_t started = 0;
    for (const StreamStatus& stream : streams) {
      if (stream.started_ns == 0) return std::nullopt;
      started = std::max(started, stream.started_ns);
    }
    return started + options_.duration.count();
  }

  Status Summary() {
    RuntimeReport report = report_;
    report.streams = runtime_->Snapshot();
    history_.AddTo(report.streams);
    Stamp(report);
    if (options_.json) return Print(ReportToJson(report, "videostream.run/1"));
    if (options_.quiet) return {};
    return Print("\n" + StreamsText(report.streams));
  }

  const GlobalOptions& global_;
  const RunOptions& options_;
  EndSignals signals_;
  int64_t begun_ns_ = 0;
  ProgressLine progress_{options_.quiet};
  ConsumerHistory history_;
  // The control thread reads these two.
  std::mutex mutex_;
  RuntimeReport report_;  // without streams
  RuntimeDirGuard runtime_dir_;
  std::unique_ptr<Engine> runtime_;
  std::unique_ptr<ControlServer> control_;  // goes before what its thread reads
};

}  // namespace

int RunRun(const GlobalOptions& global, const RunOptions& options) {
  Run run(global, options);
  const Status status = run.Main();
  return status ? 0 : ReportError(kVerb, status.error());
}

}  // namespace videostream

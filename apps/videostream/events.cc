// SPDX-License-Identifier: Apache-2.0
// The verb `events`: asks a runtime over its control socket what has happened, and goes on asking with --follow.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>

#include "apps/videostream/edge.h"
#include "apps/videostream/end_signals.h"
#include "apps/videostream/report_events.h"
#include "apps/videostream/terminal.h"
#include "apps/videostream/verbs.h"
#include "core/base/clock.h"
#include "core/control/client.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

constexpr const char* kVerb = "events";

// Unsigned, since what is added to it is the word of another process and may be anything.
uint64_t WallNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec * kNsPerSecond + now.tv_nsec);
}

class Events {
 public:
  explicit Events(const EventsOptions& options)
      : options_(options), path_(ControlPath(options.control)), after_(options.after) {}

  Status Main() {
    if (options_.follow) {
      signals_.emplace();
      std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that ends is a good end
    }
    for (int failures = 0;;) {
      const Result<EventsReport> report = Ask();
      if (!report) {
        const Code code = report.error().code;
        if (code == Code::kCancelled) return {};
        if (pid_ == 0) return report.error();
        if (code == Code::kNotFound) return Ended();
        // Cut off in the middle of an answer: perhaps because it ends, which takes it a moment.
        constexpr int kMost = 10;
        if (code != Code::kIo || ++failures == kMost) return report.error();
        if (Nap()) return {};
        continue;
      }
      failures = 0;
      if (pid_ != 0 && pid_ != report->pid) return Ended();
      if (Status shown = Show(*report); !shown) return shown;
      pid_ = report->pid;
      after_ = report->next;
      if (!options_.follow || std::ferror(stdout) != 0) return {};
      if (report->over) return Ended();
    }
  }

 private:
  Result<EventsReport> Ask() {
    constexpr int kWaitSeconds = 20;
    constexpr auto kTimeout = std::chrono::seconds(5);
    std::string query = "/v1/events?after=" + std::to_string(after_);
    if (options_.follow) query += "&wait=" + std::to_string(kWaitSeconds);
    const auto timeout = options_.follow ? std::chrono::seconds(kWaitSeconds) + kTimeout : kTimeout;
    const Result<HttpResponse> response = HttpGet(path_, query, timeout, signals_ ? signals_->fd() : -1);
    if (!response) return response.error();
    constexpr int kOk = 200;
    constexpr int kUnknown = 404;
    constexpr int kFull = 503;
    const std::string context = "control socket '" + path_ + "': GET " + query;
    if (response->status == kUnknown) {
      return Fail(Code::kUnsupported, context + ": this runtime tells no events: it is of another version");
    }
    if (response->status == kFull) {
      return Fail(Code::kBusy, context + ": too many others follow the events already");
    }
    if (response->status != kOk) {
      return Fail(Code::kIo, context + ": HTTP status " + std::to_string(response->status));
    }
    Result<EventsReport> report = EventsFromJson(response->body);
    if (!report) return WithContext(report.error(), context);
    // A runtime that gives what we have already would be asked for ever.
    if (options_.follow && !report->events.empty() && report->next <= after_) {
      return Fail(Code::kIo, context + ": the events do not go on");
    }
    return report;
  }

  Status Show(const EventsReport& report) {
    if (options_.json) {
      if (options_.follow && report.events.empty()) return {};
      return Print(EventsToJson(report));
    }
    std::string text;
    const bool gap = pid_ != 0 || options_.after != 0;
    if (!report.events.empty() && report.events.front().sequence > after_ + 1) {
      const uint64_t lost = report.events.front().sequence - after_ - 1;
      text += "(" + std::to_string(lost) + (gap ? " events in between" : " earlier events") + " are no longer kept)\n";
    }
    const uint64_t to_wall = WallNs() - static_cast<uint64_t>(report.now_ns);
    for (const RuntimeEvent& event : report.events) {
      text += EventText(event, static_cast<int64_t>(static_cast<uint64_t>(event.time_ns) + to_wall), color_);
    }
    return Print(text);
  }

  // True if it was ended by a signal.
  bool Nap() const {
    constexpr int kNapMs = 50;
    pollfd fd{signals_->fd(), POLLIN, 0};
    return poll(&fd, 1, kNapMs) > 0;
  }

  static Status Ended() {
    std::fputs("videostream events: the runtime has ended\n", stderr);
    return {};
  }

  const EventsOptions& options_;
  const std::string path_;
  const bool color_ = ColorOn(STDOUT_FILENO);
  std::optional<EndSignals> signals_;
  uint64_t after_;
  int64_t pid_ = 0;  // of the runtime; 0 before its first answer
};

}  // namespace

int RunEvents(const EventsOptions& options) {
  Events events(options);
  const Status status = events.Main();
  return status ? 0 : ReportError(kVerb, status.error());
}

}  // namespace videostream

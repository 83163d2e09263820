// SPDX-License-Identifier: Apache-2.0
// Waiting, limits and the reasons to end.
#include "apps/videostream/receive/subscribe.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "apps/videostream/receive/stop.h"
#include "core/base/clock.h"
#include "videostream/backend.h"

namespace videostream::receive {
namespace {

// Between two looks at signals and limits.
constexpr int64_t kSliceNs = 100 * kNsPerMs;

Code CodeOf(int client_code) {
  switch (client_code) {
    case VSTREAM_E_INVALID:
      return Code::kInvalidArgument;
    case VSTREAM_E_UNSUPPORTED:
      return Code::kUnsupported;
    case VSTREAM_E_NOT_FOUND:
      return Code::kNotFound;
    case VSTREAM_E_PERMISSION:
    case VSTREAM_E_BUSY:  // the producer has as many consumers as it wants: a refusal too
      return Code::kPermission;
    case VSTREAM_E_TIMEOUT:
      return Code::kTimeout;
    default:
      return Code::kIo;
  }
}

std::string Seconds(std::chrono::nanoseconds time) {
  char text[32];
  snprintf(text, sizeof text, "%g s", std::chrono::duration<double>(time).count());
  return text;
}

}  // namespace

Error ClientError(const Client& client, std::string_view socket) {
  const std::string& why = client.error();
  const std::string name = "socket '" + std::string(socket) + "'";
  // The client's text names the socket where it helps.
  const bool named = why.find(socket) != std::string::npos;
  return Error{CodeOf(client.error_code()), named ? why : name + ": " + (why.empty() ? "failed" : why)};
}

Subscription::Subscription(SubscriptionOptions options)
    : options_(std::move(options)),
      client_(options_.socket, options_.client),
      progress_(options_.program, options_.quiet),
      begin_ns_(NowNs()) {}

void Subscription::End() {
  ended_ = true;
  progress_.Finish();
}

Report& Subscription::report() {
  report_.stats = client_.stats();
  return report_;
}

std::string Subscription::ProgressLine(int64_t now) {
  const uint64_t taken = taken_ - std::exchange(line_taken_, taken_);
  const int64_t since = std::exchange(line_ns_, now);
  if (taken_ == 0) {
    return std::string(client_.state() == Client::State::kConnected ? "connected, waiting for the first "
                                                                    : "waiting for a producer of the ") +
           (options_.client.stream == Stream::kPackets ? "packet" : "frame");
  }
  char rate[32];
  const double seconds = static_cast<double>(std::max<int64_t>(now - since, 1)) / kNsPerSecond;
  snprintf(rate, sizeof rate, "%.1f/s", static_cast<double>(taken) / seconds);
  return std::to_string(taken_) + (options_.client.stream == Stream::kPackets ? " packets, " : " frames, ") + rate +
         ", " + std::to_string(SkippedTotal(client_.stats())) + " skipped, latency p50 " +
         TimeText(report_.latency.Percentile(50));
}

void Subscription::Measure(const Frame& frame, int64_t now) {
  report_.latency.Record(now - frame.published_ns());
  report_.age.Record(now - frame.pts_ns());
  if (first_ns_ == 0) first_ns_ = now;
  ++taken_;
}

// Frames of a stream that has begun may stop coming (a paused source): that is no error, however long it takes.
Status Subscription::WhyNothingCame() const {
  const std::string socket = "socket '" + options_.socket + "'";
  const std::string within = " within " + Seconds(options_.timeout);
  if (client_.state() == Client::State::kConnected) {
    return Fail(Code::kTimeout, socket + ": connected, but no " +
                                    (options_.client.stream == Stream::kPackets
                                         ? std::string("packet") + within + "; is there an encoder in the profile?"
                                         : std::string("frame") + within + "; see 'videostream status'"));
  }
  if (!connect_status_) return connect_status_;
  struct stat there {};
  if (lstat(options_.socket.c_str(), &there) == 0) {
    return Fail(Code::kNotFound, socket + ": nobody answered" + within + "; is 'videostream run' still alive?");
  }
  return Fail(Code::kNotFound, socket + ": does not exist after waiting " + Seconds(options_.timeout) +
                                   "; start a producer with 'videostream run'");
}

// The producer refused, and its limit is not ours to know beforehand.
bool Subscription::ShrinkQueue() {
  if (!options_.shrink_queue || taken_ != 0 || options_.client.queue <= 1) return false;
  if (client_.state() != Client::State::kFailed || client_.error_code() != VSTREAM_E_INVALID) return false;
  options_.client.queue /= 2;
  client_ = Client(options_.socket, options_.client);
  return true;
}

Frame Subscription::Wait(int64_t now) {
  int64_t slice = kSliceNs;
  if (first_ns_ != 0 && options_.duration.count() > 0) {
    slice = std::min(slice, first_ns_ + options_.duration.count() - now);
  }
  if (first_ns_ == 0) slice = std::min(slice, begin_ns_ + options_.timeout.count() - now);
  Frame frame = client_.wait_for_frame(std::chrono::nanoseconds(std::max<int64_t>(slice, 0)));
  if (frame) {
    Measure(frame, NowNs());
    return frame;
  }
  if (ShrinkQueue()) return frame;
  const Client::State state = client_.state();
  if (state == Client::State::kConnecting && client_.error_code() != VSTREAM_OK) {
    connect_status_ = ClientError(client_, options_.socket);
  }
  if (state == Client::State::kFailed || (state == Client::State::kConnected && client_.error_code() != VSTREAM_OK)) {
    status_ = ClientError(client_, options_.socket);
    ended_ = true;
  } else if (state == Client::State::kEnded) {
    if (taken_ == 0) {
      status_ = Fail(Code::kIo, "socket '" + options_.socket + "': the producer ended before its first frame");
    }
    ended_ = true;
  } else if (first_ns_ == 0 && NowNs() - begin_ns_ >= options_.timeout.count()) {
    status_ = WhyNothingCame();
    ended_ = true;
  }
  return frame;
}

Frame Subscription::Next() {
  while (!ended_) {
    const int64_t now = NowNs();
    interrupted_ = StopSignals::Requested();
    ended_ = interrupted_ || (options_.count != 0 && taken_ >= options_.count) ||
             (options_.duration.count() > 0 && first_ns_ != 0 && now - first_ns_ >= options_.duration.count());
    if (ended_) break;
    progress_.Tick(now, [&] { return ProgressLine(now); });
    Frame frame = Wait(now);
    if (frame) return frame;
  }
  progress_.Finish();
  return {};
}

}  // namespace videostream::receive

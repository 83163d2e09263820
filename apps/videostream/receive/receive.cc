// SPDX-License-Identifier: Apache-2.0
// The verb `receive`.
#include "apps/videostream/receive/receive.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "apps/videostream/receive/output.h"
#include "apps/videostream/receive/packet.h"
#include "apps/videostream/receive/stop.h"
#include "apps/videostream/receive/subscribe.h"
#include "apps/videostream/receive/y4m.h"

namespace videostream {
namespace receive {
namespace {

constexpr const char* kProgram = "videostream receive";

SubscriptionOptions SubscriptionOf(const ReceiveOptions& options) {
  SubscriptionOptions out;
  out.program = kProgram;
  out.socket = options.socket;
  out.client.name = "receive";
  out.client.stream = options.packets ? Stream::kPackets : Stream::kFrames;
  out.client.queue = options.queue;
  out.client.reconnect = options.reconnect;
  out.timeout = options.timeout;
  out.count = options.count;
  out.duration = options.duration;
  out.quiet = options.quiet;
  return out;
}

// What a frame says about itself, unchecked. Borrows its planes.
Picture PictureOf(const Frame& frame) {
  Picture picture{frame.format(),      frame.width(), frame.height(),      frame.visible(),
                  frame.colorimetry(), frame.rate(),  frame.plane_count(), {}};
  for (uint32_t i = 0; i < picture.plane_count && i < picture.planes.size(); ++i) {
    picture.planes[i] = {frame.data(i), frame.stride(i), frame.size(i)};
  }
  return picture;
}

class Receiver {
 public:
  explicit Receiver(const ReceiveOptions& options) : options_(options), subscription_(SubscriptionOf(options)) {}

  Status Run();
  void PrintSummary(const Status& outcome);

 private:
  Status Take(Frame frame);
  Status CopyOut(const Frame& frame);
  Status CopyPicture(const Picture& picture);
  Status WriteOut();

  const ReceiveOptions& options_;
  Subscription subscription_;
  PatternCheck pattern_;
  uint64_t reconnects_ = 0;
  std::optional<Y4m> y4m_;
  PacketGate gate_;
  std::optional<Output> output_;
  std::vector<uint8_t> bytes_;  // of one frame, on its way out
  uint64_t written_ = 0;
};

// Appends to bytes_ what this frame adds to the file; nothing may be written before the lease has proved valid.
Status Receiver::CopyOut(const Frame& frame) {
  if (!options_.packets) return CopyPicture(PictureOf(frame));
  if (!HasRawForm(frame.format())) return NoRawForm(frame.format());
  if (gate_.Admits(frame.is_key())) bytes_.assign(frame.data(0), frame.data(0) + frame.size(0));
  return {};
}

Status Receiver::CopyPicture(const Picture& picture) {
  if (!y4m_) {
    Result<Y4m> created = Y4m::Create(picture);
    if (!created) return created.error();
    y4m_ = *std::move(created);
    const std::string& header = y4m_->header();
    bytes_.assign(header.begin(), header.end());
  }
  return y4m_->Append(picture, &bytes_);
}

// The lease is over when this writes: a slow reader of ours costs skipped frames, never a buffer of the producer.
Status Receiver::WriteOut() {
  if (!output_) {
    Result<Output> created = Output::Create(*options_.raw, options_.overwrite);
    if (!created) return created.error();
    output_ = *std::move(created);
  }
  const Result<Output::Written> written = output_->Write(bytes_);
  if (!written) return written.error();
  if (*written == Output::Written::kAll) {
    ++written_;
  } else {
    subscription_.End();
  }
  return {};
}

Status Receiver::Take(Frame frame) {
  const uint64_t reconnects = subscription_.client().stats().reconnects;
  if (std::exchange(reconnects_, reconnects) != reconnects) pattern_.Restart();
  pattern::Reading reading;
  const bool check = !options_.packets && options_.check && pattern_.wanted();
  bytes_.clear();
  const bool headed = y4m_.has_value();
  Status usable;
  if (!options_.packets && (check || options_.raw)) usable = CheckPicture(PictureOf(frame));
  if (usable && check) reading = PatternCheck::Read(PictureOf(frame));
  if (usable && options_.raw) usable = CopyOut(frame);
  if (!usable) return WithContext(usable.error(), "socket '" + options_.socket + "'");
  if (!frame.release()) {
    if (!headed) y4m_.reset();  // its header went with the frame
    gate_.Lost();
    if (options_.packets) subscription_.client().request_key();
    return {};
  }
  if (check) pattern_.Count(reading);
  return bytes_.empty() ? Status() : WriteOut();
}

Status Receiver::Run() {
  if (options_.raw) {
    Status possible = Output::Check(*options_.raw, options_.overwrite);
    if (!possible) return possible;
  }
  Status status;
  while (Frame frame = subscription_.Next()) {
    status = Take(std::move(frame));
    if (!status) break;
  }
  subscription_.End();
  if (status) status = subscription_.status();
  if (output_) {
    const Status closed = output_->Close();
    if (status) status = closed;
  }
  return status;
}

void Receiver::PrintSummary(const Status& outcome) {
  Report& report = subscription_.report();
  report.pattern = pattern_.result();
  FILE* to = options_.raw == "-" ? stderr : stdout;
  if (options_.json) {
    nlohmann::ordered_json json;
    json["schema"] = "videostream.receive/1";
    json.update(ReportJson(report));
    if (options_.raw) {
      json["file"] = *options_.raw;
      json["written"] = written_;
      json["bytes"] = output_ ? output_->bytes() : 0;
    }
    json["error"] = nullptr;
    if (!outcome) json["error"] = outcome.error().message;
    fprintf(to, "%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else if (report.stats.taken != 0) {
    fputs(ReportText(report, options_.packets ? "packets" : "frames").c_str(), to);
    if (options_.raw) fprintf(to, "written       %llu\n", static_cast<unsigned long long>(written_));
  }
  fflush(to);
}

}  // namespace
}  // namespace receive

std::string ReceiveOptionsError(const ReceiveOptions& options) {
  if (options.socket.empty()) return "the path of the socket is empty";
  if (options.queue > 32) return "queue:" + std::to_string(options.queue) + " is too deep, at most queue:32";
  if (options.json && options.raw == "-") {
    return "--json and --raw - would both write to stdout; use --raw FILE, or leave --json out";
  }
  if (options.reconnect && options.raw) {
    return "--reconnect and --raw exclude each other: the next producer may send another format";
  }
  if (options.overwrite && !options.raw) return "--overwrite needs --raw";
  if (options.timeout.count() <= 0) return "--timeout must be more than 0";
  return {};
}

int RunReceive(const ReceiveOptions& options) {
  Status status;
  const std::string wrong = ReceiveOptionsError(options);
  if (wrong.empty()) {
    const receive::StopSignals signals;
    receive::Receiver receiver(options);
    status = receiver.Run();
    receiver.PrintSummary(status);
  } else {
    status = Fail(Code::kInvalidArgument, wrong);
  }
  if (status) return 0;
  fprintf(stderr, "%s: %s\n", receive::kProgram, status.error().message.c_str());
  return ExitCode(status.error().code);
}

}  // namespace videostream

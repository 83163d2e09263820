// SPDX-License-Identifier: Apache-2.0
// From packets on a socket to packets in a file.
#include "apps/videostream-record/record.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "apps/videostream-record/mp4_writer.h"
#include "apps/videostream-record/timeline.h"
#include "apps/videostream/receive/output.h"
#include "apps/videostream/receive/packet.h"
#include "apps/videostream/receive/stop.h"
#include "apps/videostream/receive/subscribe.h"
#include "core/base/clock.h"

namespace videostream::record {
namespace {

constexpr const char* kProgram = "videostream record";
constexpr uint32_t kDeepestQueue = 32;  // of the client library
constexpr int64_t kLongestFrameNs = 10 * kNsPerSecond;

receive::SubscriptionOptions SubscriptionOf(const RecordOptions& options) {
  receive::SubscriptionOptions out;
  out.program = kProgram;
  out.socket = options.socket;
  out.client.name = "record";
  out.client.stream = Stream::kPackets;
  out.client.queue = options.queue != 0 ? options.queue : kDeepestQueue;
  out.client.reconnect = false;
  out.shrink_queue = options.queue == 0;
  out.timeout = options.timeout;
  out.count = options.count;
  out.duration = options.duration;
  out.quiet = options.quiet;
  return out;
}

class Recorder {
 public:
  explicit Recorder(const RecordOptions& options) : options_(options), subscription_(SubscriptionOf(options)) {}

  Status Run();
  void PrintSummary(const Status& outcome);

 private:
  Status Take(Frame frame);
  Status Begin(const Mp4Format& format, const Mp4Packet& first);

  const RecordOptions& options_;
  receive::Subscription subscription_;
  receive::PacketGate gate_;
  std::optional<Timeline> timeline_;
  std::unique_ptr<Mp4Writer> writer_;
  uint32_t fourcc_ = 0;
  int64_t last_duration_ns_ = 0;
};

Status Recorder::Begin(const Mp4Format& format, const Mp4Packet& first) {
  auto created = Mp4Writer::Create(options_.file, options_.overwrite, format, first);
  if (!created) return created.error();
  writer_ = *std::move(created);
  fourcc_ = format.fourcc;
  return {};
}

// Copies the packet and gives the lease back before anything touches the disk.
Status Recorder::Take(Frame frame) {
  if (!gate_.Admits(frame.is_key())) return {};
  const vstream_ratio rate = frame.rate();
  Mp4Format format{frame.format(), frame.width(), frame.height(), frame.colorimetry(), rate, 0, options_.fragment};
  Status can = Mp4Writer::CanHold(format.fourcc);
  if (!can) return can;
  Mp4Packet packet{{frame.data(0), frame.data(0) + frame.size(0)}, 0, frame.is_key()};
  const int64_t pts_ns = frame.pts_ns(), duration_ns = frame.duration_ns();
  if (!frame.release()) {
    gate_.Lost();
    return {};
  }
  if (packet.bytes.empty()) return {};
  if (!timeline_) timeline_.emplace(rate);
  format.timescale = timeline_->timescale();
  if (writer_ == nullptr) {
    Status begun = Begin(format, packet);
    if (!begun) return begun;
  }
  if (format.fourcc != fourcc_) return Fail(Code::kIo, "the codec of the stream has changed; one file holds only one");
  packet.time = timeline_->Place(pts_ns);
  last_duration_ns_ = duration_ns;
  return writer_->Add(std::move(packet));
}

Status Recorder::Run() {
  Status status = receive::Output::Check(options_.file, options_.overwrite);
  if (!status) return status;
  while (Frame frame = subscription_.Next()) {
    status = Take(std::move(frame));
    if (!status) break;
  }
  subscription_.End();
  if (status) status = subscription_.status();
  if (writer_ != nullptr) {
    int64_t ticks = timeline_->period();
    if (ticks == 0 && last_duration_ns_ > 0 && last_duration_ns_ < kLongestFrameNs) {
      ticks = last_duration_ns_ * timeline_->timescale() / kNsPerSecond;
    }
    const Status finished = writer_->Finish(ticks);
    return status ? finished : status;
  }
  if (!status) return status;
  return Fail(Code::kCancelled, std::string(subscription_.interrupted() ? "interrupted" : "ended") +
                                    " before the first key frame; '" + options_.file + "' was not created");
}

void Recorder::PrintSummary(const Status& outcome) {
  const receive::Report& report = subscription_.report();
  if (options_.json) {
    nlohmann::ordered_json json;
    json["schema"] = "videostream.record/1";
    json.update(receive::ReportJson(report));
    json["file"] = options_.file;
    json["written"] = writer_ ? writer_->frames() : 0;
    json["bytes"] = writer_ ? writer_->bytes() : 0;
    json["duration_s"] = writer_ ? writer_->duration_s() : 0.0;
    json["fragments"] = writer_ ? writer_->fragments() : 0;
    json["error"] = nullptr;
    if (!outcome) json["error"] = outcome.error().message;
    printf("%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else if (writer_ != nullptr) {
    printf("%s: %llu frames, %.1f s, %.1f MB in %llu fragments\n%s", options_.file.c_str(),
           static_cast<unsigned long long>(writer_->frames()), writer_->duration_s(),
           static_cast<double>(writer_->bytes()) / 1e6, static_cast<unsigned long long>(writer_->fragments()),
           receive::ReportText(report, "packets").c_str());
  }
  fflush(stdout);
}

}  // namespace

int RunRecord(const RecordOptions& options) {
  const receive::StopSignals signals;
  Recorder recorder(options);
  const Status status = recorder.Run();
  recorder.PrintSummary(status);
  if (status) return 0;
  fprintf(stderr, "%s: %s\n", kProgram, status.error().message.c_str());
  return ExitCode(status.error().code);
}

}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// From a frame on a socket to a picture in a file.
#include "apps/videostream-snapshot/snapshot.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "apps/videostream-snapshot/image_file.h"
#include "apps/videostream-snapshot/new_file.h"
#include "apps/videostream-snapshot/rgb_picture.h"
#include "apps/videostream/receive/output.h"
#include "apps/videostream/receive/picture.h"
#include "apps/videostream/receive/stop.h"
#include "apps/videostream/receive/subscribe.h"
#include "core/frame/format.h"

namespace videostream::snapshot {
namespace {

constexpr const char* kProgram = "videostream snapshot";
constexpr uint32_t kDefaultQuality = 90;
constexpr int kAttempts = 20;  // frames whose lease was revoked while they were read

struct Taken {
  uint32_t format = 0, width = 0, height = 0;
  uint64_t sequence = 0;
  int64_t pts_ns = 0;
  RgbPicture picture;
  std::vector<uint8_t> file;  // of a frame that is a JPEG file already
};

class Snapshot {
 public:
  explicit Snapshot(const SnapshotOptions& options) : options_(options) {}

  Status Run();
  void PrintSummary(const Status& outcome) const;

 private:
  Status CheckOptions();
  Status TakeFrame();
  Status CopyOut(const Frame& frame);
  Result<std::vector<uint8_t>> Encode();

  const SnapshotOptions& options_;
  ImageType type_ = ImageType::kPng;
  Taken taken_;
  uint64_t bytes_ = 0;
};

Status Snapshot::CheckOptions() {
  const Result<ImageType> type = ImageTypeOf(options_.file);
  if (!type) return type.error();
  type_ = *type;
  if (options_.quality != 0 && type_ == ImageType::kPng) {
    return Fail(Code::kInvalidArgument, "--quality is for JPEG, and '" + options_.file + "' is to be PNG");
  }
  if (options_.json && options_.file == "-") {
    return Fail(Code::kInvalidArgument, "--json prints to stdout, and so does the picture; name a file");
  }
  return receive::Output::Check(options_.file, options_.overwrite);
}

// Everything that is wanted of the frame; the lease may still turn out to be void.
Status Snapshot::CopyOut(const Frame& frame) {
  taken_ = {frame.format(), frame.visible().width, frame.visible().height, frame.sequence(), frame.pts_ns(), {}, {}};
  if (frame.format() == VSTREAM_FORMAT_MJPEG) {
    if (type_ == ImageType::kPng) {
      return Fail(Code::kUnsupported,
                  "its frames are MJPEG, which is not decoded here; name a .jpg file, which they are");
    }
    taken_.width = frame.width();
    taken_.height = frame.height();
    taken_.file.assign(frame.data(0), frame.data(0) + frame.size(0));
    return {};
  }
  receive::Picture picture{frame.format(),      frame.width(), frame.height(),      frame.visible(),
                           frame.colorimetry(), frame.rate(),  frame.plane_count(), {}};
  for (uint32_t i = 0; i < picture.plane_count && i < picture.planes.size(); ++i) {
    picture.planes[i] = {frame.data(i), frame.stride(i), frame.size(i)};
  }
  if (Status usable = receive::CheckPicture(picture); !usable) return usable;
  Result<RgbPicture> rgb = ToRgb(picture);
  if (!rgb) return rgb.error();
  taken_.picture = *std::move(rgb);
  return {};
}

Status Snapshot::TakeFrame() {
  receive::SubscriptionOptions wish;
  wish.program = kProgram;
  wish.socket = options_.socket;
  wish.client.name = "snapshot";
  wish.client.reconnect = false;
  wish.timeout = options_.timeout;
  wish.quiet = true;
  receive::Subscription subscription(wish);
  const std::string socket = "socket '" + options_.socket + "'";
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Frame frame = subscription.Next();
    if (!frame) {
      if (subscription.interrupted()) return Fail(Code::kCancelled, "interrupted before a frame came");
      if (!subscription.status()) return subscription.status();
      return Fail(Code::kIo, socket + ": the producer ended before a whole frame could be read");
    }
    const Status copied = CopyOut(frame);
    if (!frame.release()) continue;  // what was read may be torn
    if (!copied) return WithContext(copied.error(), socket);
    return {};
  }
  return Fail(Code::kIo, socket + ": the producer took " + std::to_string(kAttempts) +
                             " frames back while they were read; is this machine overloaded?");
}

Result<std::vector<uint8_t>> Snapshot::Encode() {
  if (!taken_.file.empty()) return std::move(taken_.file);
  if (type_ == ImageType::kPng) return EncodePng(taken_.picture);
  return EncodeJpeg(taken_.picture, options_.quality != 0 ? options_.quality : kDefaultQuality);
}

Status Snapshot::Run() {
  if (Status possible = CheckOptions(); !possible) return possible;
  if (Status taken = TakeFrame(); !taken) return taken;
  const Result<std::vector<uint8_t>> file = Encode();
  if (!file) return file.error();
  if (receive::StopSignals::Requested()) return Fail(Code::kCancelled, "interrupted; nothing was written");
  bytes_ = file->size();
  return WriteNewFile(options_.file, options_.overwrite, *file);
}

void Snapshot::PrintSummary(const Status& outcome) const {
  if (options_.json && options_.file != "-") {
    nlohmann::ordered_json json;
    json["schema"] = "videostream.snapshot/1";
    json["socket"] = options_.socket;
    json["file"] = options_.file;
    json["type"] = type_ == ImageType::kPng ? "png" : "jpeg";
    json["width"] = taken_.width;
    json["height"] = taken_.height;
    json["format"] = taken_.format != 0 ? nlohmann::ordered_json(FormatName(taken_.format)) : nullptr;
    json["sequence"] = taken_.sequence;
    json["pts_ns"] = taken_.pts_ns;
    json["bytes"] = outcome ? bytes_ : 0;
    json["error"] = nullptr;
    if (!outcome) json["error"] = outcome.error().message;
    printf("%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else if (outcome && options_.file != "-") {
    printf("%s: %ux%u, frame %llu (%s), %llu bytes\n", options_.file.c_str(), taken_.width, taken_.height,
           static_cast<unsigned long long>(taken_.sequence), FormatName(taken_.format).c_str(),
           static_cast<unsigned long long>(bytes_));
  }
  fflush(stdout);
}

}  // namespace

int RunSnapshot(const SnapshotOptions& options) {
  const receive::StopSignals signals;
  Snapshot snapshot(options);
  const Status status = snapshot.Run();
  snapshot.PrintSummary(status);
  if (status) return 0;
  fprintf(stderr, "%s: %s\n", kProgram, status.error().message.c_str());
  return ExitCode(status.error().code);
}

}  // namespace videostream::snapshot

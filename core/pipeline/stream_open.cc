// SPDX-License-Identifier: Apache-2.0
// Opening a stream: from the source to the sinks, because each station needs the layout that comes before it.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "core/pipeline/stream.h"

namespace videostream {
namespace {

constexpr uint32_t kDeviceExtra = 1;  // so that the device has one to fill while it gives one back

std::string Dimensions(uint32_t width, uint32_t height) { return std::to_string(width) + "x" + std::to_string(height); }

bool IsCoded(uint32_t fourcc) {
  const Format* format = FindFormat(fourcc);
  return format != nullptr && format->coded;
}

bool SamePicture(const vstream_layout& layout, const PlannedFormat& format) {
  return (format.fourcc == 0 || layout.fourcc == format.fourcc) &&
         (format.width == 0 || layout.width == format.width) && (format.height == 0 || layout.height == format.height);
}

}  // namespace

StreamRunner::StreamRunner(StreamPlan plan, StreamParts parts, StreamLimits limits)
    : plan_(std::move(plan)), parts_(std::move(parts)), limits_(limits) {}

Result<std::unique_ptr<StreamRunner>> StreamRunner::Open(StreamPlan plan, StreamParts parts, StreamLimits limits) {
  if (plan.outputs.empty() || plan.outputs.size() != parts.outputs.size()) {
    return Fail(Code::kInvalidArgument, "stream '" + plan.name + "': " + std::to_string(plan.outputs.size()) +
                                            " outputs with the parts of " + std::to_string(parts.outputs.size()));
  }
  std::unique_ptr<StreamRunner> stream(new StreamRunner(std::move(plan), std::move(parts), limits));
  stream->wake_fd_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  stream->done_fd_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  stream->epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!stream->wake_fd_ || !stream->done_fd_ || !stream->epoll_) {
    return ErrnoError(errno, "stream '" + stream->plan_.name + "': create eventfd");
  }
  for (const auto step : {&StreamRunner::OpenCapture, &StreamRunner::OpenOutputs, &StreamRunner::MakePools,
                          &StreamRunner::AttachAll, &StreamRunner::AnnounceSets}) {
    if (Status status = (*stream.*step)(); !status) return status.error();
  }
  stream->UpdateStatus();
  return stream;
}

Error StreamRunner::InCapture(Error error) const {
  return WithContext(std::move(error), "slot '" + plan_.name + ".capture'");
}

Status StreamRunner::OpenCapture() {
  capture_ = MakeCaptureStage(plan_.name + ".capture", size_t{4} * kMaxPool);
  if (Status status = capture_->Open(limits_.open, parts_.capture); !status) {
    return InCapture(std::move(status.error()));
  }
  vstream_capture_request request{};
  request.struct_size = sizeof request;
  request.fourcc = plan_.captured.fourcc;
  request.width = plan_.captured.width;
  request.height = plan_.captured.height;
  request.rate = plan_.captured.rate;
  auto config =
      capture_->Call("configure", limits_.open, [request](Capture& capture) { return capture.Configure(request); });
  if (!config) return InCapture(std::move(config.error()));
  if (Status status = CheckCapture(*config); !status) return InCapture(std::move(status.error()));
  capture_config_ = *config;
  device_buffers_ = config->min_buffers + kDeviceExtra;
  return {};
}

// A device of coded pictures need not know their size before the first one: then it is that of the plan.
Status StreamRunner::CheckCapture(vstream_capture_config& config) const {
  if (config.role != VSTREAM_ROLE_IMPORTS) {
    return Fail(Code::kUnsupported, "the device brings its own buffers, which is not implemented yet");
  }
  vstream_layout& layout = config.layout;
  const uint64_t fd_size[VSTREAM_MAX_FDS] = {LayoutBytes(layout)};
  if (Status status = CheckLayout(layout, fd_size, 1); !status) return status;
  const PlannedFormat& planned = plan_.captured;
  if (IsCoded(layout.fourcc)) {
    if (fd_size[0] > kMaxPacketBytes) {
      return Fail(Code::kUnsupported, "coded pictures of up to " + std::to_string(fd_size[0]) + " bytes; 1 to " +
                                          std::to_string(kMaxPacketBytes) + " are possible");
    }
    if (layout.width == 0 || layout.height == 0) {
      layout.width = planned.width;
      layout.height = planned.height;
    }
  }
  if (!SamePicture(layout, planned)) {
    return Fail(Code::kUnsupported, "the device gives " + FormatName(layout.fourcc) + " " +
                                        Dimensions(layout.width, layout.height) + ", the plan needs " +
                                        (planned.fourcc == 0 ? std::string("any format") : FormatName(planned.fourcc)) +
                                        " " + Dimensions(planned.width, planned.height));
  }
  if (config.min_buffers == 0 || config.min_buffers > kMaxPool / 2) {
    return Fail(Code::kUnsupported, "the device wants " + std::to_string(config.min_buffers) + " buffers, 1 to " +
                                        std::to_string(kMaxPool / 2) + " are possible");
  }
  return {};
}

Status StreamRunner::OpenOutputs() {
  OutputOwner& owner = *this;
  for (size_t i = 0; i < plan_.outputs.size(); ++i) {
    OutputParts parts = std::move(parts_.outputs[i]);
    outputs_.push_back(std::make_unique<Output>(plan_.name, plan_.outputs[i], std::move(parts), limits_, owner));
    if (Status status = outputs_.back()->OpenStations(capture_config_); !status) return status;
  }
  transport_ready_.assign(outputs_.size(), true);
  return {};
}

// The captured buffers come from the allocator of the first output that publishes them itself, else of the first one.
Status StreamRunner::MakePools() {
  const bool alone = outputs_.size() == 1;
  PoolMaker maker(plan_.name, limits_.open);
  PoolSum sum;
  sum.device = device_buffers_;
  sum.filling = 1;
  PoolMaker::Wish wish{.layout = capture_config_.layout,
                       .count = 0,
                       .memory = capture_config_.memory,
                       .stream = VSTREAM_STREAM_FRAMES,
                       .what = "captured",
                       .transports = {}};
  Output* allocating = outputs_.front().get();
  for (const auto& output : outputs_) {
    output->AddCaptured(sum, wish.memory, alone);
    if (output->converts()) continue;
    if (wish.transports.empty()) allocating = output.get();
    wish.transports.push_back(output->transport());
  }
  wish.count = sum.total();
  auto pool = allocating->MakePool(maker, std::move(wish));
  if (!pool) return pool.error();
  captured_ = std::move(*pool);
  uint32_t index = 0;
  for (const auto& output : outputs_) {
    Status status = output->MakePools(maker, *captured_, index, sum, alone);
    if (!status) return status;
    if (!output->converts()) ++index;
  }
  return {};
}

Status StreamRunner::AttachAll() {
  if (Status status = AttachPool(*capture_, *captured_, limits_.open); !status) {
    return InCapture(std::move(status.error()));
  }
  for (const auto& output : outputs_) {
    if (Status status = output->AttachAll(); !status) return status;
  }
  return {};
}

Status StreamRunner::AnnounceSets() {
  for (const auto& output : outputs_) {
    if (Status status = output->AnnounceSets(); !status) return status;
  }
  return {};
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Opening a stream: from the source to the sink, because each station needs the layout that comes before it.
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "core/pipeline/stream.h"

namespace videostream {
namespace {

constexpr uint32_t kMaxJobs = 16;     // more in flight is latency, not throughput
constexpr uint32_t kMaxPool = 64;     // of one set, as the transport contract has it
constexpr uint32_t kDeviceExtra = 1;  // so that the device has one to fill while it gives one back

std::string Dimensions(uint32_t width, uint32_t height) { return std::to_string(width) + "x" + std::to_string(height); }

bool SamePicture(const vstream_layout& layout, const PlannedFormat& format) {
  return (format.fourcc == 0 || layout.fourcc == format.fourcc) &&
         (format.width == 0 || layout.width == format.width) && (format.height == 0 || layout.height == format.height);
}

}  // namespace

Stream::Stream(StreamPlan plan, StreamParts parts, StreamLimits limits)
    : plan_(std::move(plan)), parts_(std::move(parts)), limits_(limits) {}

Result<std::unique_ptr<Stream>> Stream::Open(StreamPlan plan, StreamParts parts, StreamLimits limits) {
  std::unique_ptr<Stream> stream(new Stream(std::move(plan), std::move(parts), limits));
  stream->wake_fd_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  stream->done_fd_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  stream->epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!stream->wake_fd_ || !stream->done_fd_ || !stream->epoll_) {
    return ErrnoError(errno, "stream '" + stream->plan_.name + "': create eventfd");
  }
  for (const auto step : {&Stream::OpenCapture, &Stream::OpenConverter, &Stream::OpenEncoder, &Stream::OpenTransport,
                          &Stream::MakePools, &Stream::AttachAll, &Stream::AnnounceSets}) {
    if (Status status = (*stream.*step)(); !status) return status.error();
  }
  stream->UpdateStatus();
  return stream;
}

Error Stream::InSlot(const char* kind, Error error) const {
  const bool shared = std::string_view(kind) == "capture";
  return WithContext(std::move(error), "slot '" + plan_.name + "." + (shared ? "" : output_.name + ".") + kind + "'");
}

Status Stream::OpenCapture() {
  capture_ = MakeCaptureStage(plan_.name + ".capture", size_t{4} * kMaxPool);
  if (Status status = capture_->Open(limits_.open, parts_.capture); !status) {
    return InSlot("capture", std::move(status.error()));
  }
  vstream_capture_request request{};
  request.struct_size = sizeof request;
  request.fourcc = plan_.captured.fourcc;
  request.width = plan_.captured.width;
  request.height = plan_.captured.height;
  request.rate = plan_.captured.rate;
  auto config =
      capture_->Call("configure", limits_.open, [request](Capture& capture) { return capture.Configure(request); });
  if (!config) return InSlot("capture", std::move(config.error()));
  if (config->role != VSTREAM_ROLE_IMPORTS) {
    return InSlot("capture", {Code::kUnsupported, "the device brings its own buffers, which is not implemented yet"});
  }
  const vstream_layout& layout = config->layout;
  const uint64_t fd_size[VSTREAM_MAX_FDS] = {LayoutBytes(layout)};
  if (Status status = CheckLayout(layout, fd_size, 1); !status) return InSlot("capture", std::move(status.error()));
  if (!SamePicture(layout, plan_.captured)) {
    return InSlot("capture", {Code::kUnsupported, "the device gives " + FormatName(layout.fourcc) + " " +
                                                      Dimensions(layout.width, layout.height) + ", the plan needs " +
                                                      (plan_.captured.fourcc == 0 ? std::string("any format")
                                                                                  : FormatName(plan_.captured.fourcc)) +
                                                      " " + Dimensions(plan_.captured.width, plan_.captured.height)});
  }
  if (config->min_buffers == 0 || config->min_buffers > kMaxPool / 2) {
    return InSlot("capture",
                  {Code::kUnsupported, "the device wants " + std::to_string(config->min_buffers) + " buffers, 1 to " +
                                           std::to_string(kMaxPool / 2) + " are possible"});
  }
  capture_config_ = *config;
  published_layout_ = layout;
  published_color_ = config->colorimetry;
  return {};
}

Status Stream::OpenConverter() {
  if (!output_.converter) return {};
  converter_ = MakeConverterStage(plan_.name + "." + output_.name + ".converter", size_t{4} * kMaxJobs);
  if (Status status = converter_->Open(limits_.open, parts_.converter); !status) {
    return InSlot("converter", std::move(status.error()));
  }
  const vstream_layout& source = capture_config_.layout;
  const PlannedFormat& wanted = output_.published;
  auto target =
      ComputeLayout(wanted.fourcc == 0 ? source.fourcc : wanted.fourcc, wanted.width == 0 ? source.width : wanted.width,
                    wanted.height == 0 ? source.height : wanted.height);
  if (!target) return InSlot("converter", std::move(target.error()));
  vstream_converter_config config{};
  config.struct_size = sizeof config;
  config.filter = VSTREAM_FILTER_BILINEAR;
  config.source = source;
  config.target = *target;
  config.source_color = config.target_color = capture_config_.colorimetry;
  auto needs = converter_->Call("configure", limits_.open,
                                [config](Converter& converter) { return converter.Configure(config); });
  if (!needs) return InSlot("converter", std::move(needs.error()));
  converter_needs_ = *needs;
  converter_needs_.max_jobs = std::clamp(converter_needs_.max_jobs, 1u, kMaxJobs);
  if (needs->stride_alignment > 1) {
    // Aligned strides are a matter of the pool: computed again with what the converter asks for.
    target = ComputeLayout(target->fourcc, target->width, target->height,
                           {.stride_alignment = needs->stride_alignment, .plane_alignment = needs->stride_alignment});
    if (!target) return InSlot("converter", std::move(target.error()));
    config.target = *target;
    needs = converter_->Call("configure", limits_.open,
                             [config](Converter& converter) { return converter.Configure(config); });
    if (!needs) return InSlot("converter", std::move(needs.error()));
  }
  published_layout_ = *target;
  return {};
}

Status Stream::OpenEncoder() {
  if (!output_.encoder) return {};
  encoder_ = MakeEncoderStage(plan_.name + "." + output_.name + ".encoder", size_t{4} * kMaxJobs);
  if (Status status = encoder_->Open(limits_.open, parts_.encoder); !status) {
    return InSlot("encoder", std::move(status.error()));
  }
  vstream_encoder_config config{};
  config.struct_size = sizeof config;
  config.codec = output_.codec;
  config.input = published_layout_;
  config.colorimetry = published_color_;
  config.rate = capture_config_.rate;
  config.bitrate = output_.encoding->bitrate.value;
  config.gop = output_.encoding->gop.value;
  auto needs =
      encoder_->Call("configure", limits_.open, [config](Encoder& encoder) { return encoder.Configure(config); });
  if (!needs) return InSlot("encoder", std::move(needs.error()));
  if (needs->max_packet_bytes == 0 || needs->max_packet_bytes > kMaxPacketBytes) {
    return InSlot("encoder",
                  {Code::kUnsupported, "packets of up to " + std::to_string(needs->max_packet_bytes) + " bytes; 1 to " +
                                           std::to_string(kMaxPacketBytes) + " are possible"});
  }
  for (uint32_t i = 0; i < published_layout_.plane_count; ++i) {
    const uint32_t alignment = std::max(needs->stride_alignment, 1u);
    if (published_layout_.planes[i].stride % alignment == 0) continue;
    return InSlot("encoder",
                  {Code::kUnsupported, "plane " + std::to_string(i) + " has stride " +
                                           std::to_string(published_layout_.planes[i].stride) +
                                           ", the encoder needs a multiple of " + std::to_string(alignment)});
  }
  encoder_needs_ = *needs;
  encoder_needs_.max_jobs = std::clamp(encoder_needs_.max_jobs, 1u, kMaxJobs);
  return {};
}

Status Stream::OpenTransport() {
  auto transport = parts_.transport();
  if (!transport) return InSlot("transport", std::move(transport.error()));
  transport_ = std::move(*transport);
  return {};
}

Result<std::unique_ptr<Pool>> Stream::MakePool(const vstream_layout& layout, uint32_t count, uint32_t memory,
                                               uint32_t stream, const char* what, bool published) {
  if (count > kMaxPool) {
    return Fail(Code::kUnsupported, std::string("the pool of ") + what + " needs " + std::to_string(count) +
                                        " buffers, " + std::to_string(kMaxPool) +
                                        " are possible: lower 'buffers' or 'leases' in the profile");
  }
  const std::string label = "vs:" + plan_.name + "." + what;
  auto buffers = allocator_->Call("allocate", limits_.open, [=](Allocator& allocator) {
    return AllocateBuffers(allocator, layout, count, memory, label);
  });
  if (!buffers) return buffers.error();
  std::vector<uint32_t> ids(count);
  for (uint32_t& id : ids) id = next_id_++;
  return Pool::Make(std::move(*buffers), std::move(ids), stream,
                    published ? std::vector<Transport*>{transport_.get()} : std::vector<Transport*>{});
}

Status Stream::MakePools() {
  const auto failed = [this](Error error) { return InSlot("allocator", std::move(error)); };
  allocator_ = MakeAllocatorStage(plan_.name + "." + output_.name + ".allocator");
  if (Status status = allocator_->Open(limits_.open, parts_.allocator); !status) return failed(status.error());
  auto info = transport_->Info();
  if (!info) return InSlot("transport", std::move(info.error()));

  device_buffers_ = capture_config_.min_buffers + kDeviceExtra;
  PoolSum device;
  device.device = device_buffers_;
  device.filling = 1;
  device.converter = ConverterJobs();
  pool_sum_ = converter_ ? PoolSum{.device = 0,
                                   .filling = 1,
                                   .converter = ConverterJobs(),
                                   .encoder = 0,
                                   .transport = 0,
                                   .transport_detail = {}}
                         : device;
  pool_sum_.encoder = EncoderJobs();
  pool_sum_.transport = info->extra_buffers;
  pool_sum_.transport_detail = info->fields;
  if (converter_) {
    auto pool = MakePool(capture_config_.layout, device.total(), capture_config_.memory | converter_needs_.memory,
                         VSTREAM_STREAM_FRAMES, "captured", /*published=*/false);
    if (!pool) return failed(pool.error());
    captured_ = std::move(*pool);
  }
  const uint32_t memory = (converter_ ? converter_needs_.memory : capture_config_.memory) | encoder_needs_.input_memory;
  auto pool = MakePool(published_layout_, pool_sum_.total(), memory, VSTREAM_STREAM_FRAMES, "frames", true);
  if (!pool) return failed(pool.error());
  published_ = std::move(*pool);
  if (encoder_) {
    auto layout = PacketLayout(output_.codec, encoder_needs_.max_packet_bytes);
    if (!layout) return failed(layout.error());
    layout->width = published_layout_.width;
    layout->height = published_layout_.height;
    auto packets = MakePool(*layout, EncoderJobs() + 1 + info->extra_buffers, encoder_needs_.packet_memory,
                            VSTREAM_STREAM_PACKETS, "packets", true);
    if (!packets) return failed(packets.error());
    packets_ = std::move(*packets);
  }
  allocator_.reset();  // its work is done: buffers are only fds
  return {};
}

namespace {

// Makes every buffer of a pool known to a stage.
template <class Stage, class Instance>
Status AttachPool(Stage& stage, const Pool& pool, std::chrono::nanoseconds budget) {
  // Copied: a call that hangs is abandoned and may look at them when the pool is long gone.
  std::vector<std::pair<uint32_t, std::shared_ptr<const Buffer>>> buffers;
  for (const uint32_t id : pool.ids()) buffers.emplace_back(id, pool.buffer(id));
  return stage.Call("attach", budget, [buffers](Instance& instance) -> Status {
    for (const auto& [id, buffer] : buffers) {
      if (Status status = instance.Attach(id, buffer); !status) return status;
    }
    return {};
  });
}

}  // namespace

Status Stream::AttachAll() {
  Pool& device = captured_ ? *captured_ : *published_;
  if (Status status = AttachPool<CaptureStage, Capture>(*capture_, device, limits_.open); !status) {
    return InSlot("capture", std::move(status.error()));
  }
  if (converter_) {
    for (const Pool* pool : {captured_.get(), published_.get()}) {
      if (Status status = AttachPool<ConverterStage, Converter>(*converter_, *pool, limits_.open); !status) {
        return InSlot("converter", std::move(status.error()));
      }
    }
  }
  if (encoder_) {
    for (const Pool* pool : {published_.get(), packets_.get()}) {
      if (Status status = AttachPool<EncoderStage, Encoder>(*encoder_, *pool, limits_.open); !status) {
        return InSlot("encoder", std::move(status.error()));
      }
    }
  }
  return {};
}

Status Stream::AnnounceSets() {
  uint32_t epoch = 0;
  const std::pair<Pool*, uint32_t> pools[] = {{published_.get(), VSTREAM_STREAM_FRAMES},
                                              {packets_.get(), VSTREAM_STREAM_PACKETS}};
  for (const auto& [pool, stream] : pools) {
    if (pool == nullptr) continue;
    Transport::Set set;
    set.stream = stream;
    set.epoch = ++epoch;
    set.ids = pool->ids();
    for (const uint32_t id : set.ids) set.buffers.push_back(pool->buffer(id));
    set.rate = capture_config_.rate;
    set.colorimetry = published_color_;
    if (Status status = transport_->AddSet(set); !status) return InSlot("transport", std::move(status.error()));
  }
  return {};
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Opening an output: converter, encoder, transport; then the buffers between them.
#include <algorithm>
#include <utility>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "core/pipeline/conversion.h"
#include "core/pipeline/output.h"

namespace videostream {
namespace {

std::string Describe(uint32_t fourcc, uint32_t width, uint32_t height) {
  return (fourcc == 0 ? std::string("any format") : FormatName(fourcc)) + " " + std::to_string(width) + "x" +
         std::to_string(height);
}

// Without a converter, what is captured must be what the plan has for the output.
Status CheckDirect(const vstream_layout& captured, const PlannedFormat& planned) {
  const Format* format = FindFormat(captured.fourcc);
  if (format != nullptr && format->coded) {
    return Fail(Code::kUnsupported, "the device gives " + FormatName(captured.fourcc) +
                                        " pictures, and nothing decodes them: give the output a 'format', and name a "
                                        "converter that reads " +
                                        FormatName(captured.fourcc) + " under 'backends'");
  }
  const bool same = (planned.fourcc == 0 || planned.fourcc == captured.fourcc) &&
                    (planned.width == 0 || planned.width == captured.width) &&
                    (planned.height == 0 || planned.height == captured.height);
  if (same) return {};
  return Fail(Code::kUnsupported, "the device gives " + Describe(captured.fourcc, captured.width, captured.height) +
                                      ", the output is to be " +
                                      Describe(planned.fourcc, planned.width, planned.height) +
                                      ", and the plan has no converter");
}

}  // namespace

Output::Output(std::string stream_name, const OutputPlan& plan, OutputParts parts, const StreamLimits& limits,
               OutputOwner& owner)
    : stream_name_(std::move(stream_name)), plan_(plan), parts_(std::move(parts)), limits_(limits), owner_(owner) {}

Error Output::InSlot(const char* kind, Error error) const {
  return WithContext(std::move(error), "slot '" + stream_name_ + "." + plan_.name + "." + kind + "'");
}

Status Output::OpenStations(const vstream_capture_config& capture) {
  layout_ = capture.layout;
  color_ = capture.colorimetry;
  rate_ = LowerRate(capture.rate, plan_.published.rate);
  limiter_ = RateLimiter(plan_.published.rate, capture.rate);
  if (!plan_.converter) {
    if (Status status = CheckDirect(capture.layout, plan_.published); !status) {
      return InSlot("converter", std::move(status.error()));
    }
  } else if (Status status = OpenConverter(capture); !status) {
    return InSlot("converter", std::move(status.error()));
  }
  if (plan_.encoder) {
    if (Status status = OpenEncoder(); !status) return InSlot("encoder", std::move(status.error()));
  }
  auto transport = parts_.transport();
  if (!transport) return InSlot("transport", std::move(transport.error()));
  transport_ = std::move(*transport);
  auto info = transport_->Info();
  if (!info) return InSlot("transport", std::move(info.error()));
  transport_info_ = *info;
  return {};
}

Status Output::OpenConverter(const vstream_capture_config& capture) {
  converter_ = MakeConverterStage(stream_name_ + "." + plan_.name + ".converter", size_t{4} * kMaxJobs);
  if (Status status = converter_->Open(limits_.open, parts_.converter); !status) return status;
  // Twice where the strides have to be aligned, which is told by the first answer.
  for (uint32_t alignment = 1;;) {
    auto config = MakeConversion(plan_, capture, alignment);
    if (!config) return config.error();
    auto needs = converter_->Call("configure", limits_.open,
                                  [config = *config](Converter& converter) { return converter.Configure(config); });
    if (!needs) return needs.error();
    converter_needs_ = *needs;
    layout_ = config->target;
    color_ = config->target_color;
    if (alignment > 1 || needs->stride_alignment <= 1) break;
    alignment = needs->stride_alignment;
  }
  converter_needs_.max_jobs = std::clamp(converter_needs_.max_jobs, 1U, kMaxJobs);
  return {};
}

Status Output::OpenEncoder() {
  encoder_ = MakeEncoderStage(stream_name_ + "." + plan_.name + ".encoder", size_t{4} * kMaxJobs);
  if (Status status = encoder_->Open(limits_.open, parts_.encoder); !status) return status;
  vstream_encoder_config config{};
  config.struct_size = sizeof config;
  config.codec = plan_.codec;
  config.input = layout_;
  config.colorimetry = color_;
  config.rate = rate_;
  config.bitrate = plan_.encoding->bitrate.value;
  config.gop = plan_.encoding->gop.value;
  if (plan_.codec == VSTREAM_FORMAT_MJPEG) config.quality = plan_.encoding->quality.value;
  auto needs =
      encoder_->Call("configure", limits_.open, [config](Encoder& encoder) { return encoder.Configure(config); });
  if (!needs) return needs.error();
  auto live = encoder_->Call("capabilities", limits_.open,
                             [](Encoder& encoder) -> Result<bool> { return encoder.CanSetBitrate(); });
  if (!live) return live.error();
  takes_bitrate_ = *live;
  if (needs->max_packet_bytes == 0 || needs->max_packet_bytes > kMaxPacketBytes) {
    return Fail(Code::kUnsupported, "packets of up to " + std::to_string(needs->max_packet_bytes) + " bytes; 1 to " +
                                        std::to_string(kMaxPacketBytes) + " are possible");
  }
  encoder_needs_ = *needs;
  encoder_needs_.max_jobs = std::clamp(encoder_needs_.max_jobs, 1U, kMaxJobs);
  if (needs->latency_frames >= encoder_needs_.max_jobs) {
    return Fail(Code::kUnsupported, "it keeps " + std::to_string(needs->latency_frames) +
                                        " frames before it gives a packet, at most " + std::to_string(kMaxJobs - 1) +
                                        " are possible: choose another encoder, or one of its options for low latency");
  }
  return CheckStrides();
}

Status Output::CheckStrides() const {
  const uint32_t alignment = std::max(encoder_needs_.stride_alignment, 1U);
  for (uint32_t i = 0; i < layout_.plane_count; ++i) {
    if (layout_.planes[i].stride % alignment == 0) continue;
    return Fail(Code::kUnsupported, "plane " + std::to_string(i) + " has stride " +
                                        std::to_string(layout_.planes[i].stride) +
                                        ", the encoder needs a multiple of " + std::to_string(alignment));
  }
  return {};
}

void Output::AddCaptured(PoolSum& sum, uint32_t& memory, bool alone) const {
  if (converts()) {
    sum.converter += ConverterJobs();
    memory |= converter_needs_.memory;
    return;
  }
  // With others beside it, each has its newest on top of its part: what one holds on to is never missed by another.
  if (!alone) ++sum.filling;
  sum.encoder += EncoderJobs();
  sum.transport += transport_info_.extra_buffers;
  sum.transport_detail += (sum.transport_detail.empty() ? "" : "; ") + std::string(transport_info_.fields);
  memory |= encoder_needs_.input_memory;
}

Result<std::unique_ptr<Pool>> Output::MakePool(PoolMaker& maker, PoolMaker::Wish wish) {
  if (!allocator_) {
    allocator_ = MakeAllocatorStage(stream_name_ + "." + plan_.name + ".allocator");
    if (Status status = allocator_->Open(limits_.open, parts_.allocator); !status) {
      return InSlot("allocator", std::move(status.error()));
    }
  }
  auto pool = maker.Make(*allocator_, std::move(wish));
  if (!pool) return InSlot("allocator", std::move(pool.error()));
  return pool;
}

Status Output::MakePools(PoolMaker& maker, Pool& captured, uint32_t index, const PoolSum& sum, bool alone) {
  captured_ = &captured;
  published_ = captured_;
  pool_sum_ = sum;
  const uint32_t extra = transport_info_.extra_buffers;
  if (converts()) {
    pool_sum_ = {};
    pool_sum_.filling = 1;
    pool_sum_.converter = ConverterJobs();
    pool_sum_.encoder = EncoderJobs();
    pool_sum_.transport = extra;
    pool_sum_.transport_detail = transport_info_.fields;
    auto pool = MakePool(maker, {.layout = layout_,
                                 .count = pool_sum_.total(),
                                 .memory = converter_needs_.memory | encoder_needs_.input_memory,
                                 .stream = VSTREAM_STREAM_FRAMES,
                                 .what = plan_.name + ".frames",
                                 .transports = {transport_.get()}});
    if (!pool) return pool.error();
    converted_ = std::move(*pool);
    published_ = converted_.get();
  } else {
    transport_index_ = index;
    if (!alone) quota_ = std::max(extra, 1U);
  }
  if (encoder_) {
    auto layout = PacketLayout(plan_.codec, encoder_needs_.max_packet_bytes);
    if (!layout) return InSlot("encoder", std::move(layout.error()));
    layout->width = layout_.width;
    layout->height = layout_.height;
    auto pool = MakePool(maker, {.layout = *layout,
                                 .count = EncoderJobs() + 1 + extra,
                                 .memory = encoder_needs_.packet_memory,
                                 .stream = VSTREAM_STREAM_PACKETS,
                                 .what = plan_.name + ".packets",
                                 .transports = {transport_.get()}});
    if (!pool) return pool.error();
    packet_pool_ = std::move(*pool);
  }
  allocator_.reset();  // its work is done: buffers are only fds
  return {};
}

Status Output::AttachAll() {
  if (converter_) {
    for (const Pool* pool : {captured_, converted_.get()}) {
      if (Status status = AttachPool(*converter_, *pool, limits_.open); !status) {
        return InSlot("converter", std::move(status.error()));
      }
    }
  }
  if (encoder_) {
    for (const Pool* pool : {published_, packet_pool_.get()}) {
      if (Status status = AttachPool(*encoder_, *pool, limits_.open); !status) {
        return InSlot("encoder", std::move(status.error()));
      }
    }
  }
  return {};
}

Status Output::AnnounceSets() {
  uint32_t epoch = 0;
  const std::pair<Pool*, uint32_t> pools[] = {{published_, VSTREAM_STREAM_FRAMES},
                                              {packet_pool_.get(), VSTREAM_STREAM_PACKETS}};
  for (const auto& [pool, stream] : pools) {
    if (pool == nullptr) continue;
    Transport::Set set;
    set.stream = stream;
    set.epoch = ++epoch;
    set.ids = pool->ids();
    for (const uint32_t id : set.ids) set.buffers.push_back(pool->buffer(id));
    set.rate = rate_;
    set.colorimetry = PacketColor(pool->buffer(set.ids.front())->layout().fourcc, color_);
    if (Status status = transport_->AddSet(set); !status) return InSlot("transport", std::move(status.error()));
  }
  return {};
}

}  // namespace videostream

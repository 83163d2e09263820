// SPDX-License-Identifier: Apache-2.0
// The encoder devices `openh264` and `jpeg`: see encoder.h.
#include "backends/sw-fallback/encoder.h"

#include <algorithm>

#include "backends/sw-fallback/h264_codec.h"
#include "backends/sw-fallback/jpeg_codec.h"

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kMaxJobs = 4;
constexpr char kH264[] = "openh264";
constexpr char kJpeg[] = "jpeg";

vstream_device MakeEncoderDevice(const char* id, const char* label, uint32_t cost) {
  vstream_device device = backend::MakeDevice(VSTREAM_KIND_ENCODER, id, label);
  backend::SetText(device.bus, "virtual:cpu");
  device.cost = cost;
  return device;
}

}  // namespace

Status Encoder::Probe(const backend::Host&, backend::DeviceList& devices) {
  vstream_device h264 = MakeEncoderDevice(kH264, "H.264 on the CPU (OpenH264)", 700);
  H264Codec::AppendFormats(&h264);
  if (std::string why; !H264Codec::LibraryMatches(&why)) {
    h264.reason = VSTREAM_REASON_NO_LIBRARY;
    backend::SetText(h264.evidence, why);
    backend::SetText(h264.fix, "install the libopenh264 that this backend was built for");
  }
  devices.push_back(h264);
  devices.push_back(MakeEncoderDevice(kJpeg, "Motion JPEG on the CPU (libjpeg)", 250));
  JpegCodec::AppendFormats(&devices.back());
  return Ok();
}

Status Encoder::Open(const backend::Options& options) {
  if (Status status = MakeCodec(options); !status.ok()) return status;
  // One more than the jobs: the mark that a drain leaves in the queue.
  Status status = worker_.Open(kMaxJobs + 1, [this](Job& job, const backend::Interrupt&) { return Work(job); });
  return status.ok() ? worker_.Start() : status;
}

Status Encoder::MakeCodec(const backend::Options& options) {
  if (options.device() == kJpeg) {
    codec_ = std::make_unique<JpegCodec>(host());
    return Ok();
  }
  if (!options.device().empty() && options.device() != kH264) {
    return {VSTREAM_E_NOT_FOUND, "device '" + std::string(options.device()) + "': no such device, expected '" + kH264 +
                                     "' or '" + kJpeg + "'"};
  }
  if (std::string why; !H264Codec::LibraryMatches(&why)) return {VSTREAM_E_UNSUPPORTED, why};
  H264Settings settings;
  settings.threads = static_cast<uint32_t>(std::clamp<int64_t>(options.Integer("threads", 1), 1, 4));
  const std::string_view complexity = options.Text("complexity", "low");
  settings.complexity = complexity == "high" ? 2 : complexity == "medium" ? 1 : 0;
  codec_ = std::make_unique<H264Codec>(host(), settings);
  return Ok();
}

Status Encoder::Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) {
  if (worker_.InFlight() != 0) return {VSTREAM_E_BUSY, "configure: jobs are in flight"};
  configured_ = false;
  vstream_encoder_needs needs = *out;
  if (Status status = codec_->Configure(config, &needs); !status.ok()) return status;
  needs.max_jobs = kMaxJobs;
  needs.input_memory = needs.packet_memory = VSTREAM_MEMORY_CPU_ACCESS;
  config_ = config;
  needs_ = *out = needs;
  bitrate_ = 0;
  configured_ = new_sequence_ = true;
  return Ok();
}

Status Encoder::Attach(uint32_t buffer_id, const vstream_buffer& buffer) {
  if (!configured_) return {VSTREAM_E_INVALID, "attach: the encoder is not configured"};
  const vstream_layout& layout = buffer.layout;
  const std::string name = "attach buffer " + std::to_string(buffer_id) + ": ";
  if (layout.fourcc != codec_->fourcc()) {
    const Status status = CheckLayout(layout, config_.input.fourcc, config_.input.width, config_.input.height);
    if (!status.ok()) return {status.code(), name + status.message()};
  } else if (layout.plane_count != 1 || layout.planes[0].size < needs_.max_packet_bytes) {
    return {VSTREAM_E_INVALID, name + "packet buffer has " + std::to_string(layout.plane_count) +
                                   " planes, the first of " + std::to_string(layout.planes[0].size) +
                                   " bytes, expected one of at least " + std::to_string(needs_.max_packet_bytes)};
  }
  return buffers_.Attach(buffer_id, buffer);
}

Status Encoder::Detach(uint32_t buffer_id) { return buffers_.Detach(buffer_id); }

Status Encoder::Submit(const vstream_encoder_job& job) {
  if (!configured_) return {VSTREAM_E_INVALID, "submit: the encoder is not configured"};
  AttachedBuffer* input = buffers_.Find(job.input.buffer_id);
  AttachedBuffer* packet = buffers_.Find(job.packet_id);
  if (input == nullptr) return BufferTable::NotFound("submit", job.input.buffer_id);
  if (packet == nullptr) return BufferTable::NotFound("submit", job.packet_id);
  // Buffers may be older than the configuration.
  const vstream_layout& want = config_.input;
  if (Status status = CheckLayout(input->layout, want.fourcc, want.width, want.height); !status.ok()) {
    return {status.code(), "submit buffer " + std::to_string(job.input.buffer_id) + ": " + status.message()};
  }
  if (packet->layout.fourcc != codec_->fourcc() || packet->layout.planes[0].size < needs_.max_packet_bytes) {
    return {VSTREAM_E_INVALID, "submit buffer " + std::to_string(job.packet_id) + ": no packet buffer of at least " +
                                   std::to_string(needs_.max_packet_bytes) + " bytes"};
  }
  if (packet->users != 0) {
    return {VSTREAM_E_INVALID, "submit buffer " + std::to_string(job.packet_id) + ": another job writes to it"};
  }
  if (in_flight_ == kMaxJobs) return {VSTREAM_E_BUSY, "submit: " + std::to_string(kMaxJobs) + " jobs are in flight"};
  const bool key = new_sequence_ || (job.flags & VSTREAM_ENCODE_FORCE_KEY) != 0;
  if (!worker_.Post(
          {false, key, job.packet_id, job.cookie, bitrate_, input->layout, packet->layout.planes[0].size, job.input})) {
    return {VSTREAM_E_BUSY, "submit: the queue is full"};
  }
  new_sequence_ = false;
  bitrate_ = 0;
  ++in_flight_;
  ++input->users;
  ++packet->users;
  return Ok();
}

Status Encoder::PollFd(int32_t* fd) {
  *fd = worker_.fd();
  return Ok();
}

Status Encoder::Collect(vstream_encoder_result* out) {
  Result result;
  if (!worker_.Take(&result)) return backend::Again();
  if (result.drained) {
    draining_ = false;
    return {VSTREAM_E_END_OF_STREAM, "everything is out"};
  }
  --in_flight_;
  --buffers_.Find(result.input_id)->users;
  --buffers_.Find(result.result.packet.buffer_id)->users;
  result.result.struct_size = out->struct_size;
  *out = result.result;
  return Ok();
}

Status Encoder::Drain() {
  if (draining_) return Ok();
  Job mark;
  mark.drain = true;
  if (!worker_.Post(mark)) return {VSTREAM_E_BUSY, "drain: the queue is full"};
  draining_ = new_sequence_ = true;
  return Ok();
}

Status Encoder::SetBitrate(uint64_t bits_per_second) {
  if (Status status = codec_->CheckBitrate(bits_per_second); !status.ok()) return status;
  bitrate_ = bits_per_second;
  return Ok();
}

Encoder::Result Encoder::Work(const Job& job) {
  Result result;
  result.drained = job.drain;
  if (job.drain) return result;
  result.input_id = job.input.buffer_id;
  result.result.cookie = job.cookie;
  vstream_frame& packet = result.result.packet;
  packet = job.input;
  packet.buffer_id = job.packet_id;
  packet.flags &= VSTREAM_FRAME_DISCONTINUITY | VSTREAM_FRAME_NO_SIGNAL;
  packet.colorimetry = codec_->PacketColour(packet.colorimetry);
  for (uint64_t& bytes : packet.bytes_used) bytes = 0;
  Codec::Packet encoded;
  const Status status = Encode(job, &encoded);
  result.result.status = status.code();
  if (!status.ok()) {
    // The result has no place for the reason.
    host().Log(VSTREAM_LOG_WARN, "frame " + std::to_string(job.input.sequence) + ": " + status.message());
    return result;
  }
  packet.bytes_used[0] = encoded.bytes;
  if (encoded.key) packet.flags |= VSTREAM_FRAME_KEY;
  if (encoded.parameter_sets) packet.flags |= VSTREAM_FRAME_PARAMETER_SETS;
  return result;
}

Status Encoder::Encode(const Job& job, Codec::Packet* packet) {
  backend::Mapping input, output;
  if (Status status = host().Map(job.input.buffer_id, VSTREAM_ACCESS_READ, &input); !status.ok()) return status;
  if (Status status = host().Map(job.packet_id, VSTREAM_ACCESS_WRITE, &output); !status.ok()) return status;
  Image picture;
  if (Status status = MakeImage(job.layout, input, &picture); !status.ok()) return status;
  if (job.bitrate != 0) {
    if (Status status = codec_->SetBitrate(job.bitrate); !status.ok()) return status;
  }
  const uint64_t capacity = std::min(job.packet_bytes, output.size(0));
  return codec_->Encode(picture, job.input.pts_ns, job.force_key, output.data(0), capacity, packet);
}

}  // namespace videostream::sw_fallback

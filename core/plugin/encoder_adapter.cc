// SPDX-License-Identifier: Apache-2.0
// Distrusts what an encoder gives back: jobs come back once, in order, each packet in its own buffer and within it.
#include "core/plugin/encoder_adapter.h"

#include <algorithm>
#include <string>

#include "core/frame/layout.h"
#include "core/plugin/backend_instance.h"
#include "core/plugin/jobs_in_flight.h"
#include "core/plugin/known_bits.h"

namespace videostream {
namespace {

class EncoderAdapter final : public Encoder {
 public:
  EncoderAdapter(std::string_view backend, const vstream_encoder_ops& ops) : backend_(backend, ops) {}
  Status Open(const BackendCreateArgs& args) { return backend_.Open(args); }

  Result<vstream_encoder_needs> Configure(const vstream_encoder_config& config) override;
  Status Attach(uint32_t id, std::shared_ptr<const Buffer> buffer) override {
    return backend_.Attach(id, std::move(buffer));
  }
  Status Detach(uint32_t id) override { return backend_.Detach(id); }
  Status Submit(const RawFrame& input, uint32_t packet_id, uint64_t cookie, uint32_t flags) override;
  Result<int> PollFd() override { return backend_.PollFd(); }
  Result<std::optional<Done>> Collect() override;
  Status Drain() override;
  Status SetBitrate(uint64_t bits_per_second) override;
  bool CanSetBitrate() const override { return (backend_.ops.capabilities & VSTREAM_ENCODER_CAP_BITRATE) != 0; }

 private:
  Status CheckNeeds(const vstream_encoder_needs& needs) const;
  Status CheckPacket(const vstream_frame& packet);

  BackendInstance<vstream_encoder_ops> backend_;
  JobsInFlight jobs_;
  bool draining_ = false;
};

Status EncoderAdapter::CheckNeeds(const vstream_encoder_needs& needs) const {
  const auto refuse = [&](std::string_view what) { return backend_.call.Violation("configure", what, "BE-24"); };
  // With fewer jobs than frames inside, the first packet would never come.
  if (needs.max_jobs == 0 || needs.latency_frames >= std::min(needs.max_jobs, JobsInFlight::kLimit)) {
    return refuse("max_jobs " + std::to_string(needs.max_jobs) + " with latency_frames " +
                  std::to_string(needs.latency_frames));
  }
  if (needs.max_packet_bytes == 0 || needs.max_packet_bytes > kMaxPacketBytes) {
    return refuse("max_packet_bytes " + std::to_string(needs.max_packet_bytes));
  }
  if (!IsStrideAlignment(needs.stride_alignment)) {
    return refuse("stride_alignment " + std::to_string(needs.stride_alignment));
  }
  if (!IsKnownMemory(needs.input_memory | needs.packet_memory)) {
    return refuse("memory " + Hex(needs.input_memory) + " and " + Hex(needs.packet_memory));
  }
  return {};
}

Result<vstream_encoder_needs> EncoderAdapter::Configure(const vstream_encoder_config& config) {
  BackendCall& call = backend_.call;
  if (!jobs_.empty()) return call.Failure(Code::kBusy, "configure: jobs are in flight");
  vstream_encoder_config wish = config;
  wish.struct_size = sizeof wish;
  auto out = BackendCall::Empty<vstream_encoder_needs>();
  const int32_t code = call(backend_.ops.configure, backend_.self, &wish, &out);
  if (Status ok = call.Check(code, "configure"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "configure"); !ok) return ok.error();
  if (Status ok = CheckNeeds(out); !ok) return ok.error();
  out.max_jobs = std::min(out.max_jobs, JobsInFlight::kLimit);
  jobs_.Reset(out.max_jobs);
  draining_ = false;
  return out;
}

Status EncoderAdapter::Submit(const RawFrame& input, uint32_t packet_id, uint64_t cookie, uint32_t flags) {
  BackendCall& call = backend_.call;
  if (jobs_.capacity() == 0) return call.Failure(Code::kInvalidArgument, "submit: not configured");
  if (jobs_.full()) {
    return call.Failure(Code::kBusy, "submit: " + std::to_string(jobs_.size()) + " jobs are in flight");
  }
  for (const uint32_t id : {input.record.buffer_id, packet_id}) {
    if (backend_.Find(id) == nullptr) return backend_.NotAttached("submit", id);
  }
  auto job = BackendCall::Empty<vstream_encoder_job>();
  job.flags = flags;
  job.packet_id = packet_id;
  job.cookie = cookie;
  job.input = input.record;
  job.input.struct_size = sizeof job.input;
  const int32_t code = call(backend_.ops.submit, backend_.self, &job);
  Status submitted = call.Check(code, "submit");
  if (submitted) jobs_.Push({cookie, packet_id, input.record.pts_ns});
  return submitted;
}

Status EncoderAdapter::CheckPacket(const vstream_frame& packet) {
  const BackendCall& call = backend_.call;
  const JobsInFlight::Job& job = jobs_.front();
  const AttachedBuffer* buffer = backend_.Find(job.output_id);
  if (buffer == nullptr) return backend_.NotAttached("collect", job.output_id);
  if (packet.buffer_id != job.output_id || packet.pts_ns != job.pts_ns) {
    return call.Violation("collect",
                          "packet in buffer " + std::to_string(packet.buffer_id) + " with pts " +
                              std::to_string(packet.pts_ns) + " found, buffer " + std::to_string(job.output_id) +
                              " with pts " + std::to_string(job.pts_ns) + " expected",
                          "BE-29");
  }
  if (Status fits = CheckFrame(packet, buffer->buffer->layout()); !fits) {
    return call.Violation("collect", "buffer " + std::to_string(job.output_id) + ": " + fits.error().message, "BE-26");
  }
  return {};
}

Result<std::optional<Encoder::Done>> EncoderAdapter::Collect() {
  BackendCall& call = backend_.call;
  auto out = BackendCall::Empty<vstream_encoder_result>();
  out.packet.struct_size = sizeof out.packet;
  out.packet.acquire_fence = out.packet.release_fence = -1;
  const int32_t code = call(backend_.ops.collect, backend_.self, &out);
  if (code == VSTREAM_E_AGAIN) return std::optional<Done>();
  if (code == VSTREAM_E_END_OF_STREAM) {
    if (!draining_ || !jobs_.empty()) {
      return call.Violation("collect", draining_ ? "end of stream with jobs in flight" : "end of stream without drain",
                            "BE-29");
    }
    draining_ = false;
    return call.EndOfStream();
  }
  if (Status ok = call.Check(code, "collect"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "collect"); !ok) return ok.error();
  if (jobs_.empty() || jobs_.front().cookie != out.cookie) {
    return call.Violation("collect",
                          "cookie " + std::to_string(out.cookie) + " is not that of the oldest job in flight", "BE-29");
  }
  Done done{BackendCall::KnownCode(out.status), out.cookie, {}};
  if (done.status == VSTREAM_OK) {
    if (Status ok = call.CheckSize(out.packet, "collect"); !ok) return ok.error();
    if (Status fits = CheckPacket(out.packet); !fits) return fits.error();
    done.packet.record = out.packet;
  }
  jobs_.Pop();
  return std::optional<Done>(done);
}

Status EncoderAdapter::Drain() {
  Status drained = backend_.call.Check(backend_.call(backend_.ops.drain, backend_.self), "drain");
  if (drained) draining_ = true;
  return drained;
}

Status EncoderAdapter::SetBitrate(uint64_t bits_per_second) {
  if (!CanSetBitrate()) {
    return backend_.call.Failure(Code::kUnsupported, "set_bitrate: this encoder cannot change it while running");
  }
  return backend_.call.Check(backend_.call(backend_.ops.set_bitrate, backend_.self, bits_per_second), "set_bitrate");
}

}  // namespace

Result<std::unique_ptr<Encoder>> MakeEncoderAdapter(std::string_view backend, const vstream_encoder_ops& ops,
                                                    const BackendCreateArgs& args) {
  auto adapter = std::make_unique<EncoderAdapter>(backend, ops);
  if (Status ok = adapter->Open(args); !ok) return ok.error();
  return Result<std::unique_ptr<Encoder>>(std::move(adapter));
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Distrusts what a converter gives back: jobs come back once, in order, and what was written fits the target.
#include "core/plugin/converter_adapter.h"

#include <algorithm>
#include <string>

#include "core/frame/layout.h"
#include "core/plugin/backend_instance.h"
#include "core/plugin/jobs_in_flight.h"
#include "core/plugin/known_bits.h"

namespace videostream {
namespace {

class ConverterAdapter final : public Converter {
 public:
  ConverterAdapter(std::string_view backend, const vstream_converter_ops& ops) : backend_(backend, ops) {}
  Status Open(const BackendCreateArgs& args) { return backend_.Open(args); }

  Result<vstream_converter_needs> Configure(const vstream_converter_config& config) override;
  Status Attach(uint32_t id, std::shared_ptr<const Buffer> buffer) override {
    return backend_.Attach(id, std::move(buffer));
  }
  Status Detach(uint32_t id) override { return backend_.Detach(id); }
  Status Submit(const RawFrame& source, uint32_t target_id, uint64_t cookie) override;
  Result<int> PollFd() override { return backend_.PollFd(); }
  Result<std::optional<vstream_converter_result>> Collect() override;

 private:
  Status CheckBytes(const vstream_converter_result& result);

  BackendInstance<vstream_converter_ops> backend_;
  JobsInFlight jobs_;
};

Result<vstream_converter_needs> ConverterAdapter::Configure(const vstream_converter_config& config) {
  BackendCall& call = backend_.call;
  if (!jobs_.empty()) return call.Failure(Code::kBusy, "configure: jobs are in flight");
  vstream_converter_config wish = config;
  wish.struct_size = sizeof wish;
  auto out = BackendCall::Empty<vstream_converter_needs>();
  const int32_t code = call(backend_.ops.configure, backend_.self, &wish, &out);
  if (Status ok = call.Check(code, "configure"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "configure"); !ok) return ok.error();
  if (out.max_jobs == 0 || !IsStrideAlignment(out.stride_alignment) || !IsKnownMemory(out.memory)) {
    return call.Violation("configure",
                          "max_jobs " + std::to_string(out.max_jobs) + ", stride_alignment " +
                              std::to_string(out.stride_alignment) + ", memory " + Hex(out.memory),
                          "BE-24");
  }
  out.max_jobs = std::min(out.max_jobs, JobsInFlight::kLimit);
  jobs_.Reset(out.max_jobs);
  return out;
}

Status ConverterAdapter::Submit(const RawFrame& source, uint32_t target_id, uint64_t cookie) {
  BackendCall& call = backend_.call;
  if (jobs_.capacity() == 0) return call.Failure(Code::kInvalidArgument, "submit: not configured");
  if (jobs_.full()) {
    return call.Failure(Code::kBusy, "submit: " + std::to_string(jobs_.size()) + " jobs are in flight");
  }
  for (const uint32_t id : {source.record.buffer_id, target_id}) {
    if (backend_.Find(id) == nullptr) return backend_.NotAttached("submit", id);
  }
  auto job = BackendCall::Empty<vstream_converter_job>();
  job.target_id = target_id;
  job.cookie = cookie;
  job.source = source.record;
  job.source.struct_size = sizeof job.source;
  const int32_t code = call(backend_.ops.submit, backend_.self, &job);
  Status submitted = call.Check(code, "submit");
  if (submitted) jobs_.Push({cookie, target_id, source.record.pts_ns});
  return submitted;
}

Status ConverterAdapter::CheckBytes(const vstream_converter_result& result) {
  const uint32_t id = jobs_.front().output_id;
  const AttachedBuffer* target = backend_.Find(id);
  if (target == nullptr) return backend_.NotAttached("collect", id);
  auto written = BackendCall::Empty<vstream_frame>();
  written.acquire_fence = written.release_fence = -1;
  std::copy_n(result.bytes_used, VSTREAM_MAX_PLANES, written.bytes_used);
  if (Status fits = CheckFrame(written, target->buffer->layout()); !fits) {
    return backend_.call.Violation("collect", "buffer " + std::to_string(id) + ": " + fits.error().message, "BE-26");
  }
  return {};
}

Result<std::optional<vstream_converter_result>> ConverterAdapter::Collect() {
  BackendCall& call = backend_.call;
  auto out = BackendCall::Empty<vstream_converter_result>();
  const int32_t code = call(backend_.ops.collect, backend_.self, &out);
  if (code == VSTREAM_E_AGAIN) return std::optional<vstream_converter_result>();
  if (Status ok = call.Check(code, "collect"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "collect"); !ok) return ok.error();
  if (jobs_.empty() || jobs_.front().cookie != out.cookie) {
    return call.Violation("collect",
                          "cookie " + std::to_string(out.cookie) + " is not that of the oldest job in flight", "BE-29");
  }
  out.status = BackendCall::KnownCode(out.status);
  if (out.status == VSTREAM_OK) {
    if (Status fits = CheckBytes(out); !fits) return fits.error();
  }
  jobs_.Pop();
  return std::optional<vstream_converter_result>(out);
}

}  // namespace

Result<std::unique_ptr<Converter>> MakeConverterAdapter(std::string_view backend, const vstream_converter_ops& ops,
                                                        const BackendCreateArgs& args) {
  auto adapter = std::make_unique<ConverterAdapter>(backend, ops);
  if (Status ok = adapter->Open(args); !ok) return ok.error();
  return Result<std::unique_ptr<Converter>>(std::move(adapter));
}

}  // namespace videostream

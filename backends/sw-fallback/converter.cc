// SPDX-License-Identifier: Apache-2.0
// The converter device: see converter.h.
#include "backends/sw-fallback/converter.h"

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kMaxJobs = 4;
constexpr char kDevice[] = "libyuv";

}  // namespace

Status Converter::Probe(const backend::Host&, backend::DeviceList& devices) {
  vstream_device device = backend::MakeDevice(VSTREAM_KIND_CONVERTER, kDevice, "conversion and scaling on the CPU");
  backend::SetText(device.bus, "virtual:cpu");
  device.cost = 100;
  Conversion::AppendFormats(&device);
  devices.push_back(device);
  return Ok();
}

Status Converter::Open(const backend::Options& options) {
  if (!options.device().empty() && options.device() != kDevice) {
    return {VSTREAM_E_NOT_FOUND,
            "device '" + std::string(options.device()) + "': no such device, expected '" + kDevice + "'"};
  }
  Status status = worker_.Open(kMaxJobs, [this](Job& job, const backend::Interrupt&) { return Work(job); });
  return status.ok() ? worker_.Start() : status;
}

Status Converter::Configure(const vstream_converter_config& config, vstream_converter_needs* out) {
  if (worker_.InFlight() != 0) return {VSTREAM_E_BUSY, "configure: jobs are in flight"};
  configured_ = false;
  if (Status status = conversion_.Configure(config); !status.ok()) return status;
  config_ = config;
  configured_ = true;
  out->max_jobs = kMaxJobs;
  out->stride_alignment = 1;
  out->memory = VSTREAM_MEMORY_CPU_ACCESS;
  return Ok();
}

Status Converter::Attach(uint32_t buffer_id, const vstream_buffer& buffer) {
  const vstream_layout& layout = buffer.layout;
  if (Status status = CheckLayout(layout, layout.fourcc, layout.width, layout.height); !status.ok()) {
    return {status.code(), "attach buffer " + std::to_string(buffer_id) + ": " + status.message()};
  }
  return buffers_.Attach(buffer_id, buffer);
}

Status Converter::Detach(uint32_t buffer_id) { return buffers_.Detach(buffer_id); }

Status Converter::Submit(const vstream_converter_job& job) {
  if (!configured_) return {VSTREAM_E_INVALID, "submit: the converter is not configured"};
  const uint32_t ids[2] = {job.source.buffer_id, job.target_id};
  const vstream_layout* wanted[2] = {&config_.source, &config_.target};
  AttachedBuffer* found[2] = {};
  for (int i = 0; i < 2; ++i) {
    found[i] = buffers_.Find(ids[i]);
    if (found[i] == nullptr) return BufferTable::NotFound("submit", ids[i]);
    const Status status = CheckLayout(found[i]->layout, wanted[i]->fourcc, wanted[i]->width, wanted[i]->height);
    if (!status.ok()) return {status.code(), "submit buffer " + std::to_string(ids[i]) + ": " + status.message()};
  }
  if (found[0] == found[1]) return {VSTREAM_E_INVALID, "submit: source and target are the same buffer"};
  if (!worker_.Post({job.cookie, ids[0], ids[1], found[0]->layout, found[1]->layout})) {
    return {VSTREAM_E_BUSY, "submit: " + std::to_string(kMaxJobs) + " jobs are in flight"};
  }
  ++found[0]->users;
  ++found[1]->users;
  return Ok();
}

Status Converter::PollFd(int32_t* fd) {
  *fd = worker_.fd();
  return Ok();
}

Status Converter::Collect(vstream_converter_result* out) {
  Result result;
  if (!worker_.Take(&result)) return backend::Again();
  --buffers_.Find(result.source_id)->users;
  --buffers_.Find(result.target_id)->users;
  result.result.struct_size = out->struct_size;
  *out = result.result;
  return Ok();
}

Converter::Result Converter::Work(const Job& job) {
  Result result;
  result.source_id = job.source_id;
  result.target_id = job.target_id;
  result.result.cookie = job.cookie;
  const Status status = Convert(job);
  result.result.status = status.code();
  if (status.ok()) {
    SetBytesUsed(job.target, result.result.bytes_used);
  } else {
    host().Log(VSTREAM_LOG_DEBUG, "conversion failed: " + status.message());
  }
  return result;
}

Status Converter::Convert(const Job& job) {
  backend::Mapping source, target;
  if (Status status = host().Map(job.source_id, VSTREAM_ACCESS_READ, &source); !status.ok()) return status;
  if (Status status = host().Map(job.target_id, VSTREAM_ACCESS_WRITE, &target); !status.ok()) return status;
  Image from, to;
  if (Status status = MakeImage(job.source, source, &from); !status.ok()) return status;
  if (Status status = MakeImage(job.target, target, &to); !status.ok()) return status;
  return conversion_.Run(from, to);
}

}  // namespace videostream::sw_fallback

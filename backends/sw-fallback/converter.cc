// SPDX-License-Identifier: Apache-2.0
// The converter device: see converter.h.
#include "backends/sw-fallback/converter.h"

#include <algorithm>

#include "backends/sw-fallback/coded_layout.h"

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
  JpegConversion::AppendFormats(&device);
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
  const bool jpeg = config.source.fourcc == VSTREAM_FORMAT_MJPEG;
  Status status = jpeg ? jpeg_conversion_.Configure(config) : conversion_.Configure(config);
  if (!status.ok()) return status;
  config_ = config;
  configured_ = true;
  failure_said_ = false;
  out->max_jobs = kMaxJobs;
  out->stride_alignment = 1;
  out->memory = VSTREAM_MEMORY_CPU_ACCESS;
  return Ok();
}

Status Converter::Attach(uint32_t buffer_id, const vstream_buffer& buffer) {
  const vstream_layout& layout = buffer.layout;
  const Status status = layout.fourcc == VSTREAM_FORMAT_MJPEG
                            ? CheckCodedLayout(layout, layout.fourcc, 1)
                            : CheckLayout(layout, layout.fourcc, layout.width, layout.height);
  if (!status.ok()) {
    return {status.code(), "attach buffer " + std::to_string(buffer_id) + ": " + status.message()};
  }
  return buffers_.Attach(buffer_id, buffer);
}

Status Converter::Detach(uint32_t buffer_id) { return buffers_.Detach(buffer_id); }

Status Converter::CheckBuffer(const vstream_layout& layout, bool is_source) const {
  const vstream_layout& wanted = is_source ? config_.source : config_.target;
  if (is_source && coded()) return CheckCodedLayout(layout, wanted.fourcc, 1);
  return CheckLayout(layout, wanted.fourcc, wanted.width, wanted.height);
}

Status Converter::Submit(const vstream_converter_job& job) {
  if (!configured_) return {VSTREAM_E_INVALID, "submit: the converter is not configured"};
  const uint32_t ids[2] = {job.source.buffer_id, job.target_id};
  AttachedBuffer* found[2] = {};
  for (int i = 0; i < 2; ++i) {
    found[i] = buffers_.Find(ids[i]);
    if (found[i] == nullptr) return BufferTable::NotFound("submit", ids[i]);
    const Status status = CheckBuffer(found[i]->layout, i == 0);
    if (!status.ok()) return {status.code(), "submit buffer " + std::to_string(ids[i]) + ": " + status.message()};
  }
  if (found[0] == found[1]) return {VSTREAM_E_INVALID, "submit: source and target are the same buffer"};
  const uint64_t bytes = coded() ? job.source.bytes_used[0] : 0, most = found[0]->layout.planes[0].size;
  if (coded() && (bytes == 0 || bytes > most)) {
    return {VSTREAM_E_INVALID, "submit buffer " + std::to_string(ids[0]) + ": bytes_used is " + std::to_string(bytes) +
                                   ", expected 1.." + std::to_string(most)};
  }
  if (!worker_.Post({job.cookie, ids[0], ids[1], found[0]->layout, found[1]->layout, bytes})) {
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
    // A camera of another size breaks every picture: said once where it is seen, and then for those who look.
    host().Log(failure_said_ ? VSTREAM_LOG_DEBUG : VSTREAM_LOG_WARN, "conversion failed: " + status.message());
    failure_said_ = true;
  }
  return result;
}

Status Converter::Convert(const Job& job) {
  backend::Mapping source, target;
  if (Status status = host().Map(job.source_id, VSTREAM_ACCESS_READ, &source); !status.ok()) return status;
  if (Status status = host().Map(job.target_id, VSTREAM_ACCESS_WRITE, &target); !status.ok()) return status;
  Image from, to;
  if (Status status = MakeImage(job.target, target, &to); !status.ok()) return status;
  if (coded()) return jpeg_conversion_.Run(source.data(0), std::min(job.coded_bytes, source.size(0)), to);
  if (Status status = MakeImage(job.source, source, &from); !status.ok()) return status;
  return conversion_.Run(from, to);
}

}  // namespace videostream::sw_fallback

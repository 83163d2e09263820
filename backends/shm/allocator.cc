// SPDX-License-Identifier: Apache-2.0
// The memfd allocator.
#include "backends/shm/allocator.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "backends/shm/memfd.h"

namespace videostream::shm {
namespace {

using backend::Ok;
using backend::Status;

constexpr uint64_t kMaxBytes = uint64_t{1} << 30;
constexpr uint32_t kMemory =
    VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT | VSTREAM_MEMORY_CPU_ACCESS;

// The kernel's default huge page size, which memfd_create takes without a size; 0: none.
uint64_t HugePageBytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/meminfo", "re"), &std::fclose);
  if (file == nullptr) return 0;
  char line[128];
  unsigned long long kilobytes = 0;
  while (std::fgets(line, sizeof line, file.get()) != nullptr) {
    if (std::sscanf(line, "Hugepagesize: %llu kB", &kilobytes) == 1) return kilobytes * 1024;  // NOLINT(cert-err34-c)
  }
  return 0;
}

}  // namespace

Status Allocator::Probe(const backend::Host&, backend::DeviceList& devices) {
  vstream_device device = backend::MakeDevice(VSTREAM_KIND_ALLOCATOR, "memfd", "shared memory (memfd)");
  backend::SetText(device.bus, "virtual:memfd");
  UniqueFd fd;
  if (const Status status = MakeMemfd("videostream-probe", 1, false, &fd); !status.ok()) {
    device.reason = VSTREAM_REASON_NO_DRIVER;
    backend::SetText(device.evidence, status.message());
    backend::SetText(device.fix, "use a kernel with CONFIG_MEMFD_CREATE");
  }
  devices.push_back(device);
  return Ok();
}

Status Allocator::Open(const backend::Options& options) {
  if (!options.device().empty() && options.device() != "memfd") {
    return {VSTREAM_E_NOT_FOUND, "device '" + std::string(options.device()) + "': there is only 'memfd'"};
  }
  huge_ = options.Boolean("huge-pages", false);
  granule_ = huge_ ? HugePageBytes() : static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  if (granule_ != 0) return Ok();
  return {VSTREAM_E_UNSUPPORTED, "huge-pages: /proc/meminfo names no huge page size; set 'huge-pages: false'"};
}

Status Allocator::Info(vstream_allocator_info* out) {
  out->memory = kMemory;
  out->cpu_sync = VSTREAM_CPU_SYNC_NONE;
  out->offset_alignment = 64;
  out->max_buffer_bytes = kMaxBytes;
  return Ok();
}

Status Allocator::Allocate(const vstream_allocation_request& request, vstream_buffer* out) {
  if (request.bytes == 0) return {VSTREAM_E_INVALID, "allocation of 0 bytes"};
  if (request.bytes > kMaxBytes) {
    return {VSTREAM_E_UNSUPPORTED, "allocation of " + std::to_string(request.bytes) + " bytes: at most " +
                                       std::to_string(kMaxBytes) + " in one buffer"};
  }
  if (const uint32_t missing = request.required_memory & ~kMemory; missing != 0) {
    return {VSTREAM_E_UNSUPPORTED,
            "memfd memory has not all required properties, lacks mask " + std::to_string(missing)};
  }
  const uint64_t bytes = (request.bytes + granule_ - 1) / granule_ * granule_;
  char label[sizeof request.label + 1] = {};
  std::memcpy(label, request.label, ::strnlen(request.label, sizeof request.label));
  UniqueFd fd;
  if (Status status = MakeMemfd(label[0] != 0 ? label : "videostream", bytes, huge_, &fd); !status.ok()) return status;
  out->fd_count = 1;
  out->fds[0] = fd.release();
  out->fd_size[0] = bytes;
  out->memory = kMemory;
  out->cpu_sync = VSTREAM_CPU_SYNC_NONE;
  return Ok();
}

}  // namespace videostream::shm

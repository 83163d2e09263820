// SPDX-License-Identifier: Apache-2.0
// A complete backend: memory for frames, in memfds. docs/write-a-backend.md explains it line by line.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "videostream/backend.hpp"

namespace {

namespace vs = videostream::backend;

constexpr int64_t kMiB = 1 << 20;
constexpr uint32_t kMemory =
    VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT | VSTREAM_MEMORY_CPU_ACCESS;

class Memory final : public vs::Allocator {
 public:
  static constexpr std::array kOptions{vs::Option("limit", VSTREAM_OPTION_INTEGER, "268435456",
                                                  "largest buffer, in bytes", VSTREAM_KIND_ALLOCATOR, /*flags=*/0,
                                                  /*minimum=*/4096, /*maximum=*/1024 * kMiB)};

  static vs::Status Probe(const vs::Host& /*host*/, vs::DeviceList& devices) {
    devices.push_back(vs::MakeDevice(VSTREAM_KIND_ALLOCATOR, "memfd", "Anonymous memory"));
    return vs::Ok();
  }

  vs::Status Open(const vs::Options& options) override {
    limit_ = static_cast<uint64_t>(options.Integer("limit", 256 * kMiB));
    return vs::Ok();
  }

  vs::Status Info(vstream_allocator_info* out) override {
    out->memory = kMemory;
    out->cpu_sync = VSTREAM_CPU_SYNC_NONE;
    out->offset_alignment = 64;
    out->max_buffer_bytes = limit_;
    return vs::Ok();
  }

  vs::Status Allocate(const vstream_allocation_request& request, vstream_buffer* out) override {
    if (request.bytes == 0) return {VSTREAM_E_INVALID, "allocate: 0 bytes"};
    if (request.bytes > limit_ || (request.required_memory & ~kMemory) != 0) {
      return {VSTREAM_E_UNSUPPORTED, "allocate " + std::to_string(request.bytes) + " bytes: at most " +
                                         std::to_string(limit_) + " bytes of ordinary memory"};
    }
    const int fd = memfd_create(request.label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return vs::Status::Errno("create a memfd", errno);
    // Committed now: a write into a hole could fail later, with SIGBUS.
    if (fallocate(fd, 0, 0, static_cast<off_t>(request.bytes)) != 0) {
      const int error = errno;
      close(fd);
      return vs::Status::Errno("reserve " + std::to_string(request.bytes) + " bytes", error);
    }
    out->fd_count = 1;
    out->fds[0] = fd;
    out->fd_size[0] = request.bytes;
    out->memory = kMemory;
    return vs::Ok();
  }

 private:
  uint64_t limit_ = 0;
};

constexpr vs::Identity kIdentity{.name = "hello-memory", .version = "1.0", .license = "Apache-2.0"};

}  // namespace

VIDEOSTREAM_BACKEND(kIdentity, Memory)

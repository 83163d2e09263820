// SPDX-License-Identifier: Apache-2.0
// Distrusts what an allocator gives out: above all, that the fd is what its record says.
#include "core/plugin/allocator_adapter.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <string>

#include "core/plugin/backend_instance.h"
#include "core/plugin/known_bits.h"

namespace videostream {
namespace {

constexpr uint32_t kMaxOffsetAlignment = 1U << 20U;

class AllocatorAdapter final : public Allocator {
 public:
  AllocatorAdapter(std::string_view backend, const vstream_allocator_ops& ops) : backend_(backend, ops) {}
  Status Open(const BackendCreateArgs& args) { return backend_.Open(args); }

  Result<vstream_allocator_info> Info() override;
  Result<Allocation> Allocate(uint64_t bytes, uint32_t required_memory, std::string_view label) override;

 private:
  Status CheckAllocation(const vstream_buffer& out, uint64_t bytes, uint32_t required_memory) const;

  BackendInstance<vstream_allocator_ops> backend_;
};

Result<vstream_allocator_info> AllocatorAdapter::Info() {
  BackendCall& call = backend_.call;
  auto out = BackendCall::Empty<vstream_allocator_info>();
  if (Status ok = call.Check(call(backend_.ops.info, backend_.self, &out), "info"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "info"); !ok) return ok.error();
  if (!IsKnownMemory(out.memory) || out.cpu_sync > VSTREAM_CPU_SYNC_EACH_READER || out.max_buffer_bytes == 0 ||
      !std::has_single_bit(out.offset_alignment) || out.offset_alignment > kMaxOffsetAlignment) {
    return call.Violation("info",
                          "memory " + Hex(out.memory) + ", cpu_sync " + std::to_string(out.cpu_sync) +
                              ", offset alignment " + std::to_string(out.offset_alignment) + ", at most " +
                              std::to_string(out.max_buffer_bytes) + " bytes make no sense",
                          "BE-28");
  }
  return out;
}

// `fd` is open and ours by now.
Status AllocatorAdapter::CheckAllocation(const vstream_buffer& out, uint64_t bytes, uint32_t required_memory) const {
  const auto refuse = [&](std::string_view what) { return backend_.call.Violation("allocate", what, "BE-28"); };
  if (!IsKnownMemory(out.memory) || (out.memory & required_memory) != required_memory) {
    return refuse("memory " + Hex(out.memory) + " found, " + Hex(required_memory) + " required");
  }
  if (out.cpu_sync > VSTREAM_CPU_SYNC_EACH_READER) return refuse("cpu_sync " + std::to_string(out.cpu_sync));
  const int fd = out.fds[0];
  if ((out.memory & VSTREAM_MEMORY_MEMFD) != 0 && fcntl(fd, F_GET_SEALS) < 0) {
    return refuse("fd " + std::to_string(fd) + " is said to be a memfd and is none");
  }
  const off_t real = lseek(fd, 0, SEEK_END);
  if (real < 0 || out.fd_size[0] > static_cast<uint64_t>(real) || out.fd_size[0] < bytes) {
    return refuse("fd_size " + std::to_string(out.fd_size[0]) + " of an fd of " + std::to_string(real) + " bytes, " +
                  std::to_string(bytes) + " wanted");
  }
  lseek(fd, 0, SEEK_SET);
  return {};
}

Result<Allocation> AllocatorAdapter::Allocate(uint64_t bytes, uint32_t required_memory, std::string_view label) {
  BackendCall& call = backend_.call;
  auto request = BackendCall::Empty<vstream_allocation_request>();
  request.bytes = bytes;
  request.required_memory = required_memory;
  SetArrayText(request.label, label);
  auto out = BackendCall::Empty<vstream_buffer>();
  for (int32_t& fd : out.fds) fd = -1;
  const int32_t code = call(backend_.ops.allocate, backend_.self, &request, &out);
  if (Status ok = call.Check(code, "allocate"); !ok) return ok.error();
  // Not taken over: a number that may belong to someone else must not be closed. 0 to 2 are what a zeroed record means.
  if (out.fd_count != 1 || out.fds[0] <= STDERR_FILENO || fcntl(out.fds[0], F_GETFD) < 0) {
    return call.Violation("allocate",
                          std::to_string(out.fd_count) + " fds, the first of them " + std::to_string(out.fds[0]) +
                              "; exactly one that is open expected",
                          "BE-28");
  }
  Allocation made{UniqueFd(out.fds[0]), out};
  if (Status ok = call.CheckSize(made.desc, "allocate"); !ok) return ok.error();
  if (Status ok = CheckAllocation(made.desc, bytes, required_memory); !ok) return ok.error();
  if (fcntl(made.fd.get(), F_SETFD, FD_CLOEXEC) < 0) return ErrnoError(errno, "set close-on-exec");
  for (int32_t& fd : made.desc.fds) fd = -1;
  for (uint32_t i = 1; i < VSTREAM_MAX_FDS; ++i) made.desc.fd_size[i] = 0;
  made.desc.layout = {};
  return made;
}

}  // namespace

Result<std::unique_ptr<Allocator>> MakeAllocatorAdapter(std::string_view backend, const vstream_allocator_ops& ops,
                                                        const BackendCreateArgs& args) {
  auto adapter = std::make_unique<AllocatorAdapter>(backend, ops);
  if (Status ok = adapter->Open(args); !ok) return ok.error();
  return Result<std::unique_ptr<Allocator>>(std::move(adapter));
}

}  // namespace videostream

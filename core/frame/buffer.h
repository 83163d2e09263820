// SPDX-License-Identifier: Apache-2.0
// The constant part of a frame's memory: file descriptors, sizes, capabilities and layout, and the CPU mapping of them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "videostream/frame.h"

namespace videostream {

// More bytes behind one fd than any frame needs; a record that says more is refused.
inline constexpr uint64_t kMaxFdBytes = uint64_t{4} << 30U;

// One buffer and its fds. Immutable once made, hence shared freely between threads; held by shared_ptr because an
// abandoned (stuck) backend call may use it for longer than its pool lives.
class Buffer {
 public:
  // Takes over `fds` (desc.fds is ignored and filled from them), closing them on failure too: exactly the first
  // desc.fd_count must be valid. desc.layout must be complete: it is checked against desc.fd_size (CheckLayout), and
  // that against what is really behind each fd. With `map_cpu` the fds are mapped read-write here, once, as far as the
  // layout uses them, and prefaulted. kUnsupported: secure memory; map_cpu without VSTREAM_MEMORY_CPU_ACCESS.
  // kPermission: a memfd that is sealed for writing already. kInvalidArgument: everything that is wrong in `desc`.
  static Result<std::shared_ptr<const Buffer>> Make(std::array<UniqueFd, VSTREAM_MAX_FDS> fds, vstream_buffer desc,
                                                    bool map_cpu);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // The record to hand over the ABI; its fds stay owned by this object.
  const vstream_buffer& desc() const { return desc_; }
  const vstream_layout& layout() const { return desc_.layout; }
  bool mapped() const { return mapped_; }
  // First byte of a plane; null when not mapped or no such plane. Writable until the transport seals the memory for
  // everyone else: this mapping stays.
  uint8_t* plane(uint32_t index) const;

  // Brackets CPU access: DMA_BUF_IOCTL_SYNC on each fd of a dma-buf unless its cpu_sync is NONE; nothing for memfds.
  // `access`: VSTREAM_ACCESS_*, the same at both ends. May wait for a device that is writing. After an error nothing is
  // begun. Any thread.
  Status BeginCpuAccess(uint32_t access) const;
  void EndCpuAccess(uint32_t access) const;

 private:
  Buffer() = default;
  Status CheckRecord() const;
  Status CheckSizes() const;
  Status Map();
  bool needs_sync() const;
  void EndFirst(uint32_t count, uint32_t access) const;

  std::array<UniqueFd, VSTREAM_MAX_FDS> fds_;
  std::array<uint8_t*, VSTREAM_MAX_FDS> mappings_{};
  vstream_buffer desc_{};
  bool mapped_ = false;
};

}  // namespace videostream

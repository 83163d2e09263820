// SPDX-License-Identifier: Apache-2.0
// Interface of the kind `allocator`. Contract of each method: include/videostream/allocator.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "videostream/allocator.h"

namespace videostream {

// Memory for one frame. `desc` has sizes and capabilities; its layout is empty and desc.fds is not used: fd owns.
struct Allocation {
  UniqueFd fd;
  vstream_buffer desc;
};

class Allocator {
 public:
  virtual ~Allocator() = default;
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  [[nodiscard]] virtual Result<vstream_allocator_info> Info() = 0;
  // At least `bytes`, zeroed and committed. `required_memory`: VSTREAM_MEMORY_*.
  [[nodiscard]] virtual Result<Allocation> Allocate(uint64_t bytes, uint32_t required_memory,
                                                    std::string_view label) = 0;

 protected:
  Allocator() = default;
};

}  // namespace videostream

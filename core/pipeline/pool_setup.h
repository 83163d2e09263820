// SPDX-License-Identifier: Apache-2.0
// How many buffers a stream needs, and getting them from an allocator.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/allocator/allocator.h"
#include "core/base/result.h"
#include "core/frame/buffer.h"

namespace videostream {

// The parts of a pool's size, in frames; the sum is explained to the user.
struct PoolSum {
  uint32_t device = 0;     // kept by the capture device
  uint32_t filling = 0;    // ready to replace the next one that the device gives back
  uint32_t converter = 0;  // being converted
  uint32_t encoder = 0;    // being encoded
  uint32_t transport = 0;  // newest, leases, queues
  std::string transport_detail;

  uint32_t total() const { return device + filling + converter + encoder + transport; }
  // "9 = 2 device + 1 filling + 2 encoder + 4 transport (1 newest + 3 leases)"
  std::string Text() const;
};

// `count` buffers of this layout, mapped for CPU access, named `label` where the kernel shows names. Runs on the
// allocator's thread. On error nothing is left allocated.
Result<std::vector<std::shared_ptr<const Buffer>>> AllocateBuffers(Allocator& allocator, const vstream_layout& layout,
                                                                   uint32_t count, uint32_t required_memory,
                                                                   std::string_view label);

}  // namespace videostream

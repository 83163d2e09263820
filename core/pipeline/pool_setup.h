// SPDX-License-Identifier: Apache-2.0
// How many buffers a stream needs, and getting them from an allocator.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/allocator/allocator.h"
#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "core/frame/pool.h"
#include "core/pipeline/stages.h"
#include "core/transport/transport.h"

namespace videostream {

inline constexpr uint32_t kMaxPool = 64;  // buffers of one set, as the transport's contract has it

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

// Makes the pools of one stream: their buffer ids are unique over all of them.
class PoolMaker {
 public:
  struct Wish {
    vstream_layout layout{};
    uint32_t count = 0;
    uint32_t memory = 0;  // VSTREAM_MEMORY_* that the buffers must have
    uint32_t stream = VSTREAM_STREAM_FRAMES;
    std::string what;                    // "frames": in messages and as label
    std::vector<Transport*> transports;  // that will publish them; borrowed by the pool
  };

  // `budget`: for the allocation of one pool.
  PoolMaker(std::string stream_name, std::chrono::nanoseconds budget)
      : stream_name_(std::move(stream_name)), budget_(budget) {}

  // kUnsupported: more than kMaxPool buffers; else what the allocator says.
  Result<std::unique_ptr<Pool>> Make(AllocatorStage& allocator, Wish wish);

 private:
  std::string stream_name_;
  std::chrono::nanoseconds budget_;
  uint32_t next_id_ = 0;
};

// Makes every buffer of a pool known to a stage.
template <class Stage>
Status AttachPool(Stage& stage, const Pool& pool, std::chrono::nanoseconds budget) {
  // Copied: a call that hangs is abandoned and may look at them when the pool is long gone.
  std::vector<std::pair<uint32_t, std::shared_ptr<const Buffer>>> buffers;
  for (const uint32_t id : pool.ids()) buffers.emplace_back(id, pool.buffer(id));
  return stage.Call("attach", budget, [buffers](auto& instance) -> Status {
    for (const auto& [id, buffer] : buffers) {
      if (Status status = instance.Attach(id, buffer); !status) return status;
    }
    return {};
  });
}

}  // namespace videostream

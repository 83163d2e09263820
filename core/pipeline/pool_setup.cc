// SPDX-License-Identifier: Apache-2.0
// See pool_setup.h.
#include "core/pipeline/pool_setup.h"

#include <array>
#include <utility>

#include "core/frame/layout.h"

namespace videostream {

std::string PoolSum::Text() const {
  std::string text = std::to_string(total()) + " =";
  const char* separator = " ";
  const auto add = [&](uint32_t count, const char* what) {
    if (count == 0) return;
    text += separator + std::to_string(count) + " " + what;
    separator = " + ";
  };
  add(device, "device");
  add(filling, "filling");
  add(converter, "converter");
  add(encoder, "encoder");
  add(transport, "transport");
  if (transport != 0 && !transport_detail.empty()) text += " (" + transport_detail + ")";
  return text;
}

Result<std::vector<std::shared_ptr<const Buffer>>> AllocateBuffers(Allocator& allocator, const vstream_layout& layout,
                                                                   uint32_t count, uint32_t required_memory,
                                                                   std::string_view label) {
  std::vector<std::shared_ptr<const Buffer>> buffers;
  buffers.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Result<Allocation> allocation =
        allocator.Allocate(LayoutBytes(layout), required_memory | VSTREAM_MEMORY_CPU_ACCESS, label);
    if (!allocation) return allocation.error();
    vstream_buffer desc = allocation->desc;
    desc.layout = layout;
    std::array<UniqueFd, VSTREAM_MAX_FDS> fds;
    fds[0] = std::move(allocation->fd);
    Result<std::shared_ptr<const Buffer>> buffer = Buffer::Make(std::move(fds), desc, /*map_cpu=*/true);
    if (!buffer) {
      return WithContext(std::move(buffer.error()), "buffer " + std::to_string(i + 1) + " of " + std::to_string(count));
    }
    buffers.push_back(std::move(*buffer));
  }
  return buffers;
}

Result<std::unique_ptr<Pool>> PoolMaker::Make(AllocatorStage& allocator, Wish wish) {
  if (wish.count > kMaxPool) {
    return Fail(Code::kUnsupported, "the pool of " + wish.what + " needs " + std::to_string(wish.count) + " buffers, " +
                                        std::to_string(kMaxPool) +
                                        " are possible: lower 'buffers' or 'leases' in the profile");
  }
  const std::string label = "vs:" + stream_name_ + "." + wish.what;
  auto buffers =
      allocator.Call("allocate", budget_,
                     [label, layout = wish.layout, count = wish.count, memory = wish.memory](Allocator& instance) {
                       return AllocateBuffers(instance, layout, count, memory, label);
                     });
  if (!buffers) return buffers.error();
  std::vector<uint32_t> ids(wish.count);
  for (uint32_t& id : ids) id = next_id_++;
  return Pool::Make(std::move(*buffers), std::move(ids), wish.stream, std::move(wish.transports));
}

}  // namespace videostream

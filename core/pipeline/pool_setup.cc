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

}  // namespace videostream

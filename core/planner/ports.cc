// SPDX-License-Identifier: Apache-2.0
// Memory and strides of the buffers between two slots.
#include "core/planner/ports.h"

#include <algorithm>
#include <utility>

#include "core/frame/layout.h"
#include "core/planner/match.h"

namespace videostream {
namespace {

constexpr uint32_t kTypes = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF;

bool Accepts(uint32_t wanted, uint32_t memory) {
  if (wanted == 0 || memory == 0) return true;
  const uint32_t types = wanted & kTypes;
  return (types == 0 || (types & memory) != 0) && (wanted & ~kTypes & ~memory) == 0;
}

template <class Function>
void ForEachRange(const vstream_device& device, uint32_t direction, const PlannedFormat& format, Function function) {
  for (uint32_t i = 0; i < device.format_count; ++i) {
    if (RangeFits(device.formats[i], direction, format)) function(device.formats[i]);
  }
}

uint32_t Alignment(const vstream_format_range& range) { return std::max(range.stride_alignment, 1U); }

bool StridesAre(const vstream_layout& layout, uint32_t alignment) {
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    if (layout.planes[i].stride % alignment != 0) return false;
  }
  return true;
}

}  // namespace

uint32_t MemoryOf(const vstream_device& allocator) {
  if (allocator.format_count == 0) return 0;
  uint32_t memory = UINT32_MAX;
  for (uint32_t i = 0; i < allocator.format_count; ++i) memory &= allocator.formats[i].memory;
  return memory;
}

bool PortTakes(const vstream_device& device, uint32_t direction, const PlannedFormat& format, uint32_t memory) {
  bool known = false, taken = false;
  ForEachRange(device, direction, format, [&](const vstream_format_range& range) {
    known = true;
    taken = taken || Accepts(range.memory, memory);
  });
  return taken || !known;
}

bool TransportTakes(const vstream_device& transport, uint32_t memory) {
  const uint32_t wanted = MemoryOf(transport);
  return wanted == 0 || memory == 0 || (wanted & memory) != 0;
}

bool StridesFit(const vstream_device& from, const vstream_device& to, const PlannedFormat& format) {
  if (format.fourcc == 0 || format.width == 0) return true;
  bool known = false, fit = false;
  ForEachRange(from, VSTREAM_DIRECTION_OUTPUT, format, [&](const vstream_format_range& written) {
    const auto layout = ComputeLayout(format.fourcc, format.width, format.height, {Alignment(written), 1});
    if (!layout) return;  // coded
    ForEachRange(to, VSTREAM_DIRECTION_INPUT, format, [&](const vstream_format_range& read) {
      known = true;
      fit = fit || StridesAre(*layout, Alignment(read));
    });
  });
  return fit || !known;
}

std::string MemoryWords(uint32_t memory) {
  constexpr std::pair<uint32_t, const char*> kWords[] = {
      {VSTREAM_MEMORY_MEMFD, "memfd"},           {VSTREAM_MEMORY_DMABUF, "dma-buf"},
      {VSTREAM_MEMORY_CONTIGUOUS, "contiguous"}, {VSTREAM_MEMORY_BELOW_4G, "below 4 GiB"},
      {VSTREAM_MEMORY_CACHED, "cached"},         {VSTREAM_MEMORY_COHERENT, "coherent"},
      {VSTREAM_MEMORY_SECURE, "secure"},         {VSTREAM_MEMORY_CPU_ACCESS, "mappable by the CPU"}};
  std::string text;
  for (const auto& [bit, word] : kWords) {
    if ((memory & bit) == 0) continue;
    const bool second_type = bit == VSTREAM_MEMORY_DMABUF && (memory & VSTREAM_MEMORY_MEMFD) != 0;
    text += (text.empty() ? "" : second_type ? " or " : ", ") + std::string(word);
  }
  return text.empty() ? "memory of any kind" : text;
}

std::string PortWords(const vstream_device& device, uint32_t direction, const PlannedFormat& format) {
  uint32_t memory = 0;
  ForEachRange(device, direction, format, [&](const vstream_format_range& range) {
    if (memory == 0 || (range.memory != 0 && range.memory < memory)) memory = range.memory;
  });
  return MemoryWords(memory);
}

std::string StrideWords(const vstream_device& device, uint32_t direction, const PlannedFormat& format) {
  uint32_t alignment = 0;
  ForEachRange(device, direction, format, [&](const vstream_format_range& range) {
    alignment = alignment == 0 ? Alignment(range) : std::min(alignment, Alignment(range));
  });
  return "strides that are multiples of " + std::to_string(std::max(alignment, 1U)) + " bytes";
}

uint64_t BytesWritten(const vstream_device& device, const PlannedFormat& format) {
  uint32_t alignment = 0;
  ForEachRange(device, VSTREAM_DIRECTION_OUTPUT, format, [&](const vstream_format_range& range) {
    alignment = alignment == 0 ? Alignment(range) : std::min(alignment, Alignment(range));
  });
  const LayoutRules rules{std::max(alignment, 1U), std::max(alignment, 1U)};
  const auto layout = ComputeLayout(format.fourcc, format.width, format.height, rules);
  return layout ? LayoutBytes(*layout) : 0;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The values that this version of the ABI knows, for checks of what a backend says.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>

#include "core/frame/layout.h"
#include "videostream/backend.h"

namespace videostream {

inline constexpr uint32_t kKnownMemory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF | VSTREAM_MEMORY_CONTIGUOUS |
                                         VSTREAM_MEMORY_BELOW_4G | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT |
                                         VSTREAM_MEMORY_SECURE | VSTREAM_MEMORY_CPU_ACCESS;

// VSTREAM_MEMORY_* only.
[[nodiscard]] inline bool IsKnownMemory(uint32_t memory) { return (memory & ~kKnownMemory) == 0; }

// A power of two that layouts can be made for.
[[nodiscard]] inline bool IsStrideAlignment(uint32_t bytes) {
  return std::has_single_bit(bytes) && bytes <= kMaxLayoutAlignment;
}

[[nodiscard]] inline std::string Hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace videostream

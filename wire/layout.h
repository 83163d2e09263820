// SPDX-License-Identifier: Apache-2.0
// Is a layout that came from somewhere else possible at all, and does it fit into its descriptors?
#pragma once

#include <cstdint>
#include <string>

#include "videostream/frame.h"

namespace videostream::wire {

inline constexpr uint64_t kMaxFdBytes = uint64_t{1} << 30;  // of one descriptor of a buffer

// Empty: every plane lies within its fd, planes of known raw formats hold their rows. Else what is wrong, in one line
// with both numbers. `fd_size`: VSTREAM_MAX_FDS entries, the first `fd_count` count.
std::string CheckLayout(const vstream_layout& layout, uint32_t fd_count, const uint64_t* fd_size);

// The frame's sizes and visible rectangle are possible in this layout.
inline bool FrameFits(const vstream_layout& layout, const uint64_t* bytes_used, const vstream_rect& v) {
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) {
    if (bytes_used[i] > (i < layout.plane_count ? layout.planes[i].size : 0)) return false;
  }
  if ((v.x | v.y | v.width | v.height) == 0) return true;
  return v.width != 0 && v.height != 0 && v.x <= layout.width && v.width <= layout.width - v.x &&
         v.y <= layout.height && v.height <= layout.height - v.y;
}
// Empty if so; else what is wrong.
std::string CheckFrame(const vstream_layout& layout, const uint64_t* bytes_used, const vstream_rect& visible);

}  // namespace videostream::wire

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

// Empty: the frame's sizes and visible rectangle are possible in this layout.
std::string CheckFrame(const vstream_layout& layout, const uint64_t* bytes_used, const vstream_rect& visible);

}  // namespace videostream::wire

// SPDX-License-Identifier: Apache-2.0
// Layouts: computed for a format and size, and checked at every border. A wrong stride is an error with both numbers in
// it (INV-5). Pure functions: any thread.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "videostream/frame.h"

namespace videostream {

inline constexpr uint32_t kMaxLayoutAlignment = 4096;              // bytes
inline constexpr uint64_t kMaxPacketBytes = uint64_t{256} << 20U;  // of a packet buffer

struct LayoutRules {
  uint32_t stride_alignment = 1;  // bytes, power of two
  uint32_t plane_alignment = 1;   // bytes, power of two: where a plane may start
};

// The smallest layout of a raw format in one fd. Odd sizes round chroma up. Each plane's stride is aligned on its own:
// a device that ties the chroma stride to that of the luma gives its layout itself. kInvalidArgument: unknown or coded
// format, 0 or more than VSTREAM_MAX_DIMENSION pixels, alignment that is no power of two or above kMaxLayoutAlignment.
Result<vstream_layout> ComputeLayout(uint32_t fourcc, uint32_t width, uint32_t height, LayoutRules rules = {});

// The layout of a packet buffer: one plane of `bytes`, width and height 0 (unknown; the caller may set them).
// kInvalidArgument: raw format, 0 bytes, more than kMaxPacketBytes.
Result<vstream_layout> PacketLayout(uint32_t fourcc, uint64_t bytes);

// Smallest stride (bytes) and number of rows that plane `plane` of this format can have at these dimensions. 0 for
// coded and unknown formats and for planes that the format lacks; a stride that does not fit is UINT32_MAX.
uint32_t MinStride(uint32_t fourcc, uint32_t plane, uint32_t width);
uint32_t PlaneRows(uint32_t fourcc, uint32_t plane, uint32_t height);

// Bytes from the start of fd `fd_index` to the end of its last plane; UINT64_MAX if that overflows.
uint64_t LayoutBytes(const vstream_layout& layout, uint32_t fd_index = 0);

// Everything that must hold before the layout is used: format, modifier, dimensions (coded formats may have 0), plane
// count, strides (least value; 0 for coded), sizes (stride x rows), no overflow, planes within `fd_size` and not
// overlapping. The message names plane, found and expected. Entries beyond plane_count are not looked at.
// kUnsupported: a modifier that 0.x does not take; kInvalidArgument: everything else.
Status CheckLayout(const vstream_layout& layout, const uint64_t fd_size[VSTREAM_MAX_FDS], uint32_t fd_count);

// A frame as a backend gives it back against the layout of its buffer: bytes_used within planes (for raw formats up to
// the last pixel at least, for packets not 0; neither is asked of a frame flagged CORRUPTED, which is dropped anyway; 0
// for planes the format lacks), visible rectangle inside, fences -1, TLV records within tlv_bytes, flags and timestamp
// source known. kUnsupported: fences; kInvalidArgument: everything else.
Status CheckFrame(const vstream_frame& frame, const vstream_layout& layout);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Layouts of buffers that hold coded pictures: one plane of bytes, without rows.
#pragma once

#include <cstdint>
#include <string>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

// The most bytes that a runtime takes for one coded picture.
inline constexpr uint64_t kMostCodedBytes = uint64_t{256} << 20;

inline vstream_layout CodedLayout(uint32_t fourcc, uint32_t width, uint32_t height, uint64_t bytes) {
  vstream_layout layout{};
  layout.fourcc = fourcc;
  layout.plane_count = 1;
  layout.width = width;
  layout.height = height;
  layout.planes[0].size = bytes;
  return layout;
}

// Whether a buffer's layout can hold a coded picture of up to `bytes` (>= 1). INVALID with what it is.
inline backend::Status CheckCodedLayout(const vstream_layout& layout, uint32_t fourcc, uint64_t bytes) {
  if (layout.fourcc != fourcc) {
    return {VSTREAM_E_INVALID, "buffer is " + FormatName(layout.fourcc) + ", expected " + FormatName(fourcc)};
  }
  if (layout.plane_count == 1 && layout.planes[0].stride == 0 && layout.planes[0].size >= bytes) return backend::Ok();
  return {VSTREAM_E_INVALID, FormatName(fourcc) + " buffer has " + std::to_string(layout.plane_count) +
                                 " planes, the first with stride " + std::to_string(layout.planes[0].stride) + " and " +
                                 std::to_string(layout.planes[0].size) +
                                 " bytes, expected one without stride of at least " + std::to_string(bytes)};
}

}  // namespace videostream::sw_fallback

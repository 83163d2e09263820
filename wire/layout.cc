// SPDX-License-Identifier: Apache-2.0
// Checks of layouts and of what frames say about themselves.
#include "wire/layout.h"

namespace videostream::wire {
namespace {

std::string Number(uint64_t value) { return std::to_string(value); }

// Raw formats: bytes per `group` pixels of a row, and by how much each plane is subsampled.
struct Raw {
  uint32_t fourcc;
  uint32_t planes;
  struct {
    uint32_t bytes, group, rows;
  } plane[3];
};
constexpr Raw kRaw[] = {
    {VSTREAM_FORMAT_NV12, 2, {{1, 1, 1}, {2, 2, 2}, {}}},
    {VSTREAM_FORMAT_NV21, 2, {{1, 1, 1}, {2, 2, 2}, {}}},
    {VSTREAM_FORMAT_I420, 3, {{1, 1, 1}, {1, 2, 2}, {1, 2, 2}}},
    {VSTREAM_FORMAT_YUYV, 1, {{4, 2, 1}, {}, {}}},
    {VSTREAM_FORMAT_UYVY, 1, {{4, 2, 1}, {}, {}}},
    {VSTREAM_FORMAT_RGB24, 1, {{3, 1, 1}, {}, {}}},
    {VSTREAM_FORMAT_BGR24, 1, {{3, 1, 1}, {}, {}}},
    {VSTREAM_FORMAT_RGBX, 1, {{4, 1, 1}, {}, {}}},
    {VSTREAM_FORMAT_RGBA, 1, {{4, 1, 1}, {}, {}}},
    {VSTREAM_FORMAT_BGRX, 1, {{4, 1, 1}, {}, {}}},
    {VSTREAM_FORMAT_BGRA, 1, {{4, 1, 1}, {}, {}}},
    {VSTREAM_FORMAT_GREY, 1, {{1, 1, 1}, {}, {}}},
};

uint64_t DivideUp(uint64_t value, uint64_t by) { return (value + by - 1) / by; }

std::string CheckRaw(const vstream_layout& layout, const Raw& raw) {
  if (layout.width == 0 || layout.height == 0) return "layout without pixels";
  if (layout.plane_count != raw.planes) {
    return Number(layout.plane_count) + " planes, the format has " + Number(raw.planes);
  }
  for (uint32_t i = 0; i < raw.planes; ++i) {
    const vstream_plane& plane = layout.planes[i];
    const uint64_t row = DivideUp(layout.width, raw.plane[i].group) * raw.plane[i].bytes;
    const uint64_t rows = DivideUp(layout.height, raw.plane[i].rows);
    if (plane.stride < row) {
      return "plane " + Number(i) + ": stride " + Number(plane.stride) + ", a row has " + Number(row) + " bytes";
    }
    // The last row need not be padded.
    const uint64_t needed = (rows - 1) * plane.stride + row;
    if (plane.size < needed) {
      return "plane " + Number(i) + ": " + Number(plane.size) + " bytes, its rows take " + Number(needed);
    }
  }
  return {};
}

}  // namespace

std::string CheckLayout(const vstream_layout& layout, uint32_t fd_count, const uint64_t* fd_size) {
  if (fd_count == 0 || fd_count > VSTREAM_MAX_FDS) return Number(fd_count) + " descriptors per buffer";
  if (layout.plane_count == 0 || layout.plane_count > VSTREAM_MAX_PLANES) return Number(layout.plane_count) + " planes";
  if (layout.modifier != VSTREAM_MODIFIER_LINEAR) return "modifier " + Number(layout.modifier) + ", only 0 is known";
  if (layout.width > VSTREAM_MAX_DIMENSION || layout.height > VSTREAM_MAX_DIMENSION) {
    return Number(layout.width) + "x" + Number(layout.height) + " pixels, at most " + Number(VSTREAM_MAX_DIMENSION);
  }
  for (uint32_t i = 0; i < fd_count; ++i) {
    if (fd_size[i] == 0 || fd_size[i] > kMaxFdBytes) {
      return "descriptor of " + Number(fd_size[i]) + " bytes, expected 1 to " + Number(kMaxFdBytes);
    }
  }
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    const vstream_plane& plane = layout.planes[i];
    if (plane.fd_index >= fd_count) return "plane " + Number(i) + ": in descriptor " + Number(plane.fd_index);
    const uint64_t available = fd_size[plane.fd_index];
    if (plane.size == 0 || plane.offset > available || plane.size > available - plane.offset) {
      return "plane " + Number(i) + ": bytes " + Number(plane.offset) + " + " + Number(plane.size) + " of " +
             Number(available);
    }
  }
  for (const Raw& raw : kRaw) {
    if (raw.fourcc == layout.fourcc) return CheckRaw(layout, raw);
  }
  return {};
}

std::string CheckFrame(const vstream_layout& layout, const uint64_t* bytes_used, const vstream_rect& visible) {
  if (FrameFits(layout, bytes_used, visible)) return {};
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) {
    const uint64_t size = i < layout.plane_count ? layout.planes[i].size : 0;
    if (bytes_used[i] > size) {
      return "plane " + Number(i) + ": " + Number(bytes_used[i]) + " bytes used of " + Number(size);
    }
  }
  const vstream_rect& v = visible;
  return "visible " + Number(v.width) + "x" + Number(v.height) + "+" + Number(v.x) + "+" + Number(v.y) + " of " +
         Number(layout.width) + "x" + Number(layout.height);
}

}  // namespace videostream::wire

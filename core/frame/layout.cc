// SPDX-License-Identifier: Apache-2.0
// The arithmetic of layouts. Whatever comes in may be hostile: products are 64 bits wide, sums are compared by
// subtraction.
#include "core/frame/layout.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <string>

#include "core/frame/format.h"

namespace videostream {
namespace {

constexpr uint32_t kKnownFlags = VSTREAM_FRAME_KEY | VSTREAM_FRAME_PARAMETER_SETS | VSTREAM_FRAME_DISCONTINUITY |
                                 VSTREAM_FRAME_CORRUPTED | VSTREAM_FRAME_NO_SIGNAL;

std::string Number(uint64_t value) { return std::to_string(value); }

std::string Hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

// "1 fd", "2 fds".
std::string Count(uint64_t value, const char* noun) { return Number(value) + " " + noun + (value == 1 ? "" : "s"); }

// "NV12 1920x1080"; packets of unknown dimensions: "H264".
std::string Describe(const vstream_layout& layout) {
  const Format* format = FindFormat(layout.fourcc);
  std::string text = FormatName(layout.fourcc);
  if (format != nullptr && format->coded && layout.width == 0 && layout.height == 0) return text;
  return text + " " + Number(layout.width) + "x" + Number(layout.height);
}

tl::unexpected<Error> Refuse(std::string text) { return Fail(Code::kInvalidArgument, std::move(text)); }

tl::unexpected<Error> RefusePlane(const vstream_layout& layout, uint32_t plane, const std::string& text) {
  return Refuse("plane " + Number(plane) + " of " + Describe(layout) + ": " + text);
}

uint64_t RowBytes(const FormatPlane& plane, uint32_t width) {
  if (plane.pixels_per_group == 0) return 0;
  const uint64_t groups = (uint64_t{width} + plane.pixels_per_group - 1) / plane.pixels_per_group;
  return groups * plane.bytes_per_group;
}

uint32_t Rows(const FormatPlane& plane, uint32_t height) {
  if (plane.vertical == 0) return 0;
  return static_cast<uint32_t>((uint64_t{height} + plane.vertical - 1) / plane.vertical);
}

uint64_t AlignUp(uint64_t value, uint64_t power_of_two) { return (value + power_of_two - 1) & ~(power_of_two - 1); }

Status CheckDimensions(const Format& format, const vstream_layout& layout) {
  const uint32_t least = format.coded ? 0 : 1;
  const auto [low, high] = std::minmax(layout.width, layout.height);
  if (low >= least && high <= VSTREAM_MAX_DIMENSION) return {};
  return Refuse(Describe(layout) + ": width and height must be from " + Number(least) + " to " +
                Number(VSTREAM_MAX_DIMENSION));
}

Status CheckAlignment(const char* what, uint32_t value, const vstream_layout& layout) {
  if (std::has_single_bit(value) && value <= kMaxLayoutAlignment) return {};
  return Refuse(Describe(layout) + ": " + what + " alignment " + Number(value) + " is not a power of two from 1 to " +
                Number(kMaxLayoutAlignment));
}

Status CheckRawPlane(const vstream_layout& layout, const Format& format, uint32_t i) {
  const vstream_plane& plane = layout.planes[i];
  const uint64_t row_bytes = RowBytes(format.planes[i], layout.width);
  if (plane.stride < row_bytes) {
    return RefusePlane(layout, i, "stride " + Number(plane.stride) + " is less than " + Number(row_bytes));
  }
  const uint32_t rows = Rows(format.planes[i], layout.height);
  const uint64_t least = uint64_t{plane.stride} * rows;
  if (plane.size < least) {
    return RefusePlane(layout, i,
                       "size " + Number(plane.size) + " is less than " + Number(least) + " (stride " +
                           Number(plane.stride) + " x " + Count(rows, "row") + ")");
  }
  return {};
}

Status CheckCodedPlane(const vstream_layout& layout, uint32_t i) {
  const vstream_plane& plane = layout.planes[i];
  if (plane.stride != 0) return RefusePlane(layout, i, "stride " + Number(plane.stride) + ", a packet has stride 0");
  if (plane.size == 0 || plane.size > kMaxPacketBytes) {
    return RefusePlane(layout, i, "size " + Number(plane.size) + ", expected 1 to " + Number(kMaxPacketBytes));
  }
  return {};
}

// Where plane `i` lies: inside its fd and clear of the planes before it, which have been checked.
Status CheckPlace(const vstream_layout& layout, uint32_t i, const uint64_t* fd_size, uint32_t fd_count) {
  const vstream_plane& plane = layout.planes[i];
  if (plane.fd_index >= fd_count) {
    return RefusePlane(layout, i,
                       "fd_index " + Number(plane.fd_index) + ", but the buffer has " + Count(fd_count, "fd"));
  }
  const uint64_t bytes = fd_size[plane.fd_index];
  if (plane.offset > bytes || plane.size > bytes - plane.offset) {
    return RefusePlane(layout, i,
                       "offset " + Number(plane.offset) + " + size " + Number(plane.size) + " is beyond the " +
                           Number(bytes) + " bytes of fd " + Number(plane.fd_index));
  }
  for (uint32_t j = 0; j < i; ++j) {
    const vstream_plane& other = layout.planes[j];
    if (other.fd_index != plane.fd_index) continue;
    if (plane.offset >= other.offset + other.size || other.offset >= plane.offset + plane.size) continue;
    return RefusePlane(layout, i,
                       "bytes from " + Number(plane.offset) + " to " + Number(plane.offset + plane.size) + " of fd " +
                           Number(plane.fd_index) + " overlap plane " + Number(j) + ", from " + Number(other.offset) +
                           " to " + Number(other.offset + other.size));
  }
  return {};
}

Status CheckBytesUsed(const vstream_frame& frame, const vstream_layout& layout, const Format& format) {
  const auto refuse = [&](uint32_t i, const std::string& why) {
    return RefusePlane(layout, i, "bytes_used " + Number(frame.bytes_used[i]) + why);
  };
  const bool damaged = (frame.flags & VSTREAM_FRAME_CORRUPTED) != 0;
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) {
    const uint64_t used = frame.bytes_used[i];
    if (i >= format.plane_count) {
      if (used != 0) return refuse(i, ", but there is no such plane");
      continue;
    }
    const vstream_plane& plane = layout.planes[i];
    if (used > plane.size) return refuse(i, " is more than its size " + Number(plane.size));
    if (damaged) continue;
    // The padding behind the last row need not count as used.
    const uint32_t rows = Rows(format.planes[i], layout.height);
    const uint64_t full =
        rows == 0 ? 1 : uint64_t{plane.stride} * (rows - 1) + RowBytes(format.planes[i], layout.width);
    if (used < full) return refuse(i, " is less than " + Number(full));
  }
  return {};
}

Status CheckVisible(const vstream_rect& rect, const vstream_layout& layout) {
  if (rect.x == 0 && rect.y == 0 && rect.width == 0 && rect.height == 0) return {};
  const uint32_t width = layout.width != 0 ? layout.width : VSTREAM_MAX_DIMENSION;
  const uint32_t height = layout.height != 0 ? layout.height : VSTREAM_MAX_DIMENSION;
  const bool inside = rect.width != 0 && rect.height != 0 && rect.x < width && rect.width <= width - rect.x &&
                      rect.y < height && rect.height <= height - rect.y;
  if (inside) return {};
  return Refuse("frame of " + Describe(layout) + ": visible rectangle " + Number(rect.width) + "x" +
                Number(rect.height) + "+" + Number(rect.x) + "+" + Number(rect.y) + " is not inside " + Number(width) +
                "x" + Number(height));
}

Status CheckTlv(const vstream_frame& frame, const vstream_layout& layout) {
  const auto refuse = [&](const std::string& why) { return Refuse("frame of " + Describe(layout) + ": " + why); };
  if (frame.tlv_bytes > VSTREAM_FRAME_TLV_BYTES) {
    return refuse("tlv_bytes " + Number(frame.tlv_bytes) + " is more than " + Number(VSTREAM_FRAME_TLV_BYTES));
  }
  for (uint64_t at = 0; at < frame.tlv_bytes;) {
    const uint64_t left = frame.tlv_bytes - at;
    vstream_tlv record{};
    if (left < sizeof record) {
      return refuse("metadata record at byte " + Number(at) + " needs " + Number(sizeof record) + " bytes, " +
                    Number(left) + " are left");
    }
    std::memcpy(&record, frame.tlv + at, sizeof record);
    if (record.length > left - sizeof record) {
      return refuse("metadata record at byte " + Number(at) + " says " + Number(record.length) + " bytes, " +
                    Number(left - sizeof record) + " are left");
    }
    at = AlignUp(at + sizeof record + record.length, sizeof(uint64_t));
  }
  return {};
}

Status CheckFences(const vstream_frame& frame, const vstream_layout& layout) {
  if (frame.acquire_fence == -1 && frame.release_fence == -1) return {};
  return Fail(Code::kUnsupported, "frame of " + Describe(layout) + ": acquire_fence " +
                                      std::to_string(frame.acquire_fence) + ", release_fence " +
                                      std::to_string(frame.release_fence) + ": fences are not supported, expected -1");
}

}  // namespace

Result<vstream_layout> ComputeLayout(uint32_t fourcc, uint32_t width, uint32_t height, LayoutRules rules) {
  const Format* format = FindFormat(fourcc);
  if (format == nullptr) return Refuse("layout: unknown format " + FormatName(fourcc));
  if (format->coded) return Refuse("layout: " + std::string(format->name) + " is coded, expected a raw format");
  vstream_layout layout{};
  layout.fourcc = fourcc;
  layout.plane_count = format->plane_count;
  layout.modifier = VSTREAM_MODIFIER_LINEAR;
  layout.width = width;
  layout.height = height;
  if (Status ok = CheckDimensions(*format, layout); !ok) return ok.error();
  if (Status ok = CheckAlignment("stride", rules.stride_alignment, layout); !ok) return ok.error();
  if (Status ok = CheckAlignment("plane", rules.plane_alignment, layout); !ok) return ok.error();

  uint64_t end = 0;
  for (uint32_t i = 0; i < format->plane_count; ++i) {
    vstream_plane& plane = layout.planes[i];
    plane.stride = static_cast<uint32_t>(AlignUp(RowBytes(format->planes[i], width), rules.stride_alignment));
    plane.offset = AlignUp(end, rules.plane_alignment);
    plane.size = uint64_t{plane.stride} * Rows(format->planes[i], height);
    end = plane.offset + plane.size;
  }
  return layout;
}

Result<vstream_layout> PacketLayout(uint32_t fourcc, uint64_t bytes) {
  const Format* format = FindFormat(fourcc);
  if (format == nullptr) return Refuse("packet layout: unknown format " + FormatName(fourcc));
  if (!format->coded) return Refuse("packet layout: " + std::string(format->name) + " is raw, expected a coded format");
  vstream_layout layout{};
  layout.fourcc = fourcc;
  layout.plane_count = 1;
  layout.modifier = VSTREAM_MODIFIER_LINEAR;
  layout.planes[0].size = bytes;
  if (Status ok = CheckCodedPlane(layout, 0); !ok) return ok.error();
  return layout;
}

uint32_t MinStride(uint32_t fourcc, uint32_t plane, uint32_t width) {
  const Format* format = FindFormat(fourcc);
  if (format == nullptr || plane >= format->plane_count) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(RowBytes(format->planes[plane], width), UINT32_MAX));
}

uint32_t PlaneRows(uint32_t fourcc, uint32_t plane, uint32_t height) {
  const Format* format = FindFormat(fourcc);
  if (format == nullptr || plane >= format->plane_count) return 0;
  return Rows(format->planes[plane], height);
}

uint64_t LayoutBytes(const vstream_layout& layout, uint32_t fd_index) {
  uint64_t end = 0;
  for (uint32_t i = 0; i < std::min<uint32_t>(layout.plane_count, VSTREAM_MAX_PLANES); ++i) {
    const vstream_plane& plane = layout.planes[i];
    if (plane.fd_index != fd_index) continue;
    end = std::max(end, plane.size > UINT64_MAX - plane.offset ? UINT64_MAX : plane.offset + plane.size);
  }
  return end;
}

Status CheckLayout(const vstream_layout& layout, const uint64_t fd_size[VSTREAM_MAX_FDS], uint32_t fd_count) {
  const Format* format = FindFormat(layout.fourcc);
  if (format == nullptr) return Refuse("layout: unknown format " + FormatName(layout.fourcc));
  if (layout.modifier != VSTREAM_MODIFIER_LINEAR) {
    return Fail(Code::kUnsupported, Describe(layout) + ": modifier " + Hex(layout.modifier) +
                                        " is not supported, expected " + Hex(VSTREAM_MODIFIER_LINEAR) + " (linear)");
  }
  if (Status ok = CheckDimensions(*format, layout); !ok) return ok;
  if (layout.plane_count != format->plane_count) {
    return Refuse(Describe(layout) + ": " + Count(layout.plane_count, "plane") + ", expected " +
                  Number(format->plane_count));
  }
  if (fd_count == 0 || fd_count > VSTREAM_MAX_FDS) {
    return Refuse(Describe(layout) + ": " + Count(fd_count, "fd") + ", expected 1 to " + Number(VSTREAM_MAX_FDS));
  }
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    if (Status ok = format->coded ? CheckCodedPlane(layout, i) : CheckRawPlane(layout, *format, i); !ok) return ok;
    if (Status ok = CheckPlace(layout, i, fd_size, fd_count); !ok) return ok;
  }
  return {};
}

Status CheckFrame(const vstream_frame& frame, const vstream_layout& layout) {
  const Format* format = FindFormat(layout.fourcc);
  if (format == nullptr) return Refuse("frame: unknown format " + FormatName(layout.fourcc));
  if ((frame.flags & ~kKnownFlags) != 0) {
    return Refuse("frame of " + Describe(layout) + ": unknown flags " + Hex(frame.flags & ~kKnownFlags));
  }
  if (frame.timestamp_source > VSTREAM_TIMESTAMP_SYNTHETIC) {
    return Refuse("frame of " + Describe(layout) + ": unknown timestamp_source " + Number(frame.timestamp_source));
  }
  if (Status ok = CheckBytesUsed(frame, layout, *format); !ok) return ok;
  if (Status ok = CheckVisible(frame.visible, layout); !ok) return ok;
  if (Status ok = CheckFences(frame, layout); !ok) return ok;
  return CheckTlv(frame, layout);
}

}  // namespace videostream

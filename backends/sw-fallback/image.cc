// SPDX-License-Identifier: Apache-2.0
// Raw pictures in memory: see image.h.
#include "backends/sw-fallback/image.h"

#include <cstdio>

namespace videostream::sw_fallback {

using backend::Status;

namespace {

constexpr Format kFormats[] = {
    {VSTREAM_FORMAT_NV12, "NV12", 2, {{1, 1, 1}, {2, 2, 2}}, false},
    {VSTREAM_FORMAT_NV21, "NV21", 2, {{1, 1, 1}, {2, 2, 2}}, false},
    {VSTREAM_FORMAT_I420, "I420", 3, {{1, 1, 1}, {1, 2, 2}, {1, 2, 2}}, false},
    {VSTREAM_FORMAT_YUYV, "YUYV", 1, {{4, 2, 1}}, false},
    {VSTREAM_FORMAT_UYVY, "UYVY", 1, {{4, 2, 1}}, false},
    {VSTREAM_FORMAT_GREY, "GREY", 1, {{1, 1, 1}}, false},
    {VSTREAM_FORMAT_RGB24, "RGB24", 1, {{3, 1, 1}}, true},
    {VSTREAM_FORMAT_BGR24, "BGR24", 1, {{3, 1, 1}}, true},
    {VSTREAM_FORMAT_RGBX, "RGBX", 1, {{4, 1, 1}}, true},
    {VSTREAM_FORMAT_RGBA, "RGBA", 1, {{4, 1, 1}}, true},
    {VSTREAM_FORMAT_BGRX, "BGRX", 1, {{4, 1, 1}}, true},
    {VSTREAM_FORMAT_BGRA, "BGRA", 1, {{4, 1, 1}}, true},
};

std::string Size(uint32_t width, uint32_t height) { return std::to_string(width) + "x" + std::to_string(height); }

}  // namespace

std::span<const Format> AllFormats() { return kFormats; }

const Format* FindFormat(uint32_t fourcc) {
  for (const Format& format : kFormats) {
    if (format.fourcc == fourcc) return &format;
  }
  return nullptr;
}

std::string FormatName(uint32_t fourcc) {
  if (const Format* format = FindFormat(fourcc)) return format->name;
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", fourcc);
  return text;
}

uint32_t RowBytes(const PlaneFormat& plane, uint32_t width) {
  return (width + plane.pixels - 1) / plane.pixels * plane.bytes;
}

uint32_t Rows(const PlaneFormat& plane, uint32_t height) { return (height + plane.rows - 1) / plane.rows; }

vstream_layout MinimalLayout(uint32_t fourcc, uint32_t width, uint32_t height) {
  const Format& format = *FindFormat(fourcc);
  vstream_layout layout{};
  layout.fourcc = fourcc;
  layout.plane_count = format.plane_count;
  layout.width = width;
  layout.height = height;
  uint64_t offset = 0;
  for (uint32_t i = 0; i < format.plane_count; ++i) {
    vstream_plane& plane = layout.planes[i];
    plane.stride = RowBytes(format.planes[i], width);
    plane.offset = offset;
    plane.size = uint64_t{plane.stride} * Rows(format.planes[i], height);
    offset += plane.size;
  }
  return layout;
}

Status CheckLayout(const vstream_layout& layout, uint32_t fourcc, uint32_t width, uint32_t height) {
  if (layout.fourcc != fourcc || layout.width != width || layout.height != height) {
    return {VSTREAM_E_INVALID, "buffer is " + FormatName(layout.fourcc) + " " + Size(layout.width, layout.height) +
                                   ", expected " + FormatName(fourcc) + " " + Size(width, height)};
  }
  const Format* format = FindFormat(fourcc);
  if (format == nullptr || width == 0 || height == 0 || width > VSTREAM_MAX_DIMENSION ||
      height > VSTREAM_MAX_DIMENSION) {
    return {VSTREAM_E_UNSUPPORTED, "no such raw format or size: " + FormatName(fourcc) + " " + Size(width, height)};
  }
  if (layout.modifier != VSTREAM_MODIFIER_LINEAR) return {VSTREAM_E_UNSUPPORTED, "buffer is tiled, expected linear"};
  if (layout.plane_count != format->plane_count) {
    return {VSTREAM_E_INVALID, std::string(format->name) + " buffer has " + std::to_string(layout.plane_count) +
                                   " planes, expected " + std::to_string(format->plane_count)};
  }
  for (uint32_t i = 0; i < format->plane_count; ++i) {
    const vstream_plane& plane = layout.planes[i];
    const uint32_t row = RowBytes(format->planes[i], width);
    const uint64_t size = uint64_t{plane.stride} * Rows(format->planes[i], height);
    if (plane.stride >= row && size <= kMostPlaneBytes && plane.size >= size) continue;
    const std::string where = std::string(format->name) + " plane " + std::to_string(i);
    if (plane.stride < row) {
      return {VSTREAM_E_INVALID, where + ": stride is " + std::to_string(plane.stride) + " bytes, expected at least " +
                                     std::to_string(row)};
    }
    if (size > kMostPlaneBytes) {
      return {VSTREAM_E_INVALID, where + ": rows of stride " + std::to_string(plane.stride) + " take " +
                                     std::to_string(size) + " bytes, expected at most " +
                                     std::to_string(kMostPlaneBytes)};
    }
    return {VSTREAM_E_INVALID,
            where + ": size is " + std::to_string(plane.size) + " bytes, expected at least " + std::to_string(size)};
  }
  return backend::Ok();
}

void SetBytesUsed(const vstream_layout& layout, uint64_t (&bytes_used)[VSTREAM_MAX_PLANES]) {
  const Format& format = *FindFormat(layout.fourcc);
  for (uint32_t i = 0; i < format.plane_count; ++i) {
    bytes_used[i] = uint64_t{layout.planes[i].stride} * Rows(format.planes[i], layout.height);
  }
}

Status MakeImage(const vstream_layout& layout, const backend::Mapping& mapping, Image* out) {
  Image image{FindFormat(layout.fourcc), layout.width, layout.height, {}, {}};
  for (uint32_t i = 0; i < image.format->plane_count; ++i) {
    const uint64_t size = uint64_t{layout.planes[i].stride} * Rows(image.format->planes[i], layout.height);
    if (mapping.data(i) == nullptr || mapping.size(i) < size) {
      return {VSTREAM_E_IO, "mapping of plane " + std::to_string(i) + " has " + std::to_string(mapping.size(i)) +
                                " bytes, expected " + std::to_string(size)};
    }
    image.data[i] = mapping.data(i);
    image.stride[i] = layout.planes[i].stride;
  }
  *out = image;
  return backend::Ok();
}

vstream_format_range FormatRange(uint32_t fourcc, uint32_t directions, uint32_t minimum, uint32_t maximum,
                                 uint32_t step) {
  vstream_format_range range{};
  range.fourcc = fourcc;
  range.directions = directions;
  range.modifier = VSTREAM_MODIFIER_LINEAR;
  range.min_width = range.min_height = minimum;
  range.max_width = range.max_height = maximum;
  range.step_width = range.step_height = step;
  range.stride_alignment = 1;
  range.memory = VSTREAM_MEMORY_CPU_ACCESS;
  return range;
}

}  // namespace videostream::sw_fallback

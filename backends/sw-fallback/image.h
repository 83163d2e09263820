// SPDX-License-Identifier: Apache-2.0
// Raw pictures in memory: the formats this backend knows, their smallest layouts, and checked access to the planes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "videostream/backend.hpp"

namespace videostream::sw_fallback {

// One plane of a format: `bytes` hold `pixels` horizontally adjacent pixels, one row covers `rows` rows of the picture.
struct PlaneFormat {
  uint8_t bytes, pixels, rows;
};

struct Format {
  uint32_t fourcc;
  const char* name;  // as in profiles
  uint8_t plane_count;
  PlaneFormat planes[3];
  bool rgb;
};

// All of them; they live for ever, each at one place.
std::span<const Format> AllFormats();
// Null if there is none.
const Format* FindFormat(uint32_t fourcc);
// "NV12"; the code in hex for formats that are not known here.
std::string FormatName(uint32_t fourcc);

uint32_t RowBytes(const PlaneFormat& plane, uint32_t width);
uint32_t Rows(const PlaneFormat& plane, uint32_t height);

// The smallest layout, planes one after the other in one fd. `fourcc` must be known.
vstream_layout MinimalLayout(uint32_t fourcc, uint32_t width, uint32_t height);

// The most bytes of a plane, padding included: libyuv counts in int. No picture of a size we take needs half of it.
constexpr uint64_t kMostPlaneBytes = INT32_MAX;

// Whether a buffer's layout holds a picture of the expected format and size; strides may be larger than necessary, but
// not so large that a plane has more than kMostPlaneBytes. INVALID with the plane and both numbers.
backend::Status CheckLayout(const vstream_layout& layout, uint32_t fourcc, uint32_t width, uint32_t height);

// Sets bytes_used of a full picture.
void SetBytesUsed(const vstream_layout& layout, uint64_t (&bytes_used)[VSTREAM_MAX_PLANES]);

// A picture mapped into memory; borrowed.
struct Image {
  const Format* format = nullptr;
  uint32_t width = 0, height = 0;
  uint8_t* data[3] = {};
  uint32_t stride[3] = {};
};

// Pairs a checked layout with a mapping of it. IO when the mapping is smaller than the layout says.
backend::Status MakeImage(const vstream_layout& layout, const backend::Mapping& mapping, Image* out);

// A record for probe: this format, every size from `minimum` to `maximum` in steps of `step`.
vstream_format_range FormatRange(uint32_t fourcc, uint32_t directions, uint32_t minimum, uint32_t maximum,
                                 uint32_t step);

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// The formats: their names, planes, subsampling and the rules their layouts obey.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "videostream/frame.h"

namespace videostream {

struct FormatPlane {
  uint8_t bytes_per_group;   // bytes of one group of horizontally adjacent samples
  uint8_t pixels_per_group;  // pixels that such a group covers (YUYV: 4 bytes for 2 pixels; NV12 chroma: 2 bytes for 2)
  uint8_t vertical;          // rows of the picture that one row of the plane covers: 1 or 2
};

struct Format {
  uint32_t fourcc;
  std::string_view name;  // as in profiles: "NV12"
  bool coded;             // packets: one plane without a stride; planes[0] is all 0
  uint8_t plane_count;
  FormatPlane planes[VSTREAM_MAX_PLANES];
};

// Every format, raw ones first. All functions here: any thread, constant data that lives as long as the program.
std::span<const Format> AllFormats();
// Null if there is none.
const Format* FindFormat(uint32_t fourcc);
// Names are upper case, as in the table. Null if there is none.
const Format* FindFormat(std::string_view name);
// "NV12", or "0x34325258 ('XR24')" for an unknown code, with '.' for what is not printable; never fails.
std::string FormatName(uint32_t fourcc);

}  // namespace videostream

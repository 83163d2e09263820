// SPDX-License-Identifier: Apache-2.0
// The table of formats.
#include "core/frame/format.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace videostream {
namespace {

constexpr FormatPlane kBytes1 = {1, 1, 1};
constexpr FormatPlane kBytes3 = {3, 1, 1};
constexpr FormatPlane kBytes4 = {4, 1, 1};
constexpr FormatPlane kPair422 = {4, 2, 1};    // two pixels share a pair of chroma samples in the same plane
constexpr FormatPlane kChroma420 = {1, 2, 2};  // one of U, V
constexpr FormatPlane kChromaUv = {2, 2, 2};   // U and V interleaved

constexpr Format Packed(uint32_t fourcc, std::string_view name, FormatPlane plane) {
  return {fourcc, name, false, 1, {plane}};
}

constexpr Format Coded(uint32_t fourcc, std::string_view name) { return {fourcc, name, true, 1, {}}; }

constexpr Format kFormats[] = {
    {VSTREAM_FORMAT_NV12, "NV12", false, 2, {kBytes1, kChromaUv}},
    {VSTREAM_FORMAT_NV21, "NV21", false, 2, {kBytes1, kChromaUv}},
    {VSTREAM_FORMAT_I420, "I420", false, 3, {kBytes1, kChroma420, kChroma420}},
    Packed(VSTREAM_FORMAT_YUYV, "YUYV", kPair422),
    Packed(VSTREAM_FORMAT_UYVY, "UYVY", kPair422),
    Packed(VSTREAM_FORMAT_RGB24, "RGB24", kBytes3),
    Packed(VSTREAM_FORMAT_BGR24, "BGR24", kBytes3),
    Packed(VSTREAM_FORMAT_RGBX, "RGBX", kBytes4),
    Packed(VSTREAM_FORMAT_RGBA, "RGBA", kBytes4),
    Packed(VSTREAM_FORMAT_BGRX, "BGRX", kBytes4),
    Packed(VSTREAM_FORMAT_BGRA, "BGRA", kBytes4),
    Packed(VSTREAM_FORMAT_GREY, "GREY", kBytes1),
    Coded(VSTREAM_FORMAT_H264, "H264"),
    Coded(VSTREAM_FORMAT_HEVC, "HEVC"),
    Coded(VSTREAM_FORMAT_MJPEG, "MJPEG"),
    Coded(VSTREAM_FORMAT_VP8, "VP8"),
};

}  // namespace

std::span<const Format> AllFormats() { return kFormats; }

const Format* FindFormat(uint32_t fourcc) {
  const auto* found = std::ranges::find(kFormats, fourcc, &Format::fourcc);
  return found == std::end(kFormats) ? nullptr : found;
}

const Format* FindFormat(std::string_view name) {
  const auto* found = std::ranges::find(kFormats, name, &Format::name);
  return found == std::end(kFormats) ? nullptr : found;
}

std::string FormatName(uint32_t fourcc) {
  if (const Format* format = FindFormat(fourcc)) return std::string(format->name);
  char letters[5] = {};
  for (int i = 0; i < 4; ++i) {
    const uint32_t byte = (fourcc >> (8 * i)) & 0xff;
    letters[i] = byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
  }
  char text[32];
  std::snprintf(text, sizeof text, "0x%08x ('%s')", fourcc, letters);
  return text;
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// JPEG files for tests, made by libjpeg from pictures that are known at every point.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace videostream::sw_fallback {

struct JpegFile {
  uint32_t width = 64, height = 48;
  int across = 2, down = 2;  // luma samples per chroma sample
  bool grey = false, cmyk = false, rgb = false;
  bool progressive = false, arithmetic = false, separate_scans = false, optimized = false;
  int quality = 100;
  unsigned restart = 0;  // units between restart markers
  int noise = 0;         // 0: smooth; else black and white by this seed
};

// The picture: Y, U, V of a pixel. Smooth, and different everywhere.
struct Yuv {
  double y, u, v;
};
Yuv PictureAt(uint32_t x, uint32_t y, uint32_t width, uint32_t height);

std::string MakeJpeg(const JpegFile& file);

// Offset of the marker 0xFF `code` between segments; npos: not there before the coded data.
size_t FindMarker(const std::string& jpeg, uint8_t code);
// Without every segment of this marker.
std::string WithoutSegments(const std::string& jpeg, uint8_t code);
// With a segment right behind the start marker.
std::string WithSegment(const std::string& jpeg, uint8_t code, const std::string& body);

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// JPEG files for tests: see jpeg_files.h.
#include "tests/backends/sw-fallback/jpeg_files.h"

// jpeglib.h needs the first, and does not include it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <random>

namespace videostream::sw_fallback {

Yuv PictureAt(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
  const double across = (x + 0.5) / width, down = (y + 0.5) / height;
  return {128 + 70 * std::sin(2 * std::numbers::pi * across) * std::cos(3 * down), 88 + 80 * across, 168 - 80 * down};
}

std::string MakeJpeg(const JpegFile& file) {
  jpeg_compress_struct info{};
  jpeg_error_mgr error{};
  info.err = jpeg_std_error(&error);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = file.width;
  info.image_height = file.height;
  info.input_components = file.cmyk ? 4 : file.grey ? 1 : 3;
  info.in_color_space = file.cmyk ? JCS_CMYK : file.grey ? JCS_GRAYSCALE : file.rgb ? JCS_RGB : JCS_YCbCr;
  jpeg_set_defaults(&info);
  if (file.rgb) jpeg_set_colorspace(&info, JCS_RGB);
  jpeg_set_quality(&info, file.quality, TRUE);
  if (!file.grey && !file.cmyk && !file.rgb) {
    info.comp_info[0].h_samp_factor = file.across;
    info.comp_info[0].v_samp_factor = file.down;
  }
  info.restart_interval = file.restart;
  info.optimize_coding = file.optimized ? TRUE : FALSE;
  info.arith_code = file.arithmetic ? TRUE : FALSE;
  jpeg_scan_info scans[3] = {
      {1, {0, 0, 0, 0}, 0, 63, 0, 0}, {1, {1, 0, 0, 0}, 0, 63, 0, 0}, {1, {2, 0, 0, 0}, 0, 63, 0, 0}};
  if (file.progressive) jpeg_simple_progression(&info);
  if (file.separate_scans) {
    info.scan_info = scans;
    info.num_scans = 3;
  }
  jpeg_start_compress(&info, TRUE);
  std::mt19937 random(static_cast<unsigned>(file.noise));
  std::vector<unsigned char> row(size_t{file.width} * static_cast<size_t>(info.input_components));
  for (uint32_t y = 0; y < file.height; ++y) {
    for (uint32_t x = 0; x < file.width; ++x) {
      const Yuv yuv = PictureAt(x, y, file.width, file.height);
      const double values[4] = {yuv.y, yuv.u, yuv.v, 200};
      for (int i = 0; i < info.input_components; ++i) {
        auto& sample = row[size_t{x} * static_cast<size_t>(info.input_components) + static_cast<size_t>(i)];
        sample = static_cast<unsigned char>(file.noise != 0 ? random() % 2 * 255 : std::lround(values[i]));
      }
    }
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string out(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return out;
}

namespace {

// Calls `visit(offset, code, bytes)` for every segment before the coded data; bytes: with marker and length.
template <class Visit>
void ForEachSegment(const std::string& jpeg, Visit&& visit) {
  for (size_t at = 2; at + 4 <= jpeg.size();) {
    const auto code = static_cast<uint8_t>(jpeg[at + 1]);
    const size_t length = size_t{static_cast<uint8_t>(jpeg[at + 2])} * 256 + static_cast<uint8_t>(jpeg[at + 3]);
    visit(at, code, length + 2);
    if (code == 0xDA) return;
    at += length + 2;
  }
}

}  // namespace

size_t FindMarker(const std::string& jpeg, uint8_t code) {
  size_t found = std::string::npos;
  ForEachSegment(jpeg, [&](size_t at, uint8_t each, size_t) {
    if (each == code && found == std::string::npos) found = at;
  });
  return found;
}

std::string WithoutSegments(const std::string& jpeg, uint8_t code) {
  std::string out = jpeg.substr(0, 2);
  size_t end = 2;
  ForEachSegment(jpeg, [&](size_t at, uint8_t each, size_t bytes) {
    if (each != code) out += jpeg.substr(at, bytes);
    end = at + bytes;
  });
  return out + jpeg.substr(end);
}

std::string WithSegment(const std::string& jpeg, uint8_t code, const std::string& body) {
  std::string segment = {'\xFF', static_cast<char>(code), static_cast<char>((body.size() + 2) >> 8),
                         static_cast<char>((body.size() + 2) & 255)};
  return jpeg.substr(0, 2) + segment + body + jpeg.substr(2);
}

}  // namespace videostream::sw_fallback

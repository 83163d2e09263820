// SPDX-License-Identifier: Apache-2.0
// Picture files decoded again.
#include "tests/apps/videostream-snapshot/decoded.h"

// jpeglib.h needs the first, and does not include it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on
#include <png.h>

#include <algorithm>
#include <cstdlib>

namespace videostream::snapshot {
namespace {

RgbPicture DecodePng(std::span<const uint8_t> file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, file.data(), file.size()) == 0) return {};
  image.format = PNG_FORMAT_RGB;
  RgbPicture out{image.width, image.height, std::vector<uint8_t>(size_t{image.width} * image.height * 3)};
  if (png_image_finish_read(&image, nullptr, out.pixels.data(), 0, nullptr) == 0) return {};
  return out;
}

RgbPicture DecodeJpeg(std::span<const uint8_t> file) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr error{};
  info.err = jpeg_std_error(&error);  // ends the test where the file is broken
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), file.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  RgbPicture out{info.output_width, info.output_height, {}};
  out.pixels.resize(size_t{out.width} * out.height * 3);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = out.pixels.data() + size_t{info.output_scanline} * out.width * 3;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  const bool clean = error.num_warnings == 0;
  jpeg_destroy_decompress(&info);
  return clean ? out : RgbPicture{};
}

}  // namespace

RgbPicture DecodeFile(std::span<const uint8_t> file) {
  if (file.size() > 8 && file[0] == 0x89) return DecodePng(file);
  if (file.size() > 8 && file[0] == 0xFF) return DecodeJpeg(file);
  return {};
}

RgbPicture DecodeFile(const std::string& file) {
  return DecodeFile(std::span(reinterpret_cast<const uint8_t*>(file.data()), file.size()));
}

int Distance(const RgbPicture& a, const RgbPicture& b) {
  if (a.width != b.width || a.height != b.height || a.pixels.size() != b.pixels.size()) return 1000;
  int worst = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  return worst;
}

}  // namespace videostream::snapshot

// SPDX-License-Identifier: Apache-2.0
// One JPEG picture to one raw picture: see jpeg_decoder.h.
#include "backends/sw-fallback/jpeg_decoder.h"

#include <libyuv.h>

#include <algorithm>

#include "backends/sw-fallback/jpeg_library.h"

namespace videostream::sw_fallback {

using backend::Ok;
using backend::Status;

namespace {

constexpr uint32_t kStripRows = 32;  // four blocks: the largest sampling factor
constexpr uint32_t kNeutral = 128;
constexpr uint32_t kPlanes = 3;

// Everything that the steps below share. Owns nothing but what libjpeg allocates in `info`.
struct Session {
  jpeg_decompress_struct info{};
  JpegErrors errors;
  jpeg_source_mgr source{};
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  const Image* target = nullptr;
  uint8_t* strip = nullptr;
  uint32_t strip_stride = 0;
  uint8_t* row = nullptr;
};

Session& SessionOf(void* context) { return *static_cast<Session*>(context); }

// At the end of the bytes come end markers, for ever: a picture that lacks no more than that one is complete.
boolean FillInput(j_decompress_ptr info) {
  static constexpr JOCTET kEnd[2] = {0xFF, JPEG_EOI};
  info->src->next_input_byte = kEnd;
  info->src->bytes_in_buffer = sizeof kEnd;
  return TRUE;
}

void SkipInput(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if (static_cast<unsigned long>(count) > info->src->bytes_in_buffer) {
    FillInput(info);
    return;
  }
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<size_t>(count);
}

void ReadHeader(void* context) {
  Session& s = SessionOf(context);
  jpeg_create_decompress(&s.info);
  s.source.init_source = [](j_decompress_ptr) {};
  s.source.fill_input_buffer = &FillInput;
  s.source.skip_input_data = &SkipInput;
  s.source.resync_to_restart = jpeg_resync_to_restart;
  s.source.term_source = [](j_decompress_ptr) {};
  s.source.next_input_byte = s.bytes;
  s.source.bytes_in_buffer = s.size;
  s.info.src = &s.source;
  jpeg_read_header(&s.info, TRUE);
}

Status Unsupported(std::string what) { return {VSTREAM_E_UNSUPPORTED, "JPEG: " + std::move(what)}; }

std::string Factors(const jpeg_decompress_struct& info) {
  std::string text;
  for (int i = 0; i < info.num_components; ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(info.comp_info[i].h_samp_factor) + "x" +
            std::to_string(info.comp_info[i].v_samp_factor);
  }
  return text;
}

// What DecodePlanes can do: luma at full resolution, both chroma planes alike.
bool UsualSampling(const jpeg_decompress_struct& info) {
  const jpeg_component_info &y = info.comp_info[0], &u = info.comp_info[1], &v = info.comp_info[2];
  if (info.num_components == 1) return y.h_samp_factor == info.max_h_samp_factor;
  const int across = info.max_h_samp_factor / u.h_samp_factor, down = info.max_v_samp_factor / u.v_samp_factor;
  return y.h_samp_factor == info.max_h_samp_factor && y.v_samp_factor == info.max_v_samp_factor &&
         u.h_samp_factor == v.h_samp_factor && u.v_samp_factor == v.v_samp_factor &&
         across * u.h_samp_factor == info.max_h_samp_factor && down * u.v_samp_factor == info.max_v_samp_factor &&
         (across == 1 || across == 2 || across == 4) && (down == 1 || down == 2);
}

Status CheckHeader(const jpeg_decompress_struct& info, uint32_t width, uint32_t height) {
  if (info.image_width != width || info.image_height != height) {
    return {VSTREAM_E_IO, "JPEG: the picture is " + std::to_string(info.image_width) + "x" +
                              std::to_string(info.image_height) + ", expected " + std::to_string(width) + "x" +
                              std::to_string(height)};
  }
  const bool colour = info.jpeg_color_space == JCS_YCbCr && info.num_components == 3;
  if (!colour && (info.jpeg_color_space != JCS_GRAYSCALE || info.num_components != 1)) {
    const char* found = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK ? "CMYK"
                        : info.jpeg_color_space == JCS_RGB                                     ? "RGB"
                                                                                               : "no known colours";
    return Unsupported("holds " + std::string(found) + " in " + std::to_string(info.num_components) +
                       " components, expected YCbCr or grey");
  }
  if (info.progressive_mode != 0) return Unsupported("is progressive, expected one sequential scan");
  if (info.comps_in_scan != info.num_components) return Unsupported("has several scans, expected one");
  if (info.arith_code != 0) return Unsupported("is coded arithmetically, expected Huffman codes");
  if (!UsualSampling(info)) return Unsupported("sampling factors " + Factors(info) + " are not supported");
  return Ok();
}

// libjpeg writes complete rows of RGB or grey right into the target.
void DecodeRows(void* context) {
  Session& s = SessionOf(context);
  const uint32_t fourcc = s.target->format->fourcc;
  s.info.out_color_space = fourcc == VSTREAM_FORMAT_GREY ? JCS_GRAYSCALE : JpegSpaceOf(fourcc);
  jpeg_start_decompress(&s.info);
  while (s.info.output_scanline < s.info.output_height) {
    JSAMPROW row = s.target->data[0] + size_t{s.info.output_scanline} * s.target->stride[0];
    jpeg_read_scanlines(&s.info, &row, 1);
  }
  jpeg_finish_decompress(&s.info);
}

int Int(uint32_t value) { return static_cast<int>(value); }

// One row of a chroma plane at half width, from one row that has 1, 1/2 or 1/4 of the luma's `width` samples.
void HalveRow(const uint8_t* from, int across, uint32_t width, uint8_t* to) {
  const uint32_t half = (width + 1) / 2;
  if (across == 4) {
    for (uint32_t x = 0; x < half; ++x) to[x] = from[x / 2];
    return;
  }
  for (uint32_t x = 0; x < width / 2; ++x)
    to[x] = static_cast<uint8_t>((from[size_t{2} * x] + from[size_t{2} * x + 1] + 1) / 2);
  if (half > width / 2) to[half - 1] = from[width - 1];
}

// Row `y` of a strip's chroma plane at half resolution; `rows` of the luma's are part of the picture.
void ChromaRow(const Session& s, uint32_t component, uint32_t y, uint32_t rows, uint8_t* to) {
  const jpeg_component_info& part = s.info.comp_info[component];
  const int across = s.info.max_h_samp_factor / part.h_samp_factor;
  const bool pairs = s.info.max_v_samp_factor == part.v_samp_factor;
  uint8_t* plane = s.strip + size_t{component} * kStripRows * s.strip_stride;
  const uint32_t width = s.target->width, half = (width + 1) / 2;
  uint8_t* row = plane + size_t{pairs ? 2 * y : y} * s.strip_stride;
  if (pairs && 2 * y + 1 < rows) {
    const uint32_t samples = across == 1 ? width : half;
    uint8_t* average = across == 2 ? to : row;
    libyuv::InterpolatePlane(row, 0, row + s.strip_stride, 0, average, 0, Int(samples), 1, 128);
    if (across == 2) return;
  }
  if (across == 2) {
    std::copy_n(row, half, to);
  } else {
    HalveRow(row, across, width, to);
  }
}

// Copies a strip of libjpeg's into the rows from `top` on.
void StoreStrip(const Session& s, uint32_t top) {
  const Image& to = *s.target;
  const uint32_t rows = std::min(to.height - top, static_cast<uint32_t>(s.info.max_v_samp_factor) * DCTSIZE);
  libyuv::CopyPlane(s.strip, Int(s.strip_stride), to.data[0] + size_t{top} * to.stride[0], Int(to.stride[0]),
                    Int(to.width), Int(rows));
  const uint32_t half = (to.width + 1) / 2;
  const bool planar = to.format->fourcc == VSTREAM_FORMAT_I420;
  for (uint32_t y = 0; y < (rows + 1) / 2; ++y) {
    uint8_t* at[2];
    for (uint32_t i = 0; i < 2; ++i) {
      at[i] = planar ? to.data[1 + i] + size_t{top / 2 + y} * to.stride[1 + i] : s.row + size_t{i} * half;
      if (s.info.num_components == 1) {
        std::fill_n(at[i], half, kNeutral);
      } else {
        ChromaRow(s, 1 + i, y, rows, at[i]);
      }
    }
    if (planar) continue;
    libyuv::MergeUVPlane(at[0], 0, at[1], 0, to.data[1] + size_t{top / 2 + y} * to.stride[1], 0, Int(half), 1);
  }
}

// libjpeg gives the components as they are stored, a row of blocks at a time.
void DecodePlanes(void* context) {
  Session& s = SessionOf(context);
  s.info.raw_data_out = TRUE;
  s.info.out_color_space = s.info.jpeg_color_space;
  jpeg_start_decompress(&s.info);
  JSAMPROW rows[kPlanes][kStripRows];
  JSAMPARRAY planes[kPlanes];
  for (uint32_t i = 0; i < kPlanes; ++i) {
    planes[i] = rows[i];
    for (uint32_t y = 0; y < kStripRows; ++y) rows[i][y] = s.strip + (size_t{i} * kStripRows + y) * s.strip_stride;
  }
  while (s.info.output_scanline < s.info.output_height) {
    const uint32_t top = s.info.output_scanline;
    jpeg_read_raw_data(&s.info, planes, kStripRows);
    StoreStrip(s, top);
  }
  jpeg_finish_decompress(&s.info);
}

}  // namespace

void JpegDecoder::Configure(uint32_t width, uint32_t height) {
  width_ = width;
  height_ = height;
  const uint32_t stride = (width + kStripRows - 1) / kStripRows * kStripRows;
  strip_.resize(size_t{stride} * kStripRows * kPlanes);
  row_.resize(size_t{width} + 1);
}

bool JpegDecoder::Writes(uint32_t fourcc) {
  return fourcc == VSTREAM_FORMAT_I420 || fourcc == VSTREAM_FORMAT_NV12 || fourcc == VSTREAM_FORMAT_GREY ||
         JpegSpaceOf(fourcc) != JCS_UNKNOWN;
}

Status JpegDecoder::Decode(const uint8_t* bytes, uint64_t size, const Image& target) {
  Session s;
  s.info.err = UseJpegErrors(&s.errors);
  s.errors.strict = true;
  s.bytes = bytes;
  s.size = size;
  s.target = &target;
  s.strip = strip_.data();
  s.strip_stride = static_cast<uint32_t>(strip_.size() / kStripRows / kPlanes);
  s.row = row_.data();
  Status status = Ok();
  bool done = RunJpeg(&s.errors, &ReadHeader, &s);
  if (done) status = CheckHeader(s.info, width_, height_);
  if (done && status.ok()) {
    const bool planes = target.format->fourcc == VSTREAM_FORMAT_I420 || target.format->fourcc == VSTREAM_FORMAT_NV12;
    done = RunJpeg(&s.errors, planes ? &DecodePlanes : &DecodeRows, &s);
  }
  jpeg_destroy_decompress(&s.info);
  if (!done) return {VSTREAM_E_IO, "JPEG: " + std::string(s.errors.message.data())};
  return status;
}

}  // namespace videostream::sw_fallback

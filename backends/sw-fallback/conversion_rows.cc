// SPDX-License-Identifier: Apache-2.0
// Rows of a picture as samples: see conversion_rows.h. libyuv takes pixels apart and puts them together, row by row.
#include "backends/sw-fallback/conversion_rows.h"

#include <libyuv.h>

#include <algorithm>
#include <cstring>

#include "videostream/converter.h"

namespace videostream::sw_fallback {

namespace {

bool RedFirst(uint32_t fourcc) {
  return fourcc == VSTREAM_FORMAT_RGB24 || fourcc == VSTREAM_FORMAT_RGBX || fourcc == VSTREAM_FORMAT_RGBA;
}

const uint8_t* At(const Image& image, int plane, uint32_t row, uint32_t byte) {
  return image.data[plane] + size_t{row} * image.stride[plane] + byte;
}
uint8_t* RowOf(const Image& image, int plane, uint32_t row) {
  return image.data[plane] + size_t{row} * image.stride[plane];
}

void Split(const uint8_t* pairs, uint8_t* a, uint8_t* b, uint32_t count) {
  libyuv::SplitUVPlane(pairs, 0, a, 0, b, 0, static_cast<int>(count), 1);
}
void Merge(const uint8_t* a, const uint8_t* b, uint8_t* pairs, uint32_t count) {
  libyuv::MergeUVPlane(a, 0, b, 0, pairs, 0, static_cast<int>(count), 1);
}

// Each of `pairs` samples is the mean of two of `a` (and of two of `b`, the row below); of one column at an odd end.
void Average(const uint8_t* a, const uint8_t* b, uint32_t width, uint8_t* out) {
  const size_t pairs = width / 2;
  for (size_t i = 0; i < pairs; ++i) {
    out[i] = static_cast<uint8_t>((a[2 * i] + a[2 * i + 1] + b[2 * i] + b[2 * i + 1] + 2) >> 2);
  }
  if (width % 2 != 0) out[pairs] = static_cast<uint8_t>((a[width - 1] + b[width - 1] + 1) >> 1);
}

}  // namespace

void RowMemory::Resize(uint32_t width) {
  pitch_ = (size_t{width} + 4 + 63) / 64 * 64;  // pairs that begin and end beyond the row
  bytes_.resize(pitch_ * kPlanes);
}

void RowReader::Configure(const Format& format, const vstream_rect& crop, uint32_t transform, uint32_t planes) {
  crop_ = crop;
  planes_ = planes;
  // Half a turn is both mirrors; a quarter to the right is the vertical one and a transposition.
  const uint32_t turn = transform & VSTREAM_TRANSFORM_ROTATE_MASK;
  turned_ = turn == VSTREAM_TRANSFORM_ROTATE_90 || turn == VSTREAM_TRANSFORM_ROTATE_270;
  mirror_x_ = ((transform & VSTREAM_TRANSFORM_FLIP_HORIZONTAL) != 0) !=
              (turn == VSTREAM_TRANSFORM_ROTATE_180 || turn == VSTREAM_TRANSFORM_ROTATE_270);
  mirror_y_ = ((transform & VSTREAM_TRANSFORM_FLIP_VERTICAL) != 0) !=
              (turn == VSTREAM_TRANSFORM_ROTATE_180 || turn == VSTREAM_TRANSFORM_ROTATE_90);
  neutral_.assign(format.fourcc == VSTREAM_FORMAT_GREY ? std::max(crop.width, crop.height) : 0, 128);
  for (Strip& strip : strips_) strip.bytes.resize(turned_ ? size_t{4} * kStripRows * crop.height : 0);
  columns_.resize(turned_ ? size_t{4} * kStripRows * crop.height : 0);
  column_memory_.Resize(kStripRows);
}

void RowReader::Bind(const Image& source) {
  source_ = source;
  for (Strip& strip : strips_) strip.index = UINT32_MAX;
}

SampleRow RowReader::Read(uint32_t y, RowMemory* memory) {
  if (turned_) return ReadTurned(y);
  SampleRow row = Unpack(crop_.x, crop_.y + (mirror_y_ ? crop_.height - 1 - y : y), crop_.width, memory);
  if (!mirror_x_) return row;
  for (int i = 0; i < 4; ++i) {
    if (row.plane[i] == nullptr) continue;
    libyuv::MirrorPlane(row.plane[i], 0, memory->plane(4 + i), 0, static_cast<int>(crop_.width), 1);
    row.plane[i] = memory->plane(4 + i);
  }
  return row;
}

// Planes 0 to 3 of `memory` are the result's, 4 to 6 in between.
SampleRow RowReader::Unpack(uint32_t x, uint32_t y, uint32_t count, RowMemory* memory) const {
  SampleRow row;
  uint8_t* planes[4] = {memory->plane(0), memory->plane(1), memory->plane(2), memory->plane(3)};
  const int width = static_cast<int>(count);
  const bool colour = (planes_ & kColourPlanes) == kColourPlanes;
  const uint32_t fourcc = source_.format->fourcc;
  // Chroma from the pair that the first pixel is in.
  const uint32_t skip = x % 2, pair = x / 2, pairs = (skip + count + 1) / 2;
  uint8_t *u = memory->plane(5), *v = memory->plane(6);
  const uint8_t *u_from = u, *v_from = v;
  if (source_.format->rgb) {
    uint8_t *first = planes[RedFirst(fourcc) ? 0 : 2], *third = planes[RedFirst(fourcc) ? 2 : 0];
    const uint8_t* from = At(source_, 0, y, x * source_.format->planes[0].bytes);
    if (source_.format->planes[0].bytes == 3) {
      libyuv::SplitRGBPlane(from, 0, first, 0, planes[1], 0, third, 0, width, 1);
    } else {  // libyuv's `b` is the first byte
      uint8_t* alpha = (planes_ & kAlphaPlane) != 0 ? planes[3] : nullptr;
      libyuv::SplitARGBPlane(from, 0, third, 0, planes[1], 0, first, 0, alpha, 0, width, 1);
      row.plane[3] = alpha;
    }
    std::copy_n(planes, 3, row.plane);
    return row;
  }
  if (fourcc == VSTREAM_FORMAT_YUYV || fourcc == VSTREAM_FORMAT_UYVY) {
    const bool luma_first = fourcc == VSTREAM_FORMAT_YUYV;
    uint8_t* chroma = memory->plane(4);
    Split(At(source_, 0, y, 4 * pair), luma_first ? planes[0] : chroma, luma_first ? chroma : planes[0], 2 * pairs);
    row.plane[0] = planes[0] + skip;
    if (colour) Split(chroma, u, v, pairs);
  } else {
    row.plane[0] = At(source_, 0, y, x);
    if (!colour) return row;
    if (fourcc == VSTREAM_FORMAT_GREY) {
      row.plane[1] = row.plane[2] = neutral_.data();
      return row;
    }
    if (fourcc == VSTREAM_FORMAT_I420) {
      u_from = At(source_, 1, y / 2, pair);
      v_from = At(source_, 2, y / 2, pair);
    } else {
      const bool u_first = fourcc == VSTREAM_FORMAT_NV12;
      Split(At(source_, 1, y / 2, 2 * pair), u_first ? u : v, u_first ? v : u, pairs);
    }
  }
  if (!colour) return row;
  Merge(u_from, u_from, planes[1], pairs);
  Merge(v_from, v_from, planes[2], pairs);
  row.plane[1] = planes[1] + skip;
  row.plane[2] = planes[2] + skip;
  return row;
}

SampleRow RowReader::ReadTurned(uint32_t y) {
  const uint32_t index = y / kStripRows;
  Strip& strip = strips_[index % 2];
  if (strip.index != index) FillStrip(index, &strip);
  const uint32_t rows = std::min(kStripRows, height() - index * kStripRows);
  const uint32_t local = mirror_x_ ? rows - 1 - y % kStripRows : y % kStripRows;
  SampleRow row;
  for (int i = 0; i < 4; ++i) {
    if ((planes_ >> i & 1) != 0) {
      row.plane[i] = strip.bytes.data() + (static_cast<size_t>(i) * kStripRows + local) * crop_.height;
    }
  }
  return row;
}

void RowReader::FillStrip(uint32_t index, Strip* strip) {
  strip->index = index;
  const uint32_t begin = index * kStripRows, columns = std::min(kStripRows, crop_.width - begin);
  const uint32_t x = crop_.x + (mirror_x_ ? crop_.width - begin - columns : begin);
  const size_t plane_bytes = size_t{kStripRows} * crop_.height;
  // libyuv's quarter turn mirrors, too: the last row becomes the first column.
  for (uint32_t y = 0; y < crop_.height; ++y) {
    const SampleRow row = Unpack(x, crop_.y + y, columns, &column_memory_);
    const uint32_t place = mirror_y_ ? y : crop_.height - 1 - y;
    for (int i = 0; i < 4; ++i) {
      if (row.plane[i] == nullptr || (planes_ >> i & 1) == 0) continue;
      std::memcpy(columns_.data() + static_cast<size_t>(i) * plane_bytes + size_t{place} * kStripRows, row.plane[i],
                  columns);
    }
  }
  for (size_t i = 0; i < 4; ++i) {
    if ((planes_ >> i & 1) == 0) continue;
    libyuv::RotatePlane(columns_.data() + i * plane_bytes, kStripRows, strip->bytes.data() + i * plane_bytes,
                        static_cast<int>(crop_.height), static_cast<int>(columns), static_cast<int>(crop_.height),
                        libyuv::kRotate90);
  }
}

void RowWriter::Configure(const Format& format, uint32_t width) {
  width_ = width;
  step_ = format.planes[format.plane_count - 1].rows;
  memory_.Resize(width);
}

void RowWriter::Write(const Image& target, uint32_t y, const SampleRow* rows, uint32_t count) {
  const Format& format = *target.format;
  const int width = static_cast<int>(width_);
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t* const* plane = rows[i].plane;
    uint8_t* to = RowOf(target, 0, y + i);
    if (format.rgb) {
      const bool red_first = RedFirst(format.fourcc);
      const uint8_t *first = plane[red_first ? 0 : 2], *third = plane[red_first ? 2 : 0];
      if (format.planes[0].bytes == 3) {
        libyuv::MergeRGBPlane(first, 0, plane[1], 0, third, 0, to, 0, width, 1);
      } else {
        libyuv::MergeARGBPlane(third, 0, plane[1], 0, first, 0, plane[3], 0, to, 0, width, 1);
      }
    } else if (format.planes[0].pixels == 2) {
      WritePairs(to, rows[i], format.fourcc == VSTREAM_FORMAT_YUYV);
    } else {
      std::memcpy(to, plane[0], width_);
    }
  }
  if (format.plane_count > 1) WriteChroma(target, y / 2, rows[0], rows[count - 1]);
}

void RowWriter::WriteChroma(const Image& target, uint32_t y, const SampleRow& a, const SampleRow& b) {
  if (target.format->fourcc == VSTREAM_FORMAT_I420) {
    Average(a.plane[1], b.plane[1], width_, RowOf(target, 1, y));
    Average(a.plane[2], b.plane[2], width_, RowOf(target, 2, y));
    return;
  }
  const bool u_first = target.format->fourcc == VSTREAM_FORMAT_NV12;
  uint8_t *first = memory_.plane(0), *second = memory_.plane(1);
  Average(a.plane[u_first ? 1 : 2], b.plane[u_first ? 1 : 2], width_, first);
  Average(a.plane[u_first ? 2 : 1], b.plane[u_first ? 2 : 1], width_, second);
  Merge(first, second, RowOf(target, 1, y), (width_ + 1) / 2);
}

void RowWriter::WritePairs(uint8_t* to, const SampleRow& row, bool luma_first) {
  const uint32_t pairs = (width_ + 1) / 2;
  uint8_t *u = memory_.plane(0), *v = memory_.plane(1), *chroma = memory_.plane(2);
  const uint8_t* luma = row.plane[0];
  Average(row.plane[1], row.plane[1], width_, u);
  Average(row.plane[2], row.plane[2], width_, v);
  Merge(u, v, chroma, pairs);
  if (width_ % 2 != 0) {  // the pixel beyond an odd end repeats the last
    uint8_t* whole = memory_.plane(3);
    std::memcpy(whole, luma, width_);
    whole[width_] = luma[width_ - 1];
    luma = whole;
  }
  Merge(luma_first ? luma : chroma, luma_first ? chroma : luma, to, 2 * pairs);
}

}  // namespace videostream::sw_fallback

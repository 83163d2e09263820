// SPDX-License-Identifier: Apache-2.0
// Rows of a picture as samples of full resolution, whatever its format: read (cropped, mirrored, turned) and written.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

// Sets of planes: 1 << index.
constexpr uint32_t kFirstPlane = 1, kColourPlanes = 7, kAlphaPlane = 8;

// One row, a byte per sample: Y U V (GREY: only Y is of the picture, U and V are 128) or R G B, and alpha. Borrowed:
// from the picture or from a RowMemory. Planes that were not asked for are null.
struct SampleRow {
  const uint8_t* plane[4] = {};
};

// Room for the samples of a row, and for what is needed to make them.
class RowMemory {
 public:
  static constexpr int kPlanes = 8;
  void Resize(uint32_t width);
  uint8_t* plane(int index) { return bytes_.data() + static_cast<size_t>(index) * pitch_; }

 private:
  size_t pitch_ = 0;
  std::vector<uint8_t> bytes_;
};

// The part of a picture within `crop`, mirrored and turned. Chroma is repeated for the pixels it belongs to, so that
// the crop may begin anywhere.
class RowReader {
 public:
  // crop: within the pictures that will be bound. transform: VSTREAM_TRANSFORM_*. planes: what Read is to give.
  void Configure(const Format& format, const vstream_rect& crop, uint32_t transform, uint32_t planes);
  void Bind(const Image& source);
  uint32_t width() const { return turned_ ? crop_.height : crop_.width; }
  uint32_t height() const { return turned_ ? crop_.width : crop_.height; }
  // Valid while the source is bound and `memory` (of width() samples) is not used again; when turned, until a row more
  // than kStripRows away is read.
  SampleRow Read(uint32_t y, RowMemory* memory);

  static constexpr uint32_t kStripRows = 128;

 private:
  // A few columns of the source, turned into rows.
  struct Strip {
    uint32_t index = UINT32_MAX;
    std::vector<uint8_t> bytes;
  };

  SampleRow Unpack(uint32_t x, uint32_t y, uint32_t count, RowMemory* memory) const;
  SampleRow ReadTurned(uint32_t y);
  void FillStrip(uint32_t index, Strip* strip);

  vstream_rect crop_{};
  bool mirror_x_ = false, mirror_y_ = false;  // of the source, before it is turned
  bool turned_ = false;                       // transposed
  uint32_t planes_ = kColourPlanes;
  Image source_{};
  Strip strips_[2];
  RowMemory column_memory_;
  std::vector<uint8_t> columns_, neutral_;
};

// Writes rows of samples into a picture; averages chroma over the pixels it is for. Writes pixels only, no padding.
class RowWriter {
 public:
  void Configure(const Format& format, uint32_t width);
  // How many rows share chroma, and are written together: 1 or 2.
  uint32_t step() const { return step_; }
  // rows: `count` of them, from `y` on; a multiple of step(), or less at the end. Alpha null: opaque.
  void Write(const Image& target, uint32_t y, const SampleRow* rows, uint32_t count);

 private:
  void WriteChroma(const Image& target, uint32_t y, const SampleRow& a, const SampleRow& b);
  void WritePairs(uint8_t* to, const SampleRow& row, bool luma_first);

  uint32_t width_ = 0, step_ = 1;
  RowMemory memory_;
};

}  // namespace videostream::sw_fallback

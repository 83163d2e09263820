// SPDX-License-Identifier: Apache-2.0
// Any conversion, row by row: read, colours, scale, write, with a few rows in between instead of pictures.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/sw-fallback/conversion_colour.h"
#include "backends/sw-fallback/conversion_rows.h"
#include "backends/sw-fallback/conversion_scale.h"

namespace videostream::sw_fallback {

class RowPipeline {
 public:
  struct Task {
    const Format* source = nullptr;
    vstream_rect crop{};  // of the source; never empty
    uint32_t transform = VSTREAM_TRANSFORM_NONE;
    ColourMap colour;
    const Format* target = nullptr;
    uint32_t width = 0, height = 0;  // of the target
    uint32_t filter = VSTREAM_FILTER_BILINEAR;
  };

  void Configure(const Task& task);
  // source: of the format, holding the crop. target: of the format and size.
  void Run(const Image& source, const Image& target);

 private:
  struct Slot {
    uint32_t row = UINT32_MAX;
    SampleRow samples;
    RowMemory read, mapped;
  };

  const SampleRow& Input(uint32_t y);
  SampleRow Output(uint32_t y, RowMemory* scaled, RowMemory* mapped);
  SampleRow Map(const SampleRow& row, uint32_t width, RowMemory* memory) const;
  SampleRow Scale(uint32_t y, RowMemory* memory);

  Task task_;
  uint32_t planes_ = kColourPlanes;  // that are read and scaled
  bool scales_ = false, map_first_ = false, map_last_ = false;
  ScaleAxis horizontal_, vertical_;
  RowReader reader_;
  RowWriter writer_;
  Slot slots_[2];  // the last rows that were read, by their parity
  std::vector<uint32_t> sums_[4];
  std::vector<uint16_t> wide_;
  RowMemory scaled_[2], mapped_[2];  // of the target, likewise
};

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// One conversion between two raw pictures: crop, mirror, turn, scale, format and colours, as converter.h says. No
// threads, no buffers of the ABI: also for programs.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/sw-fallback/conversion_direct.h"
#include "backends/sw-fallback/conversion_pipeline.h"
#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

class Conversion {
 public:
  Conversion() = default;
  Conversion(Conversion&&) = default;
  Conversion& operator=(Conversion&&) = default;

  // Every format that can be read and written, for probe: all of image.h, each to each, of any size.
  static void AppendFormats(vstream_device* device);

  // Plans it. The layouts' strides and planes do not matter here, those of Run's pictures do. The former conversion is
  // gone, whatever the outcome. Errors: UNSUPPORTED (names both formats, both sizes and the reason), INVALID (crop
  // outside the source).
  backend::Status Configure(const vstream_converter_config& config);

  // source, target: of the formats and sizes configured, apart from each other. Writes every pixel of the target and no
  // byte of its padding. INVALID: not as configured. IO: libyuv refuses, which it has no reason to.
  backend::Status Run(const Image& source, const Image& target);

 private:
  struct Scratch {
    std::vector<uint8_t> bytes;
    Image image;
  };

  static void Prepare(Scratch* scratch, const Format& format, uint32_t width, uint32_t height);
  void Plan(const vstream_converter_config& config, const ColourMap& colour);
  bool RunStages(const Image& source, const Image& target);

  const Format *from_ = nullptr, *to_ = nullptr;
  uint32_t from_width_ = 0, from_height_ = 0, to_width_ = 0, to_height_ = 0;
  uint32_t filter_ = VSTREAM_FILTER_BILINEAR;
  vstream_rect crop_{};
  // What is done: scale planes first, to scratch_ or right to the target; then the direct conversion, or else rows_.
  bool scales_planes_ = false, scales_only_ = false;
  PlanarScale planar_;
  DirectConversion direct_;
  RowPipeline rows_;
  Scratch scratch_;  // the source's format at the target's size
};

}  // namespace videostream::sw_fallback

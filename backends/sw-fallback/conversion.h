// SPDX-License-Identifier: Apache-2.0
// One conversion between two raw pictures, by libyuv: crop, scale, format. No threads, no buffers of the ABI.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

class Conversion {
 public:
  // Every format the table of conversions reads or writes, for probe.
  static void AppendFormats(vstream_device* device);

  // Plans it. Errors: UNSUPPORTED (names both formats and the reason), INVALID (crop outside the source).
  backend::Status Configure(const vstream_converter_config& config);

  // `source`, `target`: as configured. IO if libyuv refuses, which it has no reason to.
  backend::Status Run(const Image& source, const Image& target);

 private:
  struct Scratch {
    std::vector<uint8_t> bytes;
    Image image;
  };

  static Image Crop(const Image& source, const vstream_rect& crop);
  static void Prepare(Scratch* scratch, uint32_t fourcc, uint32_t width, uint32_t height);
  int RunStages(const Image& cropped, const Image& target);

  vstream_rect crop_{};
  bool scales_ = false;
  uint32_t filter_ = VSTREAM_FILTER_BILINEAR;
  Scratch full_, scaled_;  // I420: the cropped source, and at the target's size
};

}  // namespace videostream::sw_fallback

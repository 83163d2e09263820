// SPDX-License-Identifier: Apache-2.0
// One JPEG picture, as cameras send them, to one raw picture. No threads, no buffers of the ABI.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

// Takes baseline and extended sequential pictures of one scan, 8 bits, YCbCr in any usual subsampling or grey; Huffman
// tables may be missing (the standard ones are meant, as in AVI), bytes behind the end and up to 64 before the end
// marker do not matter, nor does a missing end marker. The bytes may be anything: nothing is allocated by what they
// claim before the claim is checked.
class JpegDecoder {
 public:
  // Pictures that are not exactly of this size are refused.
  void Configure(uint32_t width, uint32_t height);

  // Whether Decode can write this format.
  static bool Writes(uint32_t fourcc);

  // `target`: of the configured size, I420, NV12, GREY or any RGB format. YUV is written as it is stored, BT.601 and
  // full range; what is stored finer than 4:2:0 is averaged, what is coarser is repeated. On error the target holds
  // anything. Errors: IO (broken, truncated, another size: names both), UNSUPPORTED (a variety that is not read:
  // progressive, CMYK, ...).
  backend::Status Decode(const uint8_t* bytes, uint64_t size, const Image& target);

 private:
  uint32_t width_ = 0, height_ = 0;
  std::vector<uint8_t> strip_;  // as many rows as libjpeg gives at once, per component
  std::vector<uint8_t> row_;    // U and V, before they are interleaved
};

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// Conversions that libyuv makes in one pass, of whole pictures of one size.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/sw-fallback/conversion_colour.h"
#include "backends/sw-fallback/image.h"

namespace libyuv {
struct YuvConstants;
}

namespace videostream::sw_fallback {

class DirectConversion {
 public:
  // Not set if there is none.
  static DirectConversion Find(uint32_t from, uint32_t to, const ColourMap& colour);

  explicit operator bool() const { return run_ != nullptr; }
  // source, target: of one size. False if libyuv refuses, which it has no reason to.
  bool Run(const Image& source, const Image& target) const { return run_(source, target, constants_) == 0; }

 private:
  using Step = int (*)(const Image& from, const Image& to, const libyuv::YuvConstants* constants);

  Step run_ = nullptr;
  const libyuv::YuvConstants* constants_ = nullptr;
};

// Scales NV12, NV21 or I420 to the same format. BOX: only to half or a quarter of every plane.
class PlanarScale {
 public:
  void Configure(const Format& format, uint32_t width, uint32_t height, uint32_t to_width, uint32_t to_height);
  // False if libyuv refuses, as above.
  bool Run(const Image& source, const Image& target, uint32_t filter);

 private:
  std::vector<uint8_t> chroma_;  // NV12, NV21: U and V apart, before and after
};

}  // namespace videostream::sw_fallback

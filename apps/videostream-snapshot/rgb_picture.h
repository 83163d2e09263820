// SPDX-License-Identifier: Apache-2.0
// A frame of any raw format as full range R, G, B: what picture files hold.
#pragma once

#include <cstdint>
#include <vector>

#include "apps/videostream/receive/picture.h"
#include "core/base/result.h"

namespace videostream::snapshot {

// Rows without padding, three bytes per pixel.
struct RgbPicture {
  uint32_t width = 0, height = 0;  // pixels
  std::vector<uint8_t> pixels;
};

// The visible part of `picture`, which CheckPicture has accepted. Colours as the picture says, or by the rules of
// videostream/converter.h where it says nothing. kUnsupported: a format or colours that cannot be converted.
[[nodiscard]] Result<RgbPicture> ToRgb(const receive::Picture& picture);

}  // namespace videostream::snapshot

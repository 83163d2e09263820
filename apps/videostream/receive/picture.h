// SPDX-License-Identifier: Apache-2.0
// A raw frame as plain data: what the writer and the pattern check look at, whether it lies in a buffer of the producer
// or in a test's own memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/result.h"
#include "videostream/frame.h"

namespace videostream::receive {

struct PicturePlane {
  const uint8_t* data = nullptr;
  uint32_t stride = 0;  // bytes
  size_t size = 0;      // bytes readable from data
};

// Borrows the planes: valid as long as the frame they are from.
struct Picture {
  uint32_t format = 0;             // VSTREAM_FORMAT_*
  uint32_t width = 0, height = 0;  // pixels, as stored
  vstream_rect visible{};          // pixels
  vstream_colorimetry colorimetry{};
  vstream_ratio rate{};
  uint32_t plane_count = 0;
  std::array<PicturePlane, VSTREAM_MAX_PLANES> planes{};
};

// The producer is another process: whether every byte that the format promises lies inside the planes, and the visible
// part inside the picture. kIo with both numbers in the text otherwise; kUnsupported for a coded or unknown format.
[[nodiscard]] Status CheckPicture(const Picture& picture);

}  // namespace videostream::receive

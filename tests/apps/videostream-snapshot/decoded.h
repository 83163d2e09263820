// SPDX-License-Identifier: Apache-2.0
// Picture files decoded again.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "apps/videostream-snapshot/rgb_picture.h"

namespace videostream::snapshot {

// By their first bytes, PNG or JPEG. No pixels: it is neither, or broken.
RgbPicture DecodeFile(std::span<const uint8_t> file);
RgbPicture DecodeFile(const std::string& file);

// Largest difference of any sample; 1000 for sizes that differ.
int Distance(const RgbPicture& a, const RgbPicture& b);

}  // namespace videostream::snapshot

// SPDX-License-Identifier: Apache-2.0
// Picture files in memory: PNG and JPEG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/videostream-snapshot/rgb_picture.h"
#include "core/base/result.h"

namespace videostream::snapshot {

enum class ImageType : uint8_t { kPng, kJpeg };

// By the end of the name, in any case; "-" is PNG. kInvalidArgument: another one.
[[nodiscard]] Result<ImageType> ImageTypeOf(const std::string& file);

// The whole file. `quality`: 1..100, of JPEG, which from 90 on keeps the colours at full resolution. kNoMemory, kIo:
// what the libraries fail with.
[[nodiscard]] Result<std::vector<uint8_t>> EncodePng(const RgbPicture& picture);
[[nodiscard]] Result<std::vector<uint8_t>> EncodeJpeg(const RgbPicture& picture, uint32_t quality);

}  // namespace videostream::snapshot

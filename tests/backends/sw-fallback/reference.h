// SPDX-License-Identifier: Apache-2.0
// What a conversion should give, slowly: pixel by pixel in double arithmetic, straight from the definitions of
// formats (frame.h), colours (ISO/IEC 23091-2) and operations (converter.h). Shares no code with the backend.
#pragma once

#include <cstdint>
#include <vector>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback::reference {

// The samples of one pixel as they are stored, 0 to 255: Y U V or R G B, and alpha (255 if there is none).
struct Pixel {
  double a = 0, b = 0, c = 0, alpha = 255;
};

struct Picture {
  uint32_t width = 0, height = 0;
  std::vector<Pixel> pixels;

  const Pixel& At(uint32_t x, uint32_t y) const { return pixels[size_t{y} * width + x]; }
  Pixel& At(uint32_t x, uint32_t y) { return pixels[size_t{y} * width + x]; }
};

// What the samples mean. matrix: 1, 6 or 9, of Y U V.
struct Colour {
  bool rgb = false;
  int matrix = 6;
  bool full = false;
};

enum class Filter { kNearest, kBilinear, kBox };

// Every pixel with the chroma of the block that it belongs to; GREY has U = V = 128.
Picture Read(const Image& image);
Picture Crop(const Picture& picture, const vstream_rect& crop);
Picture Transform(const Picture& picture, bool flip_horizontal, bool flip_vertical, int quarter_turns);
Picture Scale(const Picture& picture, uint32_t width, uint32_t height, Filter filter);
Picture Convert(const Picture& picture, const Colour& from, const Colour& to);
// What a picture of this format can hold of it: chroma is the mean of its block, alpha or chroma may not exist at all.
Picture Represent(const Picture& picture, const Format& format);

// The largest difference in each sample.
Pixel WorstError(const Picture& want, const Picture& have);

}  // namespace videostream::sw_fallback::reference

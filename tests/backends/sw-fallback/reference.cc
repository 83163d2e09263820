// SPDX-License-Identifier: Apache-2.0
// What a conversion should give, slowly: see reference.h.
#include "tests/backends/sw-fallback/reference.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace videostream::sw_fallback::reference {

namespace {

template <typename Make>
Picture MakePicture(uint32_t width, uint32_t height, Make make) {
  Picture picture{width, height, std::vector<Pixel>(size_t{width} * height)};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) picture.At(x, y) = make(x, y);
  }
  return picture;
}

Pixel ReadPixel(const Image& image, uint32_t x, uint32_t y) {
  const auto byte = [&](uint32_t plane, uint32_t row, uint32_t column) {
    return static_cast<double>(image.data[plane][size_t{row} * image.stride[plane] + column]);
  };
  const uint32_t pair = x / 2;
  switch (image.format->fourcc) {
    case VSTREAM_FORMAT_I420:
      return {byte(0, y, x), byte(1, y / 2, pair), byte(2, y / 2, pair)};
    case VSTREAM_FORMAT_NV12:
      return {byte(0, y, x), byte(1, y / 2, 2 * pair), byte(1, y / 2, 2 * pair + 1)};
    case VSTREAM_FORMAT_NV21:
      return {byte(0, y, x), byte(1, y / 2, 2 * pair + 1), byte(1, y / 2, 2 * pair)};
    case VSTREAM_FORMAT_YUYV:
      return {byte(0, y, 2 * x), byte(0, y, 4 * pair + 1), byte(0, y, 4 * pair + 3)};
    case VSTREAM_FORMAT_UYVY:
      return {byte(0, y, 2 * x + 1), byte(0, y, 4 * pair), byte(0, y, 4 * pair + 2)};
    case VSTREAM_FORMAT_GREY:
      return {byte(0, y, x), 128, 128};
    case VSTREAM_FORMAT_RGB24:
      return {byte(0, y, 3 * x), byte(0, y, 3 * x + 1), byte(0, y, 3 * x + 2)};
    case VSTREAM_FORMAT_BGR24:
      return {byte(0, y, 3 * x + 2), byte(0, y, 3 * x + 1), byte(0, y, 3 * x)};
    case VSTREAM_FORMAT_RGBX:
      return {byte(0, y, 4 * x), byte(0, y, 4 * x + 1), byte(0, y, 4 * x + 2)};
    case VSTREAM_FORMAT_RGBA:
      return {byte(0, y, 4 * x), byte(0, y, 4 * x + 1), byte(0, y, 4 * x + 2), byte(0, y, 4 * x + 3)};
    case VSTREAM_FORMAT_BGRX:
      return {byte(0, y, 4 * x + 2), byte(0, y, 4 * x + 1), byte(0, y, 4 * x)};
    default:
      return {byte(0, y, 4 * x + 2), byte(0, y, 4 * x + 1), byte(0, y, 4 * x), byte(0, y, 4 * x + 3)};
  }
}

struct Luma {
  double red, blue;  // shares of luma
  double green() const { return 1 - red - blue; }
};
Luma LumaOf(int matrix) {
  if (matrix == 1) return {0.2126, 0.0722};
  if (matrix == 9) return {0.2627, 0.0593};
  return {0.299, 0.114};
}

// Light from 0 to 1 as a sample, and back.
double Black(bool full) { return full ? 0 : 16; }
double Reach(bool full) { return full ? 255 : 219; }
double ChromaReach(bool full) { return full ? 255 : 224; }

Pixel ToLight(const Pixel& p, const Colour& colour) {
  const auto level = [&](double sample) { return (sample - Black(colour.full)) / Reach(colour.full); };
  if (colour.rgb) return {level(p.a), level(p.b), level(p.c), p.alpha};
  const Luma luma = LumaOf(colour.matrix);
  const double y = level(p.a);
  const double blue = y + 2 * (1 - luma.blue) * (p.b - 128) / ChromaReach(colour.full);
  const double red = y + 2 * (1 - luma.red) * (p.c - 128) / ChromaReach(colour.full);
  return {red, (y - luma.red * red - luma.blue * blue) / luma.green(), blue, p.alpha};
}

Pixel FromLight(const Pixel& light, const Colour& colour) {
  const auto clip = [](double sample) { return std::clamp(sample, 0.0, 255.0); };
  const auto sample = [&](double level) { return clip(Black(colour.full) + Reach(colour.full) * level); };
  if (colour.rgb) return {sample(light.a), sample(light.b), sample(light.c), light.alpha};
  const Luma luma = LumaOf(colour.matrix);
  const double y = luma.red * light.a + luma.green() * light.b + luma.blue * light.c;
  const double u = (light.c - y) / (2 * (1 - luma.blue)), v = (light.a - y) / (2 * (1 - luma.red));
  return {sample(y), clip(128 + ChromaReach(colour.full) * u), clip(128 + ChromaReach(colour.full) * v), light.alpha};
}

void Add(Pixel* sum, const Pixel& p, double weight) {
  sum->a += weight * p.a;
  sum->b += weight * p.b;
  sum->c += weight * p.c;
  sum->alpha += weight * p.alpha;
}

// How much source index `source` counts for target index `target`, along one axis.
double Weight(uint32_t from, uint32_t to, Filter filter, uint32_t source, uint32_t target) {
  const double size = static_cast<double>(from) / to, centre = (target + 0.5) * size;
  if (filter == Filter::kNearest || from == to) return std::floor(centre) == source ? 1 : 0;
  if (filter == Filter::kBox && to < from) {
    const double begin = std::max<double>(source, target * size);
    const double end = std::min<double>(source + 1.0, (target + 1) * size);
    return std::max(0.0, end - begin) / size;
  }
  const double place = std::clamp(centre - 0.5, 0.0, from - 1.0);
  return std::max(0.0, 1 - std::abs(place - source));
}

}  // namespace

Picture Read(const Image& image) {
  return MakePicture(image.width, image.height, [&](uint32_t x, uint32_t y) { return ReadPixel(image, x, y); });
}

Picture Crop(const Picture& picture, const vstream_rect& crop) {
  return MakePicture(crop.width, crop.height,
                     [&](uint32_t x, uint32_t y) { return picture.At(crop.x + x, crop.y + y); });
}

Picture Transform(const Picture& picture, bool flip_horizontal, bool flip_vertical, int quarter_turns) {
  Picture out = MakePicture(picture.width, picture.height, [&](uint32_t x, uint32_t y) {
    return picture.At(flip_horizontal ? picture.width - 1 - x : x, flip_vertical ? picture.height - 1 - y : y);
  });
  for (int i = 0; i < quarter_turns; ++i) {
    // To the right: what was the left column, from bottom to top, becomes the top row.
    out = MakePicture(out.height, out.width,
                      [before = out](uint32_t x, uint32_t y) { return before.At(y, before.height - 1 - x); });
  }
  return out;
}

Picture Scale(const Picture& picture, uint32_t width, uint32_t height, Filter filter) {
  // Per target index: the source indices that count, and how much.
  using Axis = std::vector<std::vector<std::pair<uint32_t, double>>>;
  const auto axis = [filter](uint32_t from, uint32_t to) {
    Axis out(to);
    for (uint32_t target = 0; target < to; ++target) {
      for (uint32_t source = 0; source < from; ++source) {
        const double weight = Weight(from, to, filter, source, target);
        if (weight > 0) out[target].emplace_back(source, weight);
      }
    }
    return out;
  };
  const Axis columns = axis(picture.width, width), rows = axis(picture.height, height);
  return MakePicture(width, height, [&](uint32_t x, uint32_t y) {
    Pixel sum{0, 0, 0, 0};
    for (const auto& [source_y, row] : rows[y]) {
      for (const auto& [source_x, column] : columns[x]) Add(&sum, picture.At(source_x, source_y), row * column);
    }
    return sum;
  });
}

Picture Convert(const Picture& picture, const Colour& from, const Colour& to) {
  if (from.rgb && to.rgb && from.full == to.full) return picture;
  return MakePicture(picture.width, picture.height,
                     [&](uint32_t x, uint32_t y) { return FromLight(ToLight(picture.At(x, y), from), to); });
}

Picture Represent(const Picture& picture, const Format& format) {
  const bool alpha = format.fourcc == VSTREAM_FORMAT_RGBA || format.fourcc == VSTREAM_FORMAT_BGRA;
  const PlaneFormat& coarse = format.planes[format.plane_count - 1];
  const uint32_t columns = coarse.pixels, rows = coarse.rows;
  return MakePicture(picture.width, picture.height, [&](uint32_t x, uint32_t y) {
    Pixel out = picture.At(x, y);
    if (!alpha) out.alpha = 255;
    if (format.fourcc == VSTREAM_FORMAT_GREY) out.b = out.c = 128;
    if (columns == 1) return out;
    out.b = out.c = 0;
    const uint32_t left = x / columns * columns, top = y / rows * rows;
    const uint32_t right = std::min(left + columns, picture.width), bottom = std::min(top + rows, picture.height);
    for (uint32_t by = top; by < bottom; ++by) {
      for (uint32_t bx = left; bx < right; ++bx) {
        out.b += picture.At(bx, by).b / ((right - left) * (bottom - top));
        out.c += picture.At(bx, by).c / ((right - left) * (bottom - top));
      }
    }
    return out;
  });
}

Pixel WorstError(const Picture& want, const Picture& have) {
  // Without the dust of the arithmetic.
  const auto apart = [](double a, double b) { return std::round(std::abs(a - b) * 1e6) / 1e6; };
  Pixel worst{0, 0, 0, 0};
  for (size_t i = 0; i < want.pixels.size(); ++i) {
    const Pixel &a = want.pixels[i], &b = have.pixels[i];
    worst.a = std::max(worst.a, apart(a.a, b.a));
    worst.b = std::max(worst.b, apart(a.b, b.b));
    worst.c = std::max(worst.c, apart(a.c, b.c));
    worst.alpha = std::max(worst.alpha, apart(a.alpha, b.alpha));
  }
  return worst;
}

}  // namespace videostream::sw_fallback::reference

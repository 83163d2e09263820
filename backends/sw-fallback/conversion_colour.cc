// SPDX-License-Identifier: Apache-2.0
// Colours of a conversion: see conversion_colour.h.
#include "backends/sw-fallback/conversion_colour.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace videostream::sw_fallback {

namespace {

constexpr uint8_t kBt709 = 1, kUnspecified = 2, kBt601 = 6, kBt2020 = 9;

bool Specified(uint8_t code) { return code != 0 && code != kUnspecified; }
bool Known(uint8_t matrix) { return matrix == kBt709 || matrix == kBt601 || matrix == kBt2020; }

// Codes of one meaning become one code.
uint8_t CanonicalMatrix(uint8_t code) { return code == 5 ? kBt601 : code; }
uint8_t CanonicalTransfer(uint8_t code) {
  return code == 6 || code == 14 || code == 15 ? 1 : code;  // one curve, says ISO/IEC 23091-2
}

// Three rows of: three factors, one constant.
using Affine = std::array<std::array<double, 4>, 3>;

// To R, G, B from 0 to 1.
Affine Decode(const ColourModel& model) {
  const double black = model.full ? 0 : 16, reach = model.full ? 255 : 219, chroma = model.full ? 255 : 224;
  if (model.rgb) {
    const double each = 1 / reach, start = -black / reach;
    return {{{each, 0, 0, start}, {0, each, 0, start}, {0, 0, each, start}}};
  }
  const double kr = model.matrix == kBt709 ? 0.2126 : model.matrix == kBt2020 ? 0.2627 : 0.299;
  const double kb = model.matrix == kBt709 ? 0.0722 : model.matrix == kBt2020 ? 0.0593 : 0.114;
  const double y = 1 / reach, v_to_r = 2 * (1 - kr) / chroma, u_to_b = 2 * (1 - kb) / chroma;
  const double u_to_g = -u_to_b * kb / (1 - kr - kb), v_to_g = -v_to_r * kr / (1 - kr - kb);
  const double start = -black * y;
  return {{{y, 0, v_to_r, start - 128 * v_to_r},
           {y, u_to_g, v_to_g, start - 128 * (u_to_g + v_to_g)},
           {y, u_to_b, 0, start - 128 * u_to_b}}};
}

Affine Inverse(const Affine& a) {
  Affine out{};
  double determinant = 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      const int r1 = (j + 1) % 3, r2 = (j + 2) % 3, c1 = (i + 1) % 3, c2 = (i + 2) % 3;
      out[i][j] = a[r1][c1] * a[r2][c2] - a[r1][c2] * a[r2][c1];
    }
  }
  for (int j = 0; j < 3; ++j) determinant += a[0][j] * out[j][0];
  for (auto& row : out) {
    for (int j = 0; j < 3; ++j) row[j] /= determinant;
    row[3] = -(row[0] * a[0][3] + row[1] * a[1][3] + row[2] * a[2][3]);
  }
  return out;
}

std::string Differ(const char* what, uint8_t from, uint8_t to) {
  return std::string("only matrix and range of the colours are converted, and the ") + what +
         " differ: " + std::to_string(from) + " and " + std::to_string(to);
}

// Samples go in times 2^7, weights are times 2^13; the upper half of the 32 bit product is what compilers have a vector
// instruction for.
constexpr int kInBits = 7, kWeightBits = 13, kOutBits = kInBits + kWeightBits - 16;

template <int kPlanes>
void Apply(const ColourMap& map, const uint8_t* const in[3], uint8_t* const out[3], uint32_t count) {
  const int16_t c0 = map.centre[0], c1 = map.centre[1], c2 = map.centre[2];
  for (int plane = 0; plane < kPlanes; ++plane) {
    const int16_t w0 = map.weight[plane][0], w1 = map.weight[plane][1], w2 = map.weight[plane][2];
    const int16_t offset = map.offset[plane];
    const uint8_t *a = in[0], *b = in[1], *c = in[2];
    uint8_t* __restrict to = out[plane];
    for (uint32_t i = 0; i < count; ++i) {
      const auto x = static_cast<int16_t>((a[i] - c0) * (1 << kInBits));
      const auto y = static_cast<int16_t>((b[i] - c1) * (1 << kInBits));
      const auto z = static_cast<int16_t>((c[i] - c2) * (1 << kInBits));
      const auto first = static_cast<int16_t>((x * w0) >> 16), second = static_cast<int16_t>((y * w1) >> 16);
      const auto third = static_cast<int16_t>((z * w2) >> 16);
      const auto sum =
          static_cast<int16_t>(static_cast<int16_t>(first + second) + static_cast<int16_t>(third + offset));
      to[i] = static_cast<uint8_t>(std::clamp<int16_t>(static_cast<int16_t>(sum >> kOutBits), 0, 255));
    }
  }
}

}  // namespace

ColourModel ResolveColour(const vstream_colorimetry& colour, bool rgb, uint32_t width, uint32_t height) {
  ColourModel model;
  model.rgb = rgb;
  model.full = colour.range == VSTREAM_RANGE_FULL || (rgb && colour.range != VSTREAM_RANGE_LIMITED);
  const bool small = width < 1280 && height < 720;
  model.matrix = Specified(colour.matrix) ? CanonicalMatrix(colour.matrix) : small ? kBt601 : kBt709;
  return model;
}

std::string ColourObstacle(const vstream_converter_config& config, const ColourModel& from, const ColourModel& to) {
  const vstream_colorimetry &a = config.source_color, &b = config.target_color;
  for (const vstream_colorimetry* each : {&a, &b}) {
    if (each->range > VSTREAM_RANGE_FULL) return "colour range " + std::to_string(each->range) + " is not known";
  }
  if (Specified(a.primaries) && Specified(b.primaries) &&
      CanonicalMatrix(a.primaries) != CanonicalMatrix(b.primaries)) {
    return Differ("primaries", a.primaries, b.primaries);
  }
  if (Specified(a.transfer) && Specified(b.transfer) &&
      CanonicalTransfer(a.transfer) != CanonicalTransfer(b.transfer)) {
    return Differ("transfer characteristics", a.transfer, b.transfer);
  }
  if (from.rgb && to.rgb) return "";
  const bool carried = !from.rgb && !to.rgb && from.matrix == to.matrix;
  for (const ColourModel* each : {&from, &to}) {
    if (!carried && !each->rgb && !Known(each->matrix)) {
      return "colour matrix " + std::to_string(each->matrix) + " is not known: expected 1, 5, 6 or 9";
    }
  }
  return "";
}

ColourMap MakeColourMap(const ColourModel& from, const ColourModel& to) {
  ColourMap map;
  map.from = from;
  map.to = to;
  map.identity = from.rgb == to.rgb && from.full == to.full && (from.rgb || from.matrix == to.matrix);
  if (!from.rgb) map.centre[1] = map.centre[2] = 128;
  const Affine decode = Decode(from), encode = Inverse(Decode(to));
  for (int i = 0; i < 3; ++i) {
    double constant = encode[i][3];
    int cut = 0;
    for (int j = 0; j < 3; ++j) {
      const double weight = encode[i][0] * decode[0][j] + encode[i][1] * decode[1][j] + encode[i][2] * decode[2][j];
      map.weight[i][j] = static_cast<int16_t>(std::lround(weight * (1 << kWeightBits)));
      if (map.weight[i][j] != 0 && map.centre[j] == 0) ++cut;
      constant += encode[i][j] * decode[j][3] + weight * map.centre[j];
    }
    // Half a step to round by, and what cutting off products loses on average; those of a grey's U and V are 0.
    map.offset[i] = static_cast<int16_t>(std::lround(constant * (1 << kOutBits) + 0.5 * (1 << kOutBits) + 0.5 * cut));
  }
  return map;
}

void ApplyColourMap(const ColourMap& map, const uint8_t* const in[3], uint8_t* const out[3], int planes,
                    uint32_t count) {
  planes == 1 ? Apply<1>(map, in, out, count) : Apply<3>(map, in, out, count);
}

}  // namespace videostream::sw_fallback

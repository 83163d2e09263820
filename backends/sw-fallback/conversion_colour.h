// SPDX-License-Identifier: Apache-2.0
// Colours of a conversion: what the samples of each side mean, and the map from one to the other in fixed point.
#pragma once

#include <cstdint>
#include <string>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

// What the three samples of a pixel mean. GREY is Y without U and V.
struct ColourModel {
  bool rgb = false;
  bool full = false;   // range
  uint8_t matrix = 6;  // of Y, U, V: 6 BT.601, 1 BT.709, 9 BT.2020, or another code, which is carried only
};

// The affine map of one pixel, in 16 bit arithmetic: out[i] is the sum over j of weight[i][j] * (in[j] - centre[j]),
// and offset[i]. A result is off by 0.75 at most: 0.5 is the rounding.
struct ColourMap {
  ColourModel from, to;
  bool identity = true;
  int16_t weight[3][3] = {};  // times 2^13
  int16_t centre[3] = {};     // 128 for U and V
  int16_t offset[3] = {};     // times 2^4, rounding included
};

// Fills in what is unspecified, by the rules of converter.h. `rgb`: the format is.
ColourModel ResolveColour(const vstream_colorimetry& colour, bool rgb, uint32_t width, uint32_t height);

// Why the change cannot be made, ending a message about the conversion; empty if it can.
std::string ColourObstacle(const vstream_converter_config& config, const ColourModel& from, const ColourModel& to);

// For a change without an obstacle. Greys stay grey exactly.
ColourMap MakeColourMap(const ColourModel& from, const ColourModel& to);

// Maps `count` pixels. in: three rows; out: the first `planes` (1 or 3) of the result, rows other than those of `in`.
void ApplyColourMap(const ColourMap& map, const uint8_t* const in[3], uint8_t* const out[3], int planes,
                    uint32_t count);

}  // namespace videostream::sw_fallback

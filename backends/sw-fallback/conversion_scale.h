// SPDX-License-Identifier: Apache-2.0
// Scaling by rows: which source samples make a target sample, and the sums. One row of one plane at a time.
#pragma once

#include <cstdint>
#include <vector>

namespace videostream::sw_fallback {

// One axis. Target sample i is the sum over k < taps of weight[i * taps + k] * source[first[i] + k]; the weights of
// each sum up to kScaleOne exactly, so that a flat area stays what it is. All samples first[i] + k exist.
//   NEAREST   the sample whose pixel the centre of the target's pixel lies in
//   BILINEAR  the two around that centre, by distance
//   BOX       the mean of all that the target's pixel covers, edges by their share; BILINEAR where it enlarges
constexpr uint32_t kScaleOne = 1U << 15;
struct ScaleAxis {
  uint32_t from = 0, to = 0, taps = 1;
  std::vector<uint32_t> first;
  std::vector<uint16_t> weight;

  bool identity() const { return from == to; }
};
ScaleAxis MakeScaleAxis(uint32_t from, uint32_t to, uint32_t filter);

// Between both axes a row has 15 bits: samples of 8 bits times 128.
// Adds the `index`th weighted row of a sum that begins with index 0. `sum` and `row`: `count` samples.
void AddScaledRow(const uint8_t* row, uint32_t weight, bool begin, uint32_t count, uint32_t* sum);
void FinishScaledRows(const uint32_t* sum, uint32_t count, uint16_t* out);
// The same for the two most frequent cases: one row as it is, and two by weight.
void WidenRow(const uint8_t* row, uint32_t count, uint16_t* out);
void BlendRows(const uint8_t* a, const uint8_t* b, uint32_t weight_b, uint32_t count, uint16_t* out);
// Scales along the row: axis.from samples of 15 bits in, axis.to of 8 bits out.
void ScaleAlongRow(const ScaleAxis& axis, const uint16_t* row, uint8_t* out);
// The same for an axis of one tap.
void PickAlongRow(const ScaleAxis& axis, const uint8_t* row, uint8_t* out);

}  // namespace videostream::sw_fallback

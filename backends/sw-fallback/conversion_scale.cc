// SPDX-License-Identifier: Apache-2.0
// Scaling by rows: see conversion_scale.h.
#include "backends/sw-fallback/conversion_scale.h"

#include <algorithm>
#include <cmath>

#include "videostream/converter.h"

namespace videostream::sw_fallback {

namespace {

constexpr int kMiddleBits = 7, kWeightBits = 15;

void MakeNearest(ScaleAxis* axis) {
  for (uint32_t i = 0; i < axis->to; ++i) {
    axis->first[i] = static_cast<uint32_t>((2 * uint64_t{i} + 1) * axis->from / (2 * uint64_t{axis->to}));
    axis->weight.push_back(kScaleOne);
  }
}

void MakeBilinear(ScaleAxis* axis) {
  axis->taps = std::min(2U, axis->from);
  for (uint32_t i = 0; i < axis->to; ++i) {
    const double centre = std::clamp((i + 0.5) * axis->from / axis->to - 0.5, 0.0, axis->from - 1.0);
    // The last sample is the second of its pair: there is none after it.
    axis->first[i] = std::min(static_cast<uint32_t>(centre), axis->from - axis->taps);
    const auto second = static_cast<uint16_t>(std::lround((centre - axis->first[i]) * kScaleOne));
    axis->weight.push_back(static_cast<uint16_t>(kScaleOne - second));
    if (axis->taps == 2) axis->weight.push_back(second);
  }
}

void MakeBox(ScaleAxis* axis) {
  const double size = static_cast<double>(axis->from) / axis->to;
  axis->taps = std::min(static_cast<uint32_t>(std::ceil(size)) + 1, axis->from);
  for (uint32_t i = 0; i < axis->to; ++i) {
    const double begin = i * size;
    axis->first[i] = std::min(static_cast<uint32_t>(begin), axis->from - axis->taps);
    // Differences of rounded sums, so that the rounding errors of many taps do not add up.
    long done = 0;
    for (uint32_t k = 0; k < axis->taps; ++k) {
      const double covered = std::clamp((axis->first[i] + k + 1 - begin) / size, 0.0, 1.0);
      const long until = std::lround(covered * kScaleOne);
      axis->weight.push_back(static_cast<uint16_t>(until - done));
      done = until;
    }
  }
}

template <uint32_t kTaps>
void AlongRow(const ScaleAxis& axis, const uint16_t* row, uint8_t* out) {
  const uint32_t taps = kTaps == 0 ? axis.taps : kTaps;
  const uint16_t* weight = axis.weight.data();
  for (uint32_t i = 0; i < axis.to; ++i, weight += taps) {
    const uint16_t* from = row + axis.first[i];
    uint32_t sum = 1U << (kMiddleBits + kWeightBits - 1);
    for (uint32_t k = 0; k < taps; ++k) sum += uint32_t{weight[k]} * from[k];
    out[i] = static_cast<uint8_t>(sum >> (kMiddleBits + kWeightBits));
  }
}

}  // namespace

ScaleAxis MakeScaleAxis(uint32_t from, uint32_t to, uint32_t filter) {
  ScaleAxis axis;
  axis.from = from;
  axis.to = to;
  axis.first.resize(to);
  if (filter == VSTREAM_FILTER_NEAREST || from == to) {
    MakeNearest(&axis);
  } else if (filter == VSTREAM_FILTER_BOX && to < from) {
    MakeBox(&axis);
  } else {
    MakeBilinear(&axis);
  }
  return axis;
}

void AddScaledRow(const uint8_t* row, uint32_t weight, bool begin, uint32_t count, uint32_t* sum) {
  const auto factor = static_cast<uint16_t>(weight);
  if (begin) {
    for (uint32_t i = 0; i < count; ++i) sum[i] = uint32_t{factor} * uint16_t{row[i]};
  } else {
    for (uint32_t i = 0; i < count; ++i) sum[i] += uint32_t{factor} * uint16_t{row[i]};
  }
}

void FinishScaledRows(const uint32_t* sum, uint32_t count, uint16_t* out) {
  constexpr int kShift = kWeightBits - kMiddleBits;
  for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<uint16_t>((sum[i] + (1U << (kShift - 1))) >> kShift);
}

void WidenRow(const uint8_t* row, uint32_t count, uint16_t* out) {
  for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<uint16_t>(row[i] << kMiddleBits);
}

void BlendRows(const uint8_t* a, const uint8_t* b, uint32_t weight_b, uint32_t count, uint16_t* out) {
  // 8 bit weights: the sum fills 16 bits.
  const auto second = static_cast<uint16_t>((weight_b + 64) >> 7), first = static_cast<uint16_t>(256 - second);
  for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<uint16_t>((a[i] * first + b[i] * second) >> 1);
}

void ScaleAlongRow(const ScaleAxis& axis, const uint16_t* row, uint8_t* out) {
  if (axis.identity()) {
    for (uint32_t i = 0; i < axis.to; ++i) {
      out[i] = static_cast<uint8_t>((row[i] + (1U << (kMiddleBits - 1))) >> kMiddleBits);
    }
    return;
  }
  switch (axis.taps) {
    case 2:
      return AlongRow<2>(axis, row, out);
    case 3:
      return AlongRow<3>(axis, row, out);
    case 4:
      return AlongRow<4>(axis, row, out);
    default:
      return AlongRow<0>(axis, row, out);
  }
}

void PickAlongRow(const ScaleAxis& axis, const uint8_t* row, uint8_t* out) {
  for (uint32_t i = 0; i < axis.to; ++i) out[i] = row[axis.first[i]];
}

}  // namespace videostream::sw_fallback

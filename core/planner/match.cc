// SPDX-License-Identifier: Apache-2.0
// Matching of demands against the formats that devices enumerate.
#include "core/planner/match.h"

#include <string_view>

#include "core/frame/format.h"

namespace videostream {
namespace {

bool InSteps(uint32_t value, uint32_t low, uint32_t high, uint32_t step) {
  return value >= low && value <= high && (step < 2 || (value - low) % step == 0);
}

bool SizeFits(const vstream_format_range& range, const PlannedFormat& wanted) {
  return wanted.width == 0 || (InSteps(wanted.width, range.min_width, range.max_width, range.step_width) &&
                               InSteps(wanted.height, range.min_height, range.max_height, range.step_height));
}

bool RateFits(const vstream_format_range& range, const PlannedFormat& wanted) {
  if (wanted.rate.den == 0 || range.max_rate.den == 0) return true;
  return uint64_t{wanted.rate.num} * range.max_rate.den <= uint64_t{range.max_rate.num} * wanted.rate.den;
}

bool FormatFits(const vstream_format_range& range, uint32_t direction, const PlannedFormat& wanted) {
  return (range.directions & direction) != 0 && range.modifier == VSTREAM_MODIFIER_LINEAR &&
         (wanted.fourcc == 0 || range.fourcc == wanted.fourcc);
}

// kTaken, kNoFormat or kNoSize. A device that enumerates nothing can do whatever nobody has named.
Verdict Fits(const vstream_device& device, uint32_t direction, const PlannedFormat& wanted) {
  Verdict verdict = wanted.fourcc == 0 ? Verdict::kTaken : Verdict::kNoFormat;
  for (uint32_t i = 0; i < device.format_count; ++i) {
    const vstream_format_range& range = device.formats[i];
    if (RangeFits(range, direction, wanted)) return Verdict::kTaken;
    if (FormatFits(range, direction, wanted)) verdict = Verdict::kNoSize;
    if (verdict == Verdict::kTaken && (range.directions & direction) != 0) verdict = Verdict::kNoFormat;
  }
  return verdict;
}

}  // namespace

bool RangeFits(const vstream_format_range& range, uint32_t direction, const PlannedFormat& wanted) {
  return FormatFits(range, direction, wanted) && SizeFits(range, wanted) && RateFits(range, wanted);
}

Match MatchOne(const vstream_device& device, const Demand& demand) {
  if (device.reason != VSTREAM_REASON_USABLE) return {Verdict::kNoDevice, &device, 0};
  const Verdict in = Fits(device, VSTREAM_DIRECTION_INPUT, demand.in);
  if (demand.outs.empty()) {
    const Verdict out = Fits(device, VSTREAM_DIRECTION_OUTPUT, demand.out);
    return {out != Verdict::kTaken ? out : in, &device, demand.out.fourcc};
  }
  Match match{Verdict::kNoFormat, &device, 0};
  for (const uint32_t any : demand.outs) {
    PlannedFormat wanted = demand.out;
    wanted.fourcc = any;
    const Verdict out = Fits(device, VSTREAM_DIRECTION_OUTPUT, wanted);
    if (out == Verdict::kTaken) return {in, &device, any};
    if (out == Verdict::kNoSize) match.verdict = out;
  }
  return match;
}

// Of several that cannot, the one that writes what is wanted says most.
int Nearness(const Match& match, const Demand& demand) {
  if (match.device == nullptr) return 0;
  if (match.verdict == Verdict::kNoDevice) return 1;
  if (match.verdict != Verdict::kNoFormat && match.verdict != Verdict::kNoSize) return 4;
  if (!demand.outs.empty()) return match.verdict == Verdict::kNoFormat ? 2 : 3;
  return Fits(*match.device, VSTREAM_DIRECTION_OUTPUT, demand.out) == Verdict::kTaken ? 3 : 2;
}

bool ComesBefore(const vstream_device& a, const vstream_device& b) {
  const bool unusable_a = a.reason != VSTREAM_REASON_USABLE;
  const bool unusable_b = b.reason != VSTREAM_REASON_USABLE;
  if (unusable_a != unusable_b) return unusable_b;
  return a.cost != b.cost ? a.cost < b.cost : std::string_view(a.id) < std::string_view(b.id);
}

std::string Describe(const PlannedFormat& format) {
  std::string text = format.fourcc == 0 ? "any format" : FormatName(format.fourcc);
  if (format.width != 0) text += " " + std::to_string(format.width) + "x" + std::to_string(format.height);
  if (format.rate.den != 0) {
    text += " at " + std::to_string(format.rate.num);
    if (format.rate.den != 1) text += "/" + std::to_string(format.rate.den);
    text += " fps";
  }
  return text;
}

std::string DescribeCapture(const Demand& demand) {
  constexpr size_t kMostNamed = 4;
  const std::vector<uint32_t>& any = demand.outs;
  if (any.empty() || any.size() > kMostNamed) return Describe(demand.out);
  std::string names;
  for (size_t i = 0; i + 1 < any.size(); ++i) names += FormatName(any[i]) + (i + 2 < any.size() ? ", " : " or ");
  PlannedFormat last = demand.out;
  last.fourcc = any.back();
  return names + Describe(last);
}

}  // namespace videostream

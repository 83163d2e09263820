// SPDX-License-Identifier: Apache-2.0
// Matching of demands against the formats that devices enumerate.
#include "core/planner/match.h"

#include "core/frame/format.h"

namespace videostream {
namespace {

bool InSteps(uint32_t value, uint32_t low, uint32_t high, uint32_t step) {
  return value >= low && value <= high && (step < 2 || (value - low) % step == 0);
}

// kTaken, kNoFormat or kNoSize.
Verdict Fits(const vstream_device& device, uint32_t direction, const PlannedFormat& wanted) {
  if (wanted.fourcc == 0) return Verdict::kTaken;
  Verdict verdict = Verdict::kNoFormat;
  for (uint32_t i = 0; i < device.format_count; ++i) {
    const vstream_format_range& range = device.formats[i];
    if (range.fourcc != wanted.fourcc || (range.directions & direction) == 0) continue;
    verdict = Verdict::kNoSize;
    if (wanted.width != 0 && (!InSteps(wanted.width, range.min_width, range.max_width, range.step_width) ||
                              !InSteps(wanted.height, range.min_height, range.max_height, range.step_height))) {
      continue;
    }
    const auto rate = [](vstream_ratio r) { return static_cast<double>(r.num) / r.den; };
    if (wanted.rate.den != 0 && range.max_rate.den != 0 && rate(wanted.rate) > rate(range.max_rate)) continue;
    return Verdict::kTaken;
  }
  return verdict;
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

// How near a device comes: of several that cannot, the one that writes what is wanted says most.
int Nearness(const Match& match, const Demand& demand) {
  if (match.device == nullptr) return 0;
  if (match.verdict == Verdict::kNoDevice) return 1;
  if (!demand.outs.empty()) return match.verdict == Verdict::kNoFormat ? 2 : 3;
  return Fits(*match.device, VSTREAM_DIRECTION_OUTPUT, demand.out) == Verdict::kTaken ? 3 : 2;
}

}  // namespace

Match MatchDevice(const BackendReport& report, uint32_t kind, const Demand& demand) {
  Match best;
  for (const vstream_device& device : report.devices) {
    if (device.kind != kind || (demand.device != "auto" && demand.device != device.id)) continue;
    const Match match = MatchOne(device, demand);
    if (match.verdict == Verdict::kTaken) return match;
    if (Nearness(match, demand) > Nearness(best, demand)) best = match;
  }
  return best;
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

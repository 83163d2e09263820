// SPDX-License-Identifier: Apache-2.0
// Whether a device can do what a slot asks of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/planner/plan.h"

namespace videostream {

// What one slot asks of a device. 0: no demand.
struct Demand {
  std::string device = "auto";  // or an id
  PlannedFormat in, out;        // what goes in and comes out
  std::vector<uint32_t> outs;   // capture: any of these will do, in this order; empty: out.fourcc
  std::string what;             // in words, for reasons: "NV12 1280x720 to RGB24 640x640"; empty: nothing to say
};

// The answer of one backend, for its best device. Borrows the report.
struct Match {
  Verdict verdict = Verdict::kNoDevice;  // kTaken, kNoDevice, kNoFormat or kNoSize
  const vstream_device* device = nullptr;
  uint32_t fourcc = 0;  // the chosen one of Demand::outs, else out.fourcc
};

// Whether a range is for this format, size and rate, as far as they are known. Formats of another modifier than linear
// are for nothing.
[[nodiscard]] bool RangeFits(const vstream_format_range& range, uint32_t direction, const PlannedFormat& wanted);

// The same question to one device.
[[nodiscard]] Match MatchOne(const vstream_device& device, const Demand& demand);

// How near a device comes that cannot do it, to name the one of several that says most; the higher the nearer.
[[nodiscard]] int Nearness(const Match& match, const Demand& demand);

// Usable and cheap ones first, then by id: the order of a probe means nothing.
[[nodiscard]] bool ComesBefore(const vstream_device& a, const vstream_device& b);

// "NV12 1280x720 at 30 fps", as far as it is known; "any format" for nothing.
[[nodiscard]] std::string Describe(const PlannedFormat& format);

// What a capture is asked for: its format and size, or the formats it may choose from.
[[nodiscard]] std::string DescribeCapture(const Demand& demand);

}  // namespace videostream

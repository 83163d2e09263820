// SPDX-License-Identifier: Apache-2.0
// From capture times to the timestamps of a file.
#pragma once

#include <cstdint>

#include "videostream/frame.h"

namespace videostream::record {

// Gives each packet its time in ticks of 1/timescale s: the first 0, each later one above the one before. Where the
// source has a nominal rate, times that are within a quarter of a period of its grid are put on the grid: jitter of a
// scheduler does not get into the file, and a missing frame leaves a gap of whole periods. A time farther off is kept
// as it is, and the grid begins anew there, so that a source which is not as fast as it says stays in step.
class Timeline {
 public:
  // 0/0, or a rate outside 1/1000..1000 fps: no grid, 90000 ticks per second.
  explicit Timeline(vstream_ratio rate);

  // Ticks per second; a whole number of them is one period of the rate. At most 2^31 - 1.
  uint32_t timescale() const { return timescale_; }
  // Ticks of one frame; 0: rate unknown.
  int64_t period() const { return period_; }

  // `pts_ns`: CLOCK_MONOTONIC. A time that runs backwards becomes the last one + 1 tick.
  int64_t Place(int64_t pts_ns);

 private:
  uint32_t timescale_ = 90000;
  int64_t period_ = 0;
  bool begun_ = false;
  int64_t first_ns_ = 0, anchor_ = 0, last_ = -1;
};

}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// Which frames of a capture an output with a lower rate takes: by their timestamps, so that it does not drift.
#pragma once

#include <cstdint>

#include "videostream/frame.h"

namespace videostream {

// Time is divided into slots of one period of the limit, counted from the first frame. A frame belongs to the slot
// whose beginning is nearest, and each slot takes its first frame. So 30 to 10 is every third frame, timestamps that
// are off by less than half a captured frame change nothing where the rates divide, and an error never adds up. A slot
// that stays empty because of such jitter is made up for by the next frame. A jump of the timestamps starts anew.
//
// Belongs to the stream's thread; allocates nothing.
class RateLimiter {
 public:
  RateLimiter() = default;  // takes everything
  // Frames per second: at most `limit`, 0/0 for all; `source` nominal, 0/0 for unknown (it is measured then). A limit
  // that is not below the source's rate takes everything.
  RateLimiter(vstream_ratio limit, vstream_ratio source);

  bool active() const { return period_ns_ != 0; }
  int64_t period_ns() const { return period_ns_; }  // of the limit; 0: takes everything

  // Whether the frame with this timestamp is taken. Called once for every frame, in order.
  bool Takes(int64_t pts_ns);

 private:
  bool Restart(int64_t pts_ns);

  vstream_ratio limit_{};
  int64_t period_ns_ = 0;
  int64_t source_ns_ = 0;  // from one captured frame to the next
  bool measured_ = false;

  bool started_ = false;
  int64_t base_ns_ = 0;  // beginning of slot 0
  int64_t seen_ns_ = 0;  // the last frame
  int64_t taken_ns_ = 0;
  int64_t next_slot_ = 0;  // the first that has not taken a frame
  bool owed_ = false;      // exactly one slot was passed over
};

// The lower of two rates; 0/0 is unknown, and lower than nothing.
vstream_ratio LowerRate(vstream_ratio a, vstream_ratio b);

}  // namespace videostream

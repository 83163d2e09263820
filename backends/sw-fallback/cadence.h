// SPDX-License-Identifier: Apache-2.0
// When frames are due: arithmetic on a rate and a start, without a clock or a timer of its own.
#pragma once

#include <algorithm>
#include <cstdint>

#include "videostream/frame.h"

namespace videostream::sw_fallback {

// Ticks are numbered; tick `first` is due at `start_ns`, each next one 1/rate later, exactly: errors do not add up.
class Cadence {
 public:
  Cadence() = default;
  // `rate`: both parts > 0.
  Cadence(vstream_ratio rate, uint64_t first, int64_t start_ns) : rate_(rate), first_(first), start_ns_(start_ns) {}

  // `tick` >= first.
  int64_t Due(uint64_t tick) const { return start_ns_ + Scale(tick - first_, Nanoseconds(), rate_.num); }

  int64_t Period() const { return Scale(1, Nanoseconds(), rate_.num); }

  // A live source gives a tick to a buffer only if the buffer was there when the tick came: the first tick after `last`
  // that is due at `queued_ns` or later. Those between were lost.
  uint64_t NextLive(uint64_t last, int64_t queued_ns) const {
    const uint64_t next = last + 1;
    if (queued_ns <= Due(std::max(next, first_))) return std::max(next, first_);
    const auto elapsed = static_cast<unsigned __int128>(queued_ns - start_ns_);
    return first_ + static_cast<uint64_t>((elapsed * rate_.num + Nanoseconds() - 1) / Nanoseconds());
  }

 private:
  uint64_t Nanoseconds() const { return uint64_t{1'000'000'000} * rate_.den; }
  static int64_t Scale(uint64_t value, uint64_t by, uint64_t over) {
    return static_cast<int64_t>(static_cast<unsigned __int128>(value) * by / over);
  }

  vstream_ratio rate_{1, 1};
  uint64_t first_ = 1;
  int64_t start_ns_ = 0;
};

}  // namespace videostream::sw_fallback

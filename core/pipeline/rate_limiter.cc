// SPDX-License-Identifier: Apache-2.0
// See rate_limiter.h.
#include "core/pipeline/rate_limiter.h"

#include <algorithm>

namespace videostream {
namespace {

// Timestamps are foreign numbers: their differences do not fit 64 bits.
__extension__ using Wide = __int128;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kJumpNs = kSecondNs;
constexpr int64_t kJumpPeriods = 4;
constexpr int64_t kSmoothing = 16;  // frames

bool Known(vstream_ratio rate) { return rate.num != 0 && rate.den != 0; }

int64_t PeriodNs(vstream_ratio rate) { return Known(rate) ? kSecondNs * int64_t{rate.den} / rate.num : 0; }

// a < b
bool Below(vstream_ratio a, vstream_ratio b) { return uint64_t{a.num} * b.den < uint64_t{b.num} * a.den; }

}  // namespace

vstream_ratio LowerRate(vstream_ratio a, vstream_ratio b) {
  if (!Known(a)) return b;
  return Known(b) && Below(b, a) ? b : a;
}

RateLimiter::RateLimiter(vstream_ratio limit, vstream_ratio source) {
  if (!Known(limit) || (Known(source) && !Below(limit, source))) return;
  limit_ = limit;
  period_ns_ = std::max<int64_t>(PeriodNs(limit), 1);
  source_ns_ = PeriodNs(source);
  measured_ = !Known(source);
}

bool RateLimiter::Restart(int64_t pts_ns) {
  started_ = true;
  base_ns_ = seen_ns_ = taken_ns_ = pts_ns;
  next_slot_ = 1;
  owed_ = false;
  return true;
}

bool RateLimiter::Takes(int64_t pts_ns) {
  if (!active()) return true;
  if (!started_) return Restart(pts_ns);
  const Wide step = Wide{pts_ns} - seen_ns_;
  if (step < -period_ns_ || step > std::max(kJumpNs, kJumpPeriods * period_ns_)) return Restart(pts_ns);
  seen_ns_ = pts_ns;
  if (measured_ && step > 0) {
    const auto interval = static_cast<int64_t>(step);
    source_ns_ = source_ns_ == 0 ? interval : source_ns_ + (interval - source_ns_) / kSmoothing;
  }
  const int64_t half = source_ns_ / 2;
  const Wide since = Wide{pts_ns} - base_ns_ + half;
  const Wide slot = since < 0 ? Wide{-1} : since * limit_.num / (Wide{kSecondNs} * limit_.den);
  if (slot >= next_slot_) {
    owed_ = slot == next_slot_ + 1;
    next_slot_ = static_cast<int64_t>(slot) + 1;
  } else {
    if (!owed_ || slot != next_slot_ - 1 || Wide{pts_ns} - taken_ns_ < period_ns_ - half) return false;
    owed_ = false;
  }
  taken_ns_ = pts_ns;
  return true;
}

}  // namespace videostream

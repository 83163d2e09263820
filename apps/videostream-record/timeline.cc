// SPDX-License-Identifier: Apache-2.0
// The grid of a nominal rate and what may leave it.
#include "apps/videostream-record/timeline.h"

#include <algorithm>
#include <cstdlib>

namespace videostream::record {
namespace {

constexpr uint32_t kTicks = 90000;      // the usual clock of video
constexpr uint32_t kMaxTerm = 1000000;  // of a rate
constexpr int64_t kNsPerSecond = 1'000'000'000;
// Ten years: beyond it the producer lies, and products of ticks would overflow.
constexpr int64_t kLongestNs = kNsPerSecond * 86400 * 3650;

}  // namespace

Timeline::Timeline(vstream_ratio rate) {
  if (rate.num == 0 || rate.den == 0 || rate.num > kMaxTerm || rate.den > kMaxTerm) return;
  if (rate.num / rate.den > 1000 || rate.den / rate.num > 1000) return;
  const uint32_t factor = (kTicks + rate.num - 1) / rate.num;
  timescale_ = rate.num * factor;
  period_ = int64_t{rate.den} * factor;
}

int64_t Timeline::Place(int64_t pts_ns) {
  if (!begun_) first_ns_ = pts_ns;
  begun_ = true;
  int64_t since = 0;
  if (__builtin_sub_overflow(pts_ns, first_ns_, &since)) since = 0;
  since = std::clamp<int64_t>(since, 0, kLongestNs);
  const int64_t ticks =
      since / kNsPerSecond * timescale_ + (since % kNsPerSecond * timescale_ + kNsPerSecond / 2) / kNsPerSecond;
  int64_t placed = ticks;
  if (period_ != 0) {
    const int64_t offset = ticks - anchor_;
    const int64_t steps = (offset + (offset < 0 ? -period_ : period_) / 2) / period_;
    placed = anchor_ + steps * period_;
    if (std::abs(ticks - placed) > period_ / 4) placed = anchor_ = ticks;
  }
  if (placed <= last_) placed = last_ + 1;
  last_ = placed;
  return placed;
}

}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// See followers.h.
#include "core/control/followers.h"

#include <algorithm>

#include "core/base/clock.h"

namespace videostream {

bool Followers::Sit() {
  const std::lock_guard lock(mutex_);
  if (sitting_ == seats_) return false;
  ++sitting_;
  return true;
}

void Followers::Rise() {
  const std::lock_guard lock(mutex_);
  --sitting_;
  left_.notify_all();
}

void Followers::Answered(pid_t who, bool told) {
  const std::lock_guard lock(mutex_);
  const int64_t now = NowNs();
  ForgetLate(now);
  if (told) {
    expected_.erase(who);
  } else if (expected_.size() < kMaxExpected || expected_.contains(who)) {
    expected_[who] = now + std::chrono::nanoseconds(kAgain).count();
  }
  left_.notify_all();
}

void Followers::AwaitAll(std::chrono::nanoseconds limit) {
  std::unique_lock lock(mutex_);
  const int64_t deadline = NowNs() + limit.count();
  while (true) {
    const int64_t now = NowNs();
    ForgetLate(now);
    if ((sitting_ == 0 && expected_.empty()) || now >= deadline) return;
    int64_t next = deadline;
    for (const auto& [who, until] : expected_) next = std::min(next, until);
    left_.wait_for(lock, std::chrono::nanoseconds(std::max<int64_t>(next - now, kNsPerMs)));
  }
}

void Followers::ForgetLate(int64_t now_ns) {
  std::erase_if(expected_, [now_ns](const auto& entry) { return entry.second <= now_ns; });
}

}  // namespace videostream

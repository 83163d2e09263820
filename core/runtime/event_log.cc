// SPDX-License-Identifier: Apache-2.0
// See event_log.h.
#include "core/runtime/event_log.h"

#include <algorithm>
#include <utility>

#include "core/base/clock.h"

namespace videostream {
namespace {

constexpr std::chrono::nanoseconds kLongestWait = std::chrono::hours(24 * 365);  // now + more would overflow

}  // namespace

void EventLog::Add(RuntimeEvent event) {
  {
    const std::lock_guard lock(mutex_);
    event.sequence = ++last_;
    if (event.time_ns == 0) event.time_ns = NowNs();
    if (events_.size() == kKept) events_.pop_front();
    events_.push_back(std::move(event));
  }
  added_.notify_all();
}

std::vector<RuntimeEvent> EventLog::Since(uint64_t after) const {
  const std::lock_guard lock(mutex_);
  return Copy(after);
}

std::vector<RuntimeEvent> EventLog::WaitFor(uint64_t after, std::chrono::nanoseconds timeout) const {
  std::unique_lock lock(mutex_);
  added_.wait_for(lock, std::min(timeout, kLongestWait), [&] { return closed_ || last_ > after; });
  return Copy(after);
}

void EventLog::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  added_.notify_all();
}

uint64_t EventLog::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::vector<RuntimeEvent> EventLog::Copy(uint64_t after) const {
  const auto first = std::ranges::upper_bound(events_, after, {}, &RuntimeEvent::sequence);
  return {first, events_.end()};
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// See log_repeats.h.
#include "core/base/log_repeats.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace videostream {
namespace {

bool SameMessage(const LogRepeat& a, const LogRepeat& b) {
  return a.line == b.line && a.level == b.level && std::strcmp(a.file, b.file) == 0 && a.topic == b.topic &&
         a.text == b.text;
}

}  // namespace

bool LogRepeats::Pass(LogRepeat message, std::vector<LogRepeat>& due) {
  TakeDue(message.begun_ns, false, due);
  if (message.text.size() > kMaxText) return true;
  const auto known =
      std::ranges::find_if(seen_, [&message](const LogRepeat& other) { return SameMessage(message, other); });
  if (known != seen_.end()) {
    ++known->held;
    ++held_;
    return false;
  }
  if (seen_.size() == kMost) ForgetOldest(due);
  message.held = 0;
  seen_.push_back(std::move(message));
  return true;
}

void LogRepeats::TakeDue(int64_t now_ns, bool everything, std::vector<LogRepeat>& due) {
  while (!seen_.empty() && (everything || now_ns - seen_.front().begun_ns >= kWindowNs)) ForgetOldest(due);
}

void LogRepeats::ForgetOldest(std::vector<LogRepeat>& due) {
  held_ -= seen_.front().held;
  if (seen_.front().held > 0) due.push_back(std::move(seen_.front()));
  seen_.pop_front();
}

}  // namespace videostream

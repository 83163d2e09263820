// SPDX-License-Identifier: Apache-2.0
// Keeps a message that comes again and again from filling the log. Only for log.cc and its test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"

namespace videostream {

// What belongs to one place in the source, with one text.
struct LogRepeat {
  LogLevel level = LogLevel::kInfo;
  std::string topic, text;
  const char* file = "";  // outlives everything: a literal
  int line = 0;
  int64_t begun_ns = 0;  // when it was last let through
  uint64_t held = 0;     // since then
};

// Lets the first of identical messages of one place through, holds the others back for kWindowNs, and then tells how
// many they were. Remembers at most kMost messages; a text longer than kMaxText is never held back. Belongs to one
// thread at a time.
class LogRepeats {
 public:
  static constexpr int64_t kWindowNs = 10'000'000'000;
  static constexpr size_t kMost = 64;
  static constexpr size_t kMaxText = 4096;

  // True: to be written. `due` gets what has to be told before it, oldest first.
  [[nodiscard]] bool Pass(LogRepeat message, std::vector<LogRepeat>& due);

  // What is due at `now_ns`, or, at the end, everything that was held back.
  void TakeDue(int64_t now_ns, bool everything, std::vector<LogRepeat>& due);

  // Messages held back and not told yet.
  [[nodiscard]] uint64_t held() const { return held_; }

 private:
  void ForgetOldest(std::vector<LogRepeat>& due);

  std::deque<LogRepeat> seen_;  // by begun_ns
  uint64_t held_ = 0;
};

}  // namespace videostream

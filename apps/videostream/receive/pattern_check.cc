// SPDX-License-Identifier: Apache-2.0
// Counting over what pattern.hpp reads.
#include "apps/videostream/receive/pattern_check.h"

namespace videostream::receive {

pattern::Reading PatternCheck::Read(const Picture& picture) {
  return pattern::Read(picture.format, picture.planes[0].data, picture.planes[0].stride, picture.width, picture.height);
}

void PatternCheck::Count(const pattern::Reading& reading) {
  if (!reading.is_pattern) {
    if (is_pattern_) {
      ++result_.torn;
    } else {
      ++without_;
    }
    return;
  }
  if (!is_pattern_) result_.torn += without_;
  is_pattern_ = true;
  if (reading.torn) {
    ++result_.torn;
    return;  // one of several pictures: its number says nothing about order
  }
  if (last_ && reading.stamp.frame <= *last_) {
    ++result_.out_of_order;
  } else if (last_) {
    result_.missing += reading.stamp.frame - *last_ - 1;
  }
  last_ = reading.stamp.frame;
}

std::optional<PatternResult> PatternCheck::result() const {
  return is_pattern_ ? std::optional(result_) : std::nullopt;
}

}  // namespace videostream::receive

// SPDX-License-Identifier: Apache-2.0
// Looks at every word of a frame, and tells whether a lease was lost too early.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tests/chaos/books.h"
#include "videostream/client.hpp"

namespace videostream::chaos {

struct Seen {
  bool whole = false;  // every word is that of the frame's number
  bool valid = false;  // the lease held until after the last word was read
  bool torn() const { return valid && !whole; }
};

inline Seen Look(const Frame& frame) {
  Seen seen;
  seen.whole = IsCode(frame.data(), frame.size(), frame.sequence());
  seen.valid = frame.valid();
  return seen;
}

// A lease may be revoked once it is as old as the producer allows. Its age counts from when the producer first saw the
// claim, which was after the frame was published; and a revocation takes all leases of a consumer, also those beside
// and after the one that was too old. So a loss is early only if neither this frame, nor any other that was held at the
// same time, nor the last one was that old when it was released.
class LossJudge {
 public:
  explicit LossJudge(int64_t allowed_ns) : allowed_ns_(allowed_ns) {}
  // After the release of a frame; `published_ns`: of it or of the oldest one held beside it, whichever is older. True:
  // if its lease was lost, then too early.
  bool TooEarly(int64_t published_ns) {
    const int64_t age = NowNs() - published_ns;
    const int64_t oldest = std::max(age, last_age_);
    last_age_ = age;
    return oldest < allowed_ns_;
  }

 private:
  int64_t allowed_ns_;
  int64_t last_age_ = 0;
};

}  // namespace videostream::chaos

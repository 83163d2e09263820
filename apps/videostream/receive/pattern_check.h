// SPDX-License-Identifier: Apache-2.0
// Reads the code of the test picture in every frame: which one it is, whether it is whole, what is missing between.
#pragma once

#include <cstdint>
#include <optional>

#include "apps/videostream/receive/picture.h"
#include "videostream/pattern.hpp"

namespace videostream::receive {

struct PatternResult {
  uint64_t torn = 0;          // frames whose pixels are not all of one picture
  uint64_t missing = 0;       // numbers of the source between the first and the last frame that never came whole
  uint64_t out_of_order = 0;  // frames whose number is not above the one before
  friend bool operator==(const PatternResult&, const PatternResult&) = default;
};

// Whether the source is the test pattern shows in the pixels alone: it is, once one frame has carried the code. After
// 30 frames without it the search ends, for the sake of the CPU. One thread at a time.
class PatternCheck {
 public:
  // Whether frames are still worth reading.
  bool wanted() const { return is_pattern_ || without_ < kSearch; }

  // Reads the pixels and changes nothing, so that the caller may still find that they were not to be trusted. The
  // picture must have passed CheckPicture.
  static pattern::Reading Read(const Picture& picture);

  // Counts what was read from a frame that stayed valid. Frames from before the code was first seen, which had none
  // that was whole, count as torn once it is.
  void Count(const pattern::Reading& reading);

  // A new source: its numbers begin anew.
  void Restart() { last_.reset(); }

  // Nothing while no frame has carried the code.
  std::optional<PatternResult> result() const;

 private:
  static constexpr uint32_t kSearch = 30;
  bool is_pattern_ = false;
  uint32_t without_ = 0;
  std::optional<uint64_t> last_;
  PatternResult result_;
};

}  // namespace videostream::receive

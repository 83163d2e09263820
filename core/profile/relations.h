// SPDX-License-Identifier: Apache-2.0
// What the values of one stream say about each other: a capture and its outputs may each be right, and not go together.
#pragma once

#include <string>
#include <vector>

#include "core/profile/profile.h"

namespace videostream {

struct Contradiction {
  SourcePos pos;  // of the value that is at fault
  std::string message;
};

// Rates above the capture's, crops beyond the captured picture, outputs that would publish MJPEG as raw frames, colours
// of formats that have none. What the profile leaves open contradicts nothing. In the order of the outputs; empty if
// all is well. Pure.
[[nodiscard]] std::vector<Contradiction> CheckStream(const StreamSpec& stream);

}  // namespace videostream

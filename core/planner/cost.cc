// SPDX-License-Identifier: Apache-2.0
// Sums and words of costs.
#include "core/planner/cost.h"

namespace videostream {
namespace {

std::string Places(const char* kind, uint64_t other, uint64_t best) {
  return std::string(kind) + " that the profile names later would be taken (" + std::to_string(other) +
         (other == 1 ? " place" : " places") + " behind the first, not " + std::to_string(best) + ")";
}

std::string Words(Cost::Part part, uint64_t other, uint64_t best) {
  const std::string numbers = std::to_string(other) + ", not " + std::to_string(best);
  switch (part) {
    case Cost::kCaptureOrder:
      return Places("a capture", other, best);
    case Cost::kPicture:
      return "smaller pictures would be captured";
    case Cost::kEncoderOrder:
      return Places("an encoder", other, best);
    case Cost::kTransportOrder:
      return Places("a transport", other, best);
    case Cost::kCopies:
      return "copies per frame would be " + numbers;
    case Cost::kConverted:
      return std::to_string(other) + " bytes would be converted per second, not " + std::to_string(best);
    case Cost::kWork:
      return "work of the CPU would be " + numbers + " (1000: a core at 1080p30)";
    case Cost::kRestOrder:
      return Places("a converter or an allocator", other, best);
    case Cost::kParts:
      break;
  }
  return {};
}

}  // namespace

Cost& Cost::operator+=(const Cost& other) {
  for (size_t i = 0; i < kParts; ++i) parts.at(i) += other.parts.at(i);
  return *this;
}

std::string WhatIsWorse(const Cost& other, const Cost& best) {
  for (size_t i = 0; i < Cost::kParts; ++i) {
    if (other.parts.at(i) < best.parts.at(i)) return {};
    if (other.parts.at(i) > best.parts.at(i)) {
      return Words(static_cast<Cost::Part>(i), other.parts.at(i), best.parts.at(i));
    }
  }
  return {};
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What a plan costs: numbers that are compared one after the other, the first one that differs decides.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace videostream {

// Sums over all slots of a plan. Lower is better.
struct Cost {
  enum Part : size_t {
    kCaptureOrder,    // places in the profile's lists, 0 the first
    kPicture,         // larger pictures that the camera has and that are not taken
    kEncoderOrder,    // as kCaptureOrder
    kTransportOrder,  // likewise
    kCopies,          // of whole frames, per frame
    kConverted,       // bytes per second that converters write; 30 frames a second where no rate is known
    kWork,            // of the CPU, as the devices hint (vstream_device.cost)
    kRestOrder,       // allocators and converters, as kCaptureOrder
    kParts
  };
  std::array<uint64_t, kParts> parts{};

  Cost& operator+=(const Cost& other);
  friend Cost operator+(Cost a, const Cost& b) { return a += b; }
  friend bool operator==(const Cost& a, const Cost& b) { return a.parts == b.parts; }
  friend bool operator!=(const Cost& a, const Cost& b) { return a.parts != b.parts; }
  friend bool operator<(const Cost& a, const Cost& b) { return a.parts < b.parts; }
};

// The first part in which `other` is worse than `best`, in words: "124416000 bytes would be converted per second, not
// 0". Empty if it is worse in none.
[[nodiscard]] std::string WhatIsWorse(const Cost& other, const Cost& best);

}  // namespace videostream

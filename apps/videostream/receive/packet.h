// SPDX-License-Identifier: Apache-2.0
// Packets of an encoded stream outside of a container.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/frame/format.h"

namespace videostream::receive {

// Whether packets of this format one after the other are a file that players understand: Annex B and MJPEG are.
constexpr bool HasRawForm(uint32_t format) {
  return format == VSTREAM_FORMAT_H264 || format == VSTREAM_FORMAT_HEVC || format == VSTREAM_FORMAT_MJPEG;
}

inline Status NoRawForm(uint32_t format) {
  return Fail(Code::kUnsupported, "packets of format " + FormatName(format) +
                                      " mean nothing without a container; H264, HEVC and MJPEG can be written as they "
                                      "are");
}

// Keeps packets out that a decoder could not use: those before the first key frame, and those after a lost one until
// the next key frame.
class PacketGate {
 public:
  bool Admits(bool key) {
    open_ = open_ || key;
    return open_;
  }
  // The packet just taken, admitted or not, turned out not to be usable.
  void Lost() { open_ = false; }

 private:
  bool open_ = false;
};

}  // namespace videostream::receive

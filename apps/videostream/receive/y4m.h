// SPDX-License-Identifier: Apache-2.0
// Raw frames as YUV4MPEG2, the format that players and encoders read from a pipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/videostream/receive/picture.h"

namespace videostream::receive {

// Turns pictures into the bytes of one Y4M file; the caller writes them. The visible part is what is written, grown to
// whole chroma samples at its left and top. Semi-planar and packed formats are taken apart on the way.
class Y4m {
 public:
  // For pictures like `first` (checked by CheckPicture). kUnsupported for formats that Y4M cannot hold; the text says
  // which it can.
  [[nodiscard]] static Result<Y4m> Create(const Picture& first);

  // The line that stands first in the file, newline included.
  const std::string& header() const { return header_; }

  // Appends one frame with its own line to `out`. The picture must have passed CheckPicture. kUnsupported if its format
  // or size is not that of the first: a Y4M file cannot change.
  [[nodiscard]] Status Append(const Picture& picture, std::vector<uint8_t>* out) const;

 private:
  struct Area {
    uint32_t x, y, width, height;
  };
  Y4m() = default;
  static Area AreaOf(const Picture& picture);

  uint32_t format_ = 0;
  uint32_t width_ = 0, height_ = 0;  // as written
  std::string header_;
};

}  // namespace videostream::receive

// SPDX-License-Identifier: Apache-2.0
// The border check on frames of another process.
#include "apps/videostream/receive/picture.h"

#include <string>

#include "core/frame/format.h"

namespace videostream::receive {

Status CheckPicture(const Picture& picture) {
  const Format* format = FindFormat(picture.format);
  if (format == nullptr || format->coded) {
    return Fail(Code::kUnsupported, "a frame of format " + FormatName(picture.format) + " is no raw picture");
  }
  const vstream_rect& visible = picture.visible;
  if (picture.width == 0 || picture.height == 0 || picture.width > VSTREAM_MAX_DIMENSION ||
      picture.height > VSTREAM_MAX_DIMENSION || visible.width == 0 || visible.height == 0 ||
      uint64_t{visible.x} + visible.width > picture.width || uint64_t{visible.y} + visible.height > picture.height) {
    return Fail(Code::kIo, "the producer announced a picture of " + std::to_string(picture.width) + "x" +
                               std::to_string(picture.height) + " pixels that shows " + std::to_string(visible.width) +
                               "x" + std::to_string(visible.height) + " of them");
  }
  if (picture.plane_count != format->plane_count) {
    return Fail(Code::kIo, "the producer sent " + std::to_string(picture.plane_count) + " planes, " +
                               std::string(format->name) + " has " + std::to_string(format->plane_count));
  }
  for (uint32_t i = 0; i < picture.plane_count; ++i) {
    const FormatPlane& rule = format->planes[i];
    const PicturePlane& plane = picture.planes[i];
    const uint64_t row =
        uint64_t{(picture.width + rule.pixels_per_group - 1u) / rule.pixels_per_group} * rule.bytes_per_group;
    const uint64_t rows = (picture.height + rule.vertical - 1u) / rule.vertical;
    const uint64_t need = (rows - 1) * plane.stride + row;
    if (plane.data == nullptr || plane.stride < row || plane.size < need) {
      return Fail(Code::kIo, "plane " + std::to_string(i) + " of a frame has " + std::to_string(plane.size) +
                                 " bytes at stride " + std::to_string(plane.stride) + ", " + std::to_string(need) +
                                 " bytes at stride " + std::to_string(row) + " or more are needed");
    }
  }
  return {};
}

}  // namespace videostream::receive

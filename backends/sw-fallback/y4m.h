// SPDX-License-Identifier: Apache-2.0
// The YUV4MPEG2 stream header: a strict, bounded parser of foreign bytes. No I/O.
#pragma once

#include <cstdint>
#include <string_view>

#include "videostream/backend.hpp"

namespace videostream::sw_fallback {

inline constexpr std::string_view kY4mMagic = "YUV4MPEG2";
inline constexpr size_t kY4mMaxLine = 1024;  // bytes of a header line without its newline

struct Y4mHeader {
  uint32_t fourcc = VSTREAM_FORMAT_I420;  // or GREY
  uint32_t width = 0, height = 0;
  vstream_ratio rate{};
  vstream_colorimetry colorimetry{};
};

// `line`: the first line of the file without its newline. Errors: INVALID (not this format, or a value is wrong),
// UNSUPPORTED (a valid variety that is not read); the message says what was found and what is expected, and names no
// file.
backend::Status ParseY4mHeader(std::string_view line, Y4mHeader* out);

// `line`: what stands before a frame's pixels, without the newline. INVALID if it is no frame header.
backend::Status ParseY4mFrameHeader(std::string_view line);

// Foreign bytes for a message: printable ASCII as it is, the rest as \xNN, cut after 24 bytes.
std::string Printable(std::string_view bytes);

}  // namespace videostream::sw_fallback

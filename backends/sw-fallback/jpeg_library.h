// SPDX-License-Identifier: Apache-2.0
// libjpeg with its errors as return values: never the end of the process, never a line on stderr.
#pragma once

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
// jpeglib.h needs the first, and does not include it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

namespace videostream::sw_fallback {

// Where libjpeg reports to. Not copyable: libjpeg keeps pointers into it.
struct JpegErrors {
  jpeg_error_mgr manager{};                     // first: libjpeg knows this part only
  std::jmp_buf jump{};                          // set by RunJpeg
  bool strict = false;                          // a warning (the data is broken) ends the call like an error
  bool overflow = false;                        // a destination was too small
  std::array<char, JMSG_LENGTH_MAX> message{};  // of what ended the call
};

// Sets the manager up, for `common.err`.
jpeg_error_mgr* UseJpegErrors(JpegErrors* errors);

// Calls `body(context)`, which may call libjpeg. False: libjpeg gave up, `errors->message` says why. Frames between
// here and libjpeg are left by a jump: at that time they must not own anything.
bool RunJpeg(JpegErrors* errors, void (*body)(void*), void* context);

// Ends the call of RunJpeg from inside a callback.
[[noreturn]] void EndJpeg(j_common_ptr common, const char* message);

// libjpeg-turbo's name for an RGB format of ours; JCS_UNKNOWN if it has none.
J_COLOR_SPACE JpegSpaceOf(uint32_t fourcc);

}  // namespace videostream::sw_fallback

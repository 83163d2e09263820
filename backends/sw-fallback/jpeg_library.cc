// SPDX-License-Identifier: Apache-2.0
// libjpeg with its errors as return values: see jpeg_library.h.
#include "backends/sw-fallback/jpeg_library.h"

#include <jerror.h>

#include <algorithm>
#include <cstring>

#include "videostream/frame.h"

namespace videostream::sw_fallback {

namespace {

// Cameras put a few bytes between the last of the picture and the end marker: nothing is missing.
constexpr int kHarmlessBytes = 64;

JpegErrors* ErrorsOf(j_common_ptr common) { return reinterpret_cast<JpegErrors*>(common->err); }

[[noreturn]] void Exit(j_common_ptr common) {
  JpegErrors* errors = ErrorsOf(common);
  (*common->err->format_message)(common, errors->message.data());
  std::longjmp(errors->jump, 1);  // NOLINT(cert-err52-cpp): the only way out that libjpeg has
}

void Emit(j_common_ptr common, int level) {
  if (level >= 0 || !ErrorsOf(common)->strict) return;
  const jpeg_error_mgr& error = *common->err;
  if (error.msg_code == JWRN_EXTRANEOUS_DATA && error.msg_parm.i[0] <= kHarmlessBytes &&
      error.msg_parm.i[1] == JPEG_EOI) {
    return;
  }
  Exit(common);
}

}  // namespace

jpeg_error_mgr* UseJpegErrors(JpegErrors* errors) {
  jpeg_std_error(&errors->manager);
  errors->manager.error_exit = [](j_common_ptr common) { Exit(common); };
  errors->manager.emit_message = &Emit;
  errors->manager.output_message = [](j_common_ptr) {};
  return &errors->manager;
}

bool RunJpeg(JpegErrors* errors, void (*body)(void*), void* context) {
  if (setjmp(errors->jump) != 0) return false;  // NOLINT(cert-err52-cpp)
  body(context);
  return true;
}

void EndJpeg(j_common_ptr common, const char* message) {
  JpegErrors* errors = ErrorsOf(common);
  const size_t length = std::min(std::strlen(message), errors->message.size() - 1);
  std::memcpy(errors->message.data(), message, length);
  errors->message[length] = 0;
  std::longjmp(errors->jump, 1);  // NOLINT(cert-err52-cpp)
}

J_COLOR_SPACE JpegSpaceOf(uint32_t fourcc) {
  switch (fourcc) {
    case VSTREAM_FORMAT_RGB24:
      return JCS_EXT_RGB;
    case VSTREAM_FORMAT_BGR24:
      return JCS_EXT_BGR;
    case VSTREAM_FORMAT_RGBX:
      return JCS_EXT_RGBX;
    case VSTREAM_FORMAT_RGBA:
      return JCS_EXT_RGBA;
    case VSTREAM_FORMAT_BGRX:
      return JCS_EXT_BGRX;
    case VSTREAM_FORMAT_BGRA:
      return JCS_EXT_BGRA;
    default:
      return JCS_UNKNOWN;
  }
}

}  // namespace videostream::sw_fallback

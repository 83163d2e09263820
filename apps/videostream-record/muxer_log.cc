// SPDX-License-Identifier: Apache-2.0
// The log callback given to libavutil.
#include "apps/videostream-record/muxer_log.h"

extern "C" {
#include <libavutil/log.h>
}

#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace videostream::record {
namespace {

void OnLog(void* /*object*/, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_WARNING) return;
  char text[512];
  vsnprintf(text, sizeof text, format, arguments);
  std::string_view line(text);
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (line.empty()) return;
  fprintf(stderr, "videostream record: libavformat: %.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace

void RouteMuxerLog() {
  av_log_set_level(AV_LOG_WARNING);
  av_log_set_callback(OnLog);
}

}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// One message of the log as a line of text, as JSON, or as the fields of a journal entry. Only for log.cc and its test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/log.h"

namespace videostream {

struct LogRecord {
  LogLevel level = LogLevel::kInfo;
  std::string_view topic;
  std::string_view text;
  int64_t wall_ms = 0;    // since the epoch
  const char* file = "";  // of the source that speaks
  int line = 0;
};

// Where the level stands in a line, for those who paint it.
struct LevelRange {
  size_t begin = 0, end = 0;
};

// In all of them foreign text is escaped (see Log). Ends in a newline. Further lines of a text are indented, so that
// none of them can be taken for a message of its own.
[[nodiscard]] std::string TextLine(const LogRecord& record, LevelRange& level);
[[nodiscard]] std::string JsonLine(const LogRecord& record);

// A datagram of journald's native protocol: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, VIDEOSTREAM_TOPIC, CODE_FILE and
// CODE_LINE. A text beyond 32 KiB is cut, so that it fits any socket.
[[nodiscard]] std::string JournalDatagram(const LogRecord& record);

}  // namespace videostream

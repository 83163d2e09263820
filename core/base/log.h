// SPDX-License-Identifier: Apache-2.0
// The runtime's log, on stderr. Library code returns errors; only the edges (CLI, daemon, a stage that goes on) log
// them.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"

namespace videostream {

// trace and debug are read by developers, the others by the operator. Nothing at kInfo or above may happen once per
// frame.
enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError };

enum class LogFormat : uint8_t {
  kText,  // `2024-05-01T12:00:00.000Z warn  core.pipeline: text`, coloured only on a terminal and without NO_COLOR
  kJson,  // one object per line: {"time": RFC 3339 UTC, "level", "topic", "text"}
};

// Writes one message if `level` is enabled. `topic` is the folder that speaks ("core.pipeline", "backend.v4l2").
// Control characters other than newline and tab are escaped and invalid UTF-8 is replaced, so foreign text cannot drive
// the operator's terminal or break a JSON line. Any thread; never throws; may block as long as stderr does.
void Log(LogLevel level, std::string_view topic, std::string_view text) noexcept;

// Whether a message of this level would be written: for callers whose text is expensive to make. Any thread.
[[nodiscard]] bool LogEnabled(LogLevel level) noexcept;

// The least level that is written; kInfo until set. Any thread.
void SetLogLevel(LogLevel level) noexcept;

// kText until set. Any thread; messages already being written keep the old format.
void SetLogFormat(LogFormat format) noexcept;

// "trace", "debug", "info", "warn" or "error"; kInvalidArgument with the list of names otherwise.
[[nodiscard]] Result<LogLevel> ParseLogLevel(std::string_view name);

// "text" or "json"; kInvalidArgument with the list of names otherwise.
[[nodiscard]] Result<LogFormat> ParseLogFormat(std::string_view name);

// The name ParseLogLevel accepts. Never null.
[[nodiscard]] const char* LogLevelName(LogLevel level);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The runtime's log, on stderr. Library code returns errors; only the edges (CLI, daemon, a stage that goes on) log
// them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace videostream {

// trace and debug are read by developers, the others by the operator. Nothing at kInfo or above may happen once per
// frame.
enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError };

enum class LogFormat : uint8_t {
  kText,     // `2024-05-01T12:00:00.000Z warn  core.pipeline: text`, coloured only on a terminal and without NO_COLOR
  kJson,     // one object per line: {"time": RFC 3339 UTC, "level", "topic", "text"}
  kJournal,  // entries of systemd-journald: MESSAGE, PRIORITY, VIDEOSTREAM_TOPIC, ...; kText on stderr if it is not
             // there
};

// Writes one message if its topic has `level` enabled. `topic` is the folder that speaks ("core.pipeline",
// "backend.v4l2"); see LogTopic. Control characters other than newline and tab are escaped and invalid UTF-8 is
// replaced, so foreign text cannot drive the operator's terminal, break a JSON line, or pass for another message.
//
// Of warnings and errors, the same text from the same place in the source is written once in 10 s; with the next
// message after that, or at the end of the program, comes how often it was held back: "TEXT (repeated 57 times)". The
// place is that of the call: leave the last two arguments alone.
//
// Any thread; never throws; may block as long as stderr does.
void Log(LogLevel level, std::string_view topic, std::string_view text, const char* file = __builtin_FILE(),
         int line = __builtin_LINE()) noexcept;

// The topic of a source file, its folder in this tree: "core/planner/plan.cc" is "core.planner", wherever the tree
// lies. At compile time: constexpr auto kTopic = LogTopic(__FILE__).
template <size_t N>
struct TopicName {
  std::array<char, N> text{};
  size_t length = 0;
  constexpr operator std::string_view() const {  // NOLINT(google-explicit-constructor): it is one
    return {text.data(), length};
  }
};
template <size_t N>
constexpr TopicName<N> LogTopic(const char (&file)[N]) {
  std::string_view folder(file, N - 1);
  folder = folder.substr(0, folder.rfind('/') == std::string_view::npos ? 0 : folder.rfind('/'));
  if (const size_t core = folder.rfind("/core/"); core != std::string_view::npos) folder.remove_prefix(core + 1);
  TopicName<N> topic;
  for (const char c : folder) topic.text[topic.length++] = c == '/' ? '.' : c;
  return topic;
}

// Whether a message of this level might be written, whatever its topic: for callers whose text is expensive to make.
// Any thread.
[[nodiscard]] bool LogEnabled(LogLevel level) noexcept;

// The least level that is written, for all topics; kInfo until set. See log_levels.h for single topics. Any thread.
void SetLogLevel(LogLevel level) noexcept;

// kText until set. Any thread; messages already being written keep the old format.
void SetLogFormat(LogFormat format) noexcept;

// Where kJournal goes; /run/systemd/journal/socket until set. Any thread.
void SetJournalSocket(const std::string& path);

// Tells now how often messages were held back: for tests, and for who ends without exit().
void FlushLog() noexcept;

// "trace", "debug", "info", "warn" or "error"; kInvalidArgument with the list of names otherwise.
[[nodiscard]] Result<LogLevel> ParseLogLevel(std::string_view name);

// "text", "json" or "journal"; kInvalidArgument with the list of names otherwise.
[[nodiscard]] Result<LogFormat> ParseLogFormat(std::string_view name);

// The name ParseLogLevel accepts. Never null.
[[nodiscard]] const char* LogLevelName(LogLevel level);

}  // namespace videostream

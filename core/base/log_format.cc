// SPDX-License-Identifier: Apache-2.0
// See log_format.h.
#include "core/base/log_format.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "core/base/text.h"

namespace videostream {
namespace {

constexpr size_t kMaxJournalText = size_t{32} << 10;

std::string FormatTime(int64_t wall_ms) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ", static_cast<int>(wall_ms % 1000));
  return text.data();
}

std::string Printable(std::string_view text) {
  std::string safe;
  AppendPrintable(safe, text);
  return safe;
}

void AppendIndented(std::string& line, const std::string& text) {
  for (const char c : text) {
    line += c;
    if (c == '\n') line += "    ";
  }
}

// syslog's numbers
char Priority(LogLevel level) {
  constexpr std::string_view kPriorities = "77643";  // trace, debug: debug; info; warning; error
  const auto index = static_cast<size_t>(level);
  return index < kPriorities.size() ? kPriorities[index] : '3';
}

// "NAME=VALUE\n"; a value of several lines has its length in front, 64 bits, little endian.
void AppendField(std::string& to, std::string_view name, std::string_view value) {
  to += name;
  if (value.find('\n') == std::string_view::npos) {
    to += '=';
  } else {
    to += '\n';
    const uint64_t size = value.size();
    for (unsigned shift = 0; shift < 64; shift += 8) to += static_cast<char>(size >> shift & 0xFFU);
  }
  to.append(value).append("\n");
}

}  // namespace

std::string TextLine(const LogRecord& record, LevelRange& level) {
  std::string line = FormatTime(record.wall_ms) + ' ';
  const std::string name = LogLevelName(record.level);
  level.begin = line.size();
  line += name;
  level.end = line.size();
  line.append(6 - name.size(), ' ');
  AppendIndented(line, Printable(record.topic) + ": " + Printable(record.text));
  return line + '\n';
}

std::string JsonLine(const LogRecord& record) {
  std::string line =
      R"({"time":")" + FormatTime(record.wall_ms) + R"(","level":")" + LogLevelName(record.level) + R"(","topic":)";
  AppendJsonString(line, record.topic);
  line += R"(,"text":)";
  AppendJsonString(line, record.text);
  return line + "}\n";
}

std::string JournalDatagram(const LogRecord& record) {
  std::string fields;
  AppendField(fields, "MESSAGE", Printable(record.text.substr(0, kMaxJournalText)));
  AppendField(fields, "PRIORITY", std::string(1, Priority(record.level)));
  AppendField(fields, "SYSLOG_IDENTIFIER", "videostream");
  AppendField(fields, "VIDEOSTREAM_TOPIC", Printable(record.topic));
  AppendField(fields, "CODE_FILE", record.file);
  AppendField(fields, "CODE_LINE", std::to_string(record.line));
  return fields;
}

}  // namespace videostream

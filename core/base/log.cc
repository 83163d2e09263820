// SPDX-License-Identifier: Apache-2.0
// The log over spdlog's stderr sink. No logger registry: the topic travels with each message.
#include "core/base/log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

#include "core/base/text.h"

namespace videostream {
namespace {

constexpr std::array<const char*, 5> kLevelNames = {"trace", "debug", "info", "warn", "error"};
constexpr std::array kSpdlogLevels = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                      spdlog::level::warn, spdlog::level::err};

std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::atomic<LogFormat> g_format{LogFormat::kText};

LogLevel FromSpdlog(spdlog::level::level_enum level) {
  for (size_t i = 0; i < kSpdlogLevels.size(); ++i) {
    if (kSpdlogLevels.at(i) == level) return static_cast<LogLevel>(i);
  }
  return LogLevel::kError;
}

std::string FormatTime(spdlog::log_clock::time_point time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ", static_cast<int>(ms % 1000));
  return text.data();
}

class LineFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& dest) override {
    const bool json = g_format.load(std::memory_order_relaxed) == LogFormat::kJson;
    const std::string line = json ? Json(msg) : Text(msg);
    dest.append(line.data(), line.data() + line.size());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LineFormatter>(); }

 private:
  static std::string Text(const spdlog::details::log_msg& msg) {
    std::string line = FormatTime(msg.time) + ' ';
    std::string level = LogLevelName(FromSpdlog(msg.level));
    msg.color_range_start = line.size();
    line += level;
    msg.color_range_end = line.size();
    line.append(6 - level.size(), ' ');
    AppendPrintable(line, {msg.logger_name.data(), msg.logger_name.size()});
    line += ": ";
    AppendPrintable(line, {msg.payload.data(), msg.payload.size()});
    line += '\n';
    return line;
  }

  static std::string Json(const spdlog::details::log_msg& msg) {
    std::string line = "{\"time\":\"" + FormatTime(msg.time) + "\",\"level\":\"" + LogLevelName(FromSpdlog(msg.level)) +
                       "\",\"topic\":";
    AppendJsonString(line, {msg.logger_name.data(), msg.logger_name.size()});
    line += ",\"text\":";
    AppendJsonString(line, {msg.payload.data(), msg.payload.size()});
    line += "}\n";
    return line;
  }
};

using StderrSink = spdlog::sinks::ansicolor_stderr_sink_mt;

std::unique_ptr<StderrSink> MakeSink() {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  const bool plain = no_color != nullptr && *no_color != '\0';
  auto sink = std::make_unique<StderrSink>(plain ? spdlog::color_mode::never : spdlog::color_mode::automatic);
  sink->set_formatter(std::make_unique<LineFormatter>());
  return sink;
}

// Never destroyed: threads and static destructors may log until the process is gone.
StderrSink& Sink() {
  static StderrSink* const sink = MakeSink().release();
  return *sink;
}

}  // namespace

void Log(LogLevel level, std::string_view topic, std::string_view text) noexcept {
  if (!LogEnabled(level)) return;
  try {
    Sink().log(spdlog::details::log_msg({topic.data(), topic.size()}, kSpdlogLevels.at(static_cast<size_t>(level)),
                                        {text.data(), text.size()}));
  } catch (...) {  // out of memory or a broken stderr: a lost log line must not end the stream
  }
}

bool LogEnabled(LogLevel level) noexcept { return level >= g_level.load(std::memory_order_relaxed); }

void SetLogLevel(LogLevel level) noexcept { g_level.store(level, std::memory_order_relaxed); }

void SetLogFormat(LogFormat format) noexcept { g_format.store(format, std::memory_order_relaxed); }

Result<LogLevel> ParseLogLevel(std::string_view name) {
  for (size_t i = 0; i < kLevelNames.size(); ++i) {
    if (name == kLevelNames.at(i)) return static_cast<LogLevel>(i);
  }
  return Fail(Code::kInvalidArgument,
              "log level '" + std::string(name) + "' is not one of trace, debug, info, warn, error");
}

Result<LogFormat> ParseLogFormat(std::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return Fail(Code::kInvalidArgument, "log format '" + std::string(name) + "' is not one of text, json");
}

const char* LogLevelName(LogLevel level) {
  const auto index = static_cast<size_t>(level);
  return index < kLevelNames.size() ? kLevelNames.at(index) : "unknown";
}

}  // namespace videostream

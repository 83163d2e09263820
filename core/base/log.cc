// SPDX-License-Identifier: Apache-2.0
// The log over spdlog's stderr sink. No logger registry: the topic travels with each message.
#include "core/base/log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/journal.h"
#include "core/base/log_format.h"
#include "core/base/log_levels.h"
#include "core/base/log_repeats.h"

namespace videostream {
namespace {

constexpr std::array<const char*, 5> kLevelNames = {"trace", "debug", "info", "warn", "error"};
constexpr std::array kSpdlogLevels = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                      spdlog::level::warn, spdlog::level::err};

std::atomic<LogLevel> g_least{LogLevel::kInfo};  // of g_levels
std::atomic<bool> g_by_topic{false};             // g_levels has topics
std::atomic<LogFormat> g_format{LogFormat::kText};

// What threads share. Never destroyed: they may log until the process is gone.
struct Shared {
  std::mutex mutex;
  LogLevels levels;
  LogRepeats repeats;
  std::shared_ptr<const Journal> journal;
  bool flush_at_exit = false;
};

Shared& State() {
  static Shared* const state = new Shared;  // NOLINT(cppcoreguidelines-owning-memory): see above
  return *state;
}

LogLevel FromSpdlog(spdlog::level::level_enum level) {
  for (size_t i = 0; i < kSpdlogLevels.size(); ++i) {
    if (kSpdlogLevels.at(i) == level) return static_cast<LogLevel>(i);
  }
  return LogLevel::kError;
}

LogRecord RecordOf(const spdlog::details::log_msg& msg) {
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(msg.time.time_since_epoch());
  return {FromSpdlog(msg.level),
          {msg.logger_name.data(), msg.logger_name.size()},
          {msg.payload.data(), msg.payload.size()},
          time.count()};
}

class LineFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& dest) override {
    LevelRange level;
    const bool json = g_format.load(std::memory_order_relaxed) == LogFormat::kJson;
    const std::string line = json ? JsonLine(RecordOf(msg)) : TextLine(RecordOf(msg), level);
    if (!json) msg.color_range_start = level.begin;
    if (!json) msg.color_range_end = level.end;
    dest.append(line.data(), line.data() + line.size());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LineFormatter>(); }
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

bool SentToJournal(const LogRecord& record) {
  std::shared_ptr<const Journal> journal;
  {
    const std::lock_guard lock(State().mutex);
    if (!State().journal) State().journal = std::make_shared<Journal>();
    journal = State().journal;
  }
  return journal->Send(JournalDatagram(record));
}

void Write(const LogRecord& record) {
  const spdlog::details::log_msg msg({record.topic.data(), record.topic.size()},
                                     kSpdlogLevels.at(static_cast<size_t>(record.level)),
                                     {record.text.data(), record.text.size()});
  if (g_format.load(std::memory_order_relaxed) == LogFormat::kJournal && SentToJournal(record)) return;
  Sink().log(msg);
}

void Tell(const std::vector<LogRepeat>& due) {
  for (const LogRepeat& one : due) {
    const std::string times = one.held == 1 ? " (repeated once)" : " (repeated " + std::to_string(one.held) + " times)";
    const std::string text = one.text + times;
    Write({one.level, one.topic, text, 0, one.file, one.line});
  }
}

bool TopicEnabled(LogLevel level, std::string_view topic) {
  if (!g_by_topic.load(std::memory_order_relaxed)) return true;  // g_least has been asked
  const std::lock_guard lock(State().mutex);
  return level >= State().levels.Of(topic);
}

// False: held back. Anything that is due is told on the way.
bool PassRepeats(LogLevel level, std::string_view topic, std::string_view text, const char* file, int line) {
  std::vector<LogRepeat> due;
  bool pass = true;
  {
    Shared& state = State();
    const std::lock_guard lock(state.mutex);
    if (level >= LogLevel::kWarn) {
      pass = state.repeats.Pass({level, std::string(topic), std::string(text), file, line, NowNs()}, due);
    } else if (state.repeats.held() > 0) {
      state.repeats.TakeDue(NowNs(), false, due);
    }
    if (!pass && !std::exchange(state.flush_at_exit, true)) (void)std::atexit(FlushLog);
  }
  Tell(due);
  return pass;
}

}  // namespace

void Log(LogLevel level, std::string_view topic, std::string_view text, const char* file, int line) noexcept {
  if (!LogEnabled(level)) return;
  try {
    if (!TopicEnabled(level, topic) || !PassRepeats(level, topic, text, file, line)) return;
    Write({level, topic, text, 0, file, line});
  } catch (...) {  // out of memory or a broken stderr: a lost log line must not end the stream
  }
}

void FlushLog() noexcept {
  try {
    std::vector<LogRepeat> due;
    {
      const std::lock_guard lock(State().mutex);
      State().repeats.TakeDue(NowNs(), true, due);
    }
    Tell(due);
  } catch (...) {  // as above
  }
}

bool LogEnabled(LogLevel level) noexcept { return level >= g_least.load(std::memory_order_relaxed); }

void SetLogLevel(LogLevel level) noexcept {
  try {
    SetLogLevels({level, {}});
  } catch (...) {  // the mutex: nothing else throws
  }
}

void SetLogLevels(LogLevels levels) {
  const std::lock_guard lock(State().mutex);
  State().levels = std::move(levels);
  g_by_topic.store(!State().levels.topics.empty(), std::memory_order_relaxed);
  g_least.store(State().levels.Least(), std::memory_order_relaxed);
}

LogLevels GetLogLevels() {
  const std::lock_guard lock(State().mutex);
  return State().levels;
}

void SetLogFormat(LogFormat format) noexcept { g_format.store(format, std::memory_order_relaxed); }

void SetJournalSocket(const std::string& path) {
  auto journal = std::make_shared<Journal>(path);
  const std::lock_guard lock(State().mutex);
  State().journal = std::move(journal);
}

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
  if (name == "journal") return LogFormat::kJournal;
  return Fail(Code::kInvalidArgument, "log format '" + std::string(name) + "' is not one of text, json, journal");
}

const char* LogLevelName(LogLevel level) {
  const auto index = static_cast<size_t>(level);
  return index < kLevelNames.size() ? kLevelNames.at(index) : "unknown";
}

}  // namespace videostream

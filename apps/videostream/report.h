// SPDX-License-Identifier: Apache-2.0
// What is known about a runtime, as one value: filled in by `run`, sent as JSON over the control socket, read back by
// `status` and `report`, printed by all of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "videostream/runtime.hpp"

namespace videostream {

struct RuntimeReport {
  std::string version;  // of the program
  int64_t pid = 0;
  int64_t uptime_ms = 0;
  int64_t now_ns = 0;   // CLOCK_MONOTONIC when this was taken
  std::string profile;  // its name
  std::string profile_file;
  ReloadStatus reloads;
  std::vector<SlotChoice> chosen;  // in the order of the plan's slots
  std::vector<StreamStatus> streams;
};

// As JSON whose first member is "schema": `schema`. Ends in a newline.
[[nodiscard]] std::string ReportToJson(const RuntimeReport& report, std::string_view schema);

// The inverse, lenient with members it does not know; kIo if it is not such a document. Foreign input: bounded by what
// the caller has read.
[[nodiscard]] Result<RuntimeReport> ReportFromJson(std::string_view json);

// What one consumer said at its end (`receive --json`, `record --json`).
struct ConsumerSummary {
  uint64_t taken = 0;
  std::array<uint64_t, VSTREAM_DROP_REASONS> skipped{};
  std::optional<double> p50_us, p99_us;  // from published to awake; absent without frames
};

// From that JSON; kIo if it is something else. Foreign input, as above.
[[nodiscard]] Result<ConsumerSummary> ConsumerSummaryFromJson(std::string_view json);

// "SLOT  BACKEND/DEVICE  REASON", a line per slot, or more where the reason is long: at most kTextWidth wide.
[[nodiscard]] std::string ChosenText(const std::vector<SlotChoice>& chosen);

// The counters of all outputs, and their consumers, as tables. Reasons for drops stand in the table if it stays within
// kTextWidth, else below it.
[[nodiscard]] std::string StreamsText(const std::vector<StreamStatus>& streams);

// One line for all outputs: "front.full 360 published, 2 dropped, 1 consumer"; of several outputs "front.full 360,
// front.detector 120 published, 2 dropped, 3 consumers". Frames that a lower rate leaves out do not count as dropped.
[[nodiscard]] std::string ProgressText(const std::vector<StreamStatus>& streams);

// "2 overrun, 1 void_lease", without those that are 0; empty if all are.
[[nodiscard]] std::string DropText(const uint64_t* counts);

// Name of VSTREAM_DROP_*, for `reason` below VSTREAM_DROP_REASONS.
[[nodiscard]] const char* DropName(size_t reason);

// Keeps what was last known of consumers that have left, for the table at the end.
class ConsumerHistory {
 public:
  // Takes note of the consumers of `streams`.
  void Note(const std::vector<StreamStatus>& streams);
  // Adds to each of `streams` those noted earlier that it does not list.
  void AddTo(std::vector<StreamStatus>& streams) const;

 private:
  struct Entry {
    std::string stream, output;
    vstream_consumer consumer;
  };
  std::vector<Entry> entries_;  // at most kMaxEntries, later ones are not kept
  static constexpr size_t kMaxEntries = 1024;
};

}  // namespace videostream

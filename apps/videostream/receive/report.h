// SPDX-License-Identifier: Apache-2.0
// What a consumer has to say at its end: the JSON object and the table of `receive` and of the recorder.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "apps/videostream/receive/latency.h"
#include "apps/videostream/receive/pattern_check.h"
#include "videostream/client.hpp"

namespace videostream::receive {

struct Report {
  ClientStats stats;
  LatencyHistogram latency;  // published by the producer until awake with the frame
  LatencyHistogram age;      // captured until awake with the frame
  std::optional<PatternResult> pattern;
};

// Whether the numbers come out even: published = taken + skipped. True at every orderly end.
bool Reconciles(const ClientStats& stats);
uint64_t SkippedTotal(const ClientStats& stats);

// The object without "schema": frames, skipped {reason: n}, latency_us {p50, p99, max}, first_sequence, last_sequence,
// void_leases, gaps, reconnects, torn, and beyond them age_us, published, reconciles, and for the test pattern
// pattern_missing and out_of_order. Times are microseconds, null without frames; torn is null unless the source is the
// test pattern.
nlohmann::ordered_json ReportJson(const Report& report);

// The same for people, one fact per line, newline at the end. `what`: "frames" or "packets".
std::string ReportText(const Report& report, std::string_view what);

// "1.5 ms", "320 us", "2.0 s".
std::string TimeText(int64_t ns);

}  // namespace videostream::receive

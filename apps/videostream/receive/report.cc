// SPDX-License-Identifier: Apache-2.0
// Formatting of a consumer's counters.
#include "apps/videostream/receive/report.h"

#include <cmath>
#include <cstdio>
#include <numeric>

namespace videostream::receive {
namespace {

constexpr const char* kReasons[] = VSTREAM_DROP_REASON_NAMES;
static_assert(std::size(kReasons) == VSTREAM_DROP_REASONS);

nlohmann::ordered_json Microseconds(const LatencyHistogram& times, int64_t ns) {
  if (times.count() == 0) return nullptr;
  return std::round(static_cast<double>(ns) / 100) / 10;
}

nlohmann::ordered_json Percentiles(const LatencyHistogram& times) {
  return {{"p50", Microseconds(times, times.Percentile(50))},
          {"p99", Microseconds(times, times.Percentile(99))},
          {"max", Microseconds(times, times.max_ns())}};
}

std::string Line(std::string_view label, const std::string& value) {
  std::string line(label);
  line.resize(std::max<size_t>(line.size() + 1, 14), ' ');
  return line + value + '\n';
}

std::string PercentilesText(const LatencyHistogram& times) {
  return "p50 " + TimeText(times.Percentile(50)) + ", p99 " + TimeText(times.Percentile(99)) + ", max " +
         TimeText(times.max_ns());
}

}  // namespace

uint64_t SkippedTotal(const ClientStats& stats) {
  return std::accumulate(stats.skipped.begin(), stats.skipped.end(), uint64_t{0});
}

bool Reconciles(const ClientStats& stats) { return stats.published == stats.taken + SkippedTotal(stats); }

nlohmann::ordered_json ReportJson(const Report& report) {
  const ClientStats& stats = report.stats;
  nlohmann::ordered_json skipped;
  for (size_t reason = 0; reason < stats.skipped.size(); ++reason) skipped[kReasons[reason]] = stats.skipped[reason];
  nlohmann::ordered_json json;
  json["frames"] = stats.taken;
  json["skipped"] = std::move(skipped);
  json["latency_us"] = Percentiles(report.latency);
  json["first_sequence"] = stats.first_sequence;
  json["last_sequence"] = stats.last_sequence;
  json["void_leases"] = stats.void_leases;
  json["gaps"] = stats.gaps;
  json["reconnects"] = stats.reconnects;
  json["torn"] = nullptr;
  if (report.pattern) json["torn"] = report.pattern->torn;
  json["age_us"] = Percentiles(report.age);
  json["published"] = stats.published;
  json["reconciles"] = Reconciles(stats);
  if (report.pattern) {
    json["pattern_missing"] = report.pattern->missing;
    json["out_of_order"] = report.pattern->out_of_order;
  }
  return json;
}

std::string ReportText(const Report& report, std::string_view what) {
  const ClientStats& stats = report.stats;
  std::string skipped = std::to_string(SkippedTotal(stats));
  for (size_t reason = 0; reason < stats.skipped.size(); ++reason) {
    if (stats.skipped[reason] == 0) continue;
    skipped += std::string(", ") + kReasons[reason] + " " + std::to_string(stats.skipped[reason]);
  }
  std::string text = Line(what, std::to_string(stats.taken) + " of " + std::to_string(stats.published) + " published" +
                                    (Reconciles(stats) ? "" : ", NOT ACCOUNTED FOR: the rest"));
  text += Line("skipped", skipped);
  if (report.latency.count() != 0) {
    text += Line("latency", PercentilesText(report.latency));
    text += Line("age", PercentilesText(report.age));
    text += Line("sequence", std::to_string(stats.first_sequence) + ".." + std::to_string(stats.last_sequence));
  }
  if (stats.void_leases != 0) text += Line("void leases", std::to_string(stats.void_leases));
  if (stats.reconnects != 0) text += Line("reconnects", std::to_string(stats.reconnects));
  if (report.pattern) {
    text += Line("pattern", std::to_string(report.pattern->torn) + " torn, " + std::to_string(report.pattern->missing) +
                                " missing, " + std::to_string(report.pattern->out_of_order) + " out of order");
  }
  return text;
}

std::string TimeText(int64_t ns) {
  char text[32];
  const auto value = static_cast<double>(ns);
  if (ns < 1'000'000) {
    snprintf(text, sizeof text, "%.0f us", value / 1e3);
  } else if (ns < 1'000'000'000) {
    snprintf(text, sizeof text, "%.1f ms", value / 1e6);
  } else {
    snprintf(text, sizeof text, "%.1f s", value / 1e9);
  }
  return text;
}

}  // namespace videostream::receive

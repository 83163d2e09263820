// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream/receive/report.h"

#include <gtest/gtest.h>

namespace videostream::receive {
namespace {

Report Sample() {
  Report report;
  report.stats.published = 12;
  report.stats.taken = 9;
  report.stats.skipped[VSTREAM_DROP_OVERRUN] = 2;
  report.stats.skipped[VSTREAM_DROP_AWAIT_KEY] = 1;
  report.stats.void_leases = 1;
  report.stats.gaps = 2;
  report.stats.first_sequence = 5;
  report.stats.last_sequence = 16;
  report.latency.Record(42'000);
  report.age.Record(1'500'000);
  return report;
}

// Catches a renamed, missing or reordered key: scripts and the table of tools/run read them by name.
TEST(ReportTest, JsonHasEveryKeyInOrder) {
  EXPECT_EQ(ReportJson(Sample()).dump(),
            R"({"frames":9,"skipped":{"no_free_buffer":0,"overrun":2,"void_lease":0,"device_gap":0,"device_error":0,)"
            R"("encoder_busy":0,"convert_error":0,"await_key":1,"switching":0,"rate_limit":0},)"
            R"("latency_us":{"p50":42.0,"p99":42.0,"max":42.0},"first_sequence":5,"last_sequence":16,"void_leases":1,)"
            R"("gaps":2,"reconnects":0,"torn":null,"age_us":{"p50":1500.0,"p99":1500.0,"max":1500.0},"published":12,)"
            R"("reconciles":true})");
}

// Catches a `torn` of 0 for sources that cannot be checked, and the reverse.
TEST(ReportTest, TornIsANumberOnlyForTheTestPattern) {
  Report report = Sample();
  report.pattern = PatternResult{0, 3, 1};
  const nlohmann::ordered_json json = ReportJson(report);
  EXPECT_EQ(json["torn"], 0);
  EXPECT_EQ(json["pattern_missing"], 3);
  EXPECT_EQ(json["out_of_order"], 1);
}

// Catches latencies of 0 where there were no frames to measure.
TEST(ReportTest, TimesAreNullWithoutFrames) {
  const nlohmann::ordered_json json = ReportJson(Report());
  EXPECT_TRUE(json["latency_us"]["p50"].is_null());
  EXPECT_TRUE(json["age_us"]["max"].is_null());
  EXPECT_EQ(json["reconciles"], true);
}

// Catches accounting that is declared even though frames are unaccounted for.
TEST(ReportTest, ALostFrameDoesNotReconcile) {
  Report report = Sample();
  ++report.stats.published;
  EXPECT_EQ(ReportJson(report)["reconciles"], false);
  EXPECT_NE(ReportText(report, "frames").find("NOT ACCOUNTED FOR"), std::string::npos);
}

// Catches counters that the table for people leaves out or misnames.
TEST(ReportTest, TextNamesWhatWasSkippedAndWhy) {
  EXPECT_EQ(ReportText(Sample(), "packets"),
            "packets       9 of 12 published\n"
            "skipped       3, overrun 2, await_key 1\n"
            "latency       p50 42 us, p99 42 us, max 42 us\n"
            "age           p50 1.5 ms, p99 1.5 ms, max 1.5 ms\n"
            "sequence      5..16\n"
            "void leases   1\n");
}

TEST(ReportTest, TimesAreReadable) {  // Catches a unit that is off by a thousand.
  EXPECT_EQ(TimeText(0), "0 us");
  EXPECT_EQ(TimeText(999'499), "999 us");
  EXPECT_EQ(TimeText(1'500'000), "1.5 ms");
  EXPECT_EQ(TimeText(2'000'000'000), "2.0 s");
}

}  // namespace
}  // namespace videostream::receive

// SPDX-License-Identifier: Apache-2.0
// A reload as JSON, back, and as text.
#include "apps/videostream/report_reload.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace videostream {
namespace {

ReloadReport Restarted() {
  ReloadReport report;
  report.applied = true;
  report.generation = 3;
  report.profile = "mine";
  report.file = "/etc/mine.yaml";
  report.streams = {{"front", "restart", {"front: capture size 1280x720 -> 640x480 (restart)"}},
                    {"rear", "unchanged", {}},
                    {"side", "added", {"side: added"}}};
  return report;
}

// Bug: something is lost on the way through JSON.
TEST(ReportReload, ComesBackFromJson) {
  ReloadReport report = Restarted();
  report.applied = false;
  report.error = "slot 'front.capture': busy \"now\"\nsecond line";
  report.error_code = VSTREAM_E_BUSY;
  const std::string json = ReloadToJson(report);
  EXPECT_EQ(json.rfind("{\n  \"schema\": \"videostream.reload/1\",\n", 0), 0U) << json;
  const Result<ReloadReport> back = ReloadFromJson(json);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(ReloadToJson(*back), json);
  EXPECT_EQ(ReloadError(*back).code, Code::kBusy);
  EXPECT_EQ(back->error, report.error);
  EXPECT_FALSE(*back);
  const Result<ReloadReport> good = ReloadFromJson(ReloadToJson(Restarted()));
  ASSERT_TRUE(good);
  EXPECT_TRUE(*good);
}

// Bug: a crash or a success made of what another process sends.
TEST(ReportReload, ForeignTextIsNoReload) {
  for (const char* text : {"", "{", "[]", "7", "{\"schema\":\"videostream.status/1\",\"streams\":[]}",
                           "{\"schema\":\"videostream.reload/1\"}"}) {
    EXPECT_FALSE(ReloadFromJson(text)) << text;
  }
  const auto odd = ReloadFromJson(
      R"({"schema":"videostream.reload/1","streams":[7,{"name":1,"reasons":3}],"generation":-1,"error":{"code":"new"}})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->streams.size(), 2U);
  EXPECT_FALSE(*odd) << "an error that is not known is one all the same";
}

// Bug: lines that are too wide, or a reason that says nothing new.
TEST(ReportReload, TextSaysWhatWasDoneAndWhy) {
  EXPECT_EQ(ReloadText(Restarted()),
            "applied: profile 'mine' (/etc/mine.yaml), generation 3\n"
            "  front: restart\n    front: capture size 1280x720 -> 640x480 (restart)\n"
            "  rear: unchanged\n  side: added\n");
}

// Bug: a caret that no longer stands below its place, or foreign text that drives the terminal.
TEST(ReportReload, TheRefusedProfileIsShownWithItsPlace) {
  setenv("TZ", "UTC", 1);
  tzset();
  const RefusedProfile refused = {.file = "a.yaml",
                                  .time_ns = 1714564800'000'000'000,
                                  .error = "a.yaml:2:3: error: no\x1b[2J\n    2 |   x\n      |   ^",
                                  .text = ""};
  EXPECT_EQ(
      RefusedText(refused),
      "reload refused on 2024-05-01 at 12:00:00: a.yaml\na.yaml:2:3: error: no\\x1b[2J\n    2 |   x\n      |   ^\n");
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Events as JSON and back, and as text.
#include "apps/videostream/report_events.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

namespace videostream {
namespace {

EventsReport Example() {
  EventsReport report;
  report.pid = 42;
  report.now_ns = 1000;
  report.next = 8;
  report.over = true;
  report.events = {{7, 900, false, "consumer_connected", "front", "full", 3, "viewer (process 12)"},
                   {8, 950, true, "stream_failed", "front", "", 0, "capture: unplugged"}};
  return report;
}

// Would catch: a field that is lost between `run` and `events`, or a document that scripts cannot read line by line.
TEST(ReportEventsTest, OneLineOfJsonAndBackIsTheSame) {
  const std::string json = EventsToJson(Example());
  EXPECT_EQ(json.rfind("{\"schema\":\"videostream.events/1\",", 0), 0U) << json;
  EXPECT_EQ(json.find('\n'), json.size() - 1);
  const Result<EventsReport> back = EventsFromJson(json);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(EventsToJson(*back), json);
  EXPECT_EQ(back->next, 8U);
  EXPECT_TRUE(back->over);
  ASSERT_EQ(back->events.size(), 2U);
  EXPECT_EQ(back->events[0].consumer, 3U);
  EXPECT_EQ(back->events[1].output, "");
  EXPECT_TRUE(back->events[1].warning);
}

// Would catch: a foreign process behind the socket that crashes `events`.
TEST(ReportEventsTest, HostileJsonIsAnErrorOrHarmless) {
  const std::string schema = R"({"schema": "videostream.events/1", "events": )";
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{\"events\": []}"), schema + "1}", schema + "[",
        std::string("{\"schema\": 3, \"events\": []}"), std::string(100000, '[')}) {
    EXPECT_FALSE(EventsFromJson(text)) << text.substr(0, 60);
  }
  for (const char* events :
       {"[1, null, \"x\", []]", "[{\"sequence\": -1, \"time_ns\": 1e300, \"warning\": 1, \"text\": 5}]",
        "[{\"time_ns\": 9223372036854775807, \"consumer\": 99999999999999}]"}) {
    const Result<EventsReport> report = EventsFromJson(schema + events + ", \"next\": \"x\", \"pid\": []}");
    ASSERT_TRUE(report) << events;
    for (const RuntimeEvent& event : report->events) (void)EventText(event, INT64_MIN, false);
    EXPECT_TRUE(nlohmann::json::accept(EventsToJson(*report)));
  }
}

// Would catch: an event that cannot be read, a warning that cannot be told from the rest, and escapes where they must
// not be: those of a consumer's name always, ours unless asked for.
TEST(ReportEventsTest, TextHasTimeMarkAndSubject) {
  setenv("TZ", "UTC", 1);
  tzset();
  constexpr int64_t kWall = 1'700'000'000'123'456'789;  // 22:13:20.123 UTC
  EventsReport report = Example();
  EXPECT_EQ(EventText(report.events[0], kWall, true),
            "22:13:20.123   front.full: consumer 3 connected: viewer (process 12)\n");
  EXPECT_EQ(EventText(report.events[1], kWall, false), "22:13:20.123 ! front: failed: capture: unplugged\n");
  EXPECT_EQ(EventText(report.events[1], kWall, true),
            "\033[33m22:13:20.123 ! front: failed: capture: unplugged\033[0m\n");
  report.events[0].text = "a\x1b[2Jb";
  EXPECT_EQ(EventText(report.events[0], kWall, true).find('\x1b'), std::string::npos);
  report.events[0].text = "a word or two, " + std::string(60, 'x');
  EXPECT_EQ(
      EventText(report.events[0], kWall, false),
      "22:13:20.123   front.full: consumer 3 connected: a word or two,\n               " + std::string(60, 'x') + "\n");
  report.events[0].text.clear();
  report.events[0].type = "lease_revoked";
  EXPECT_EQ(EventText(report.events[0], kWall, false), "22:13:20.123   front.full: consumer 3: lease revoked\n");
  EXPECT_EQ(EventText({}, kWall, false), "22:13:20.123   (unnamed event)\n");
}

}  // namespace
}  // namespace videostream

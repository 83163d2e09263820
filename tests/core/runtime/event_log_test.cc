// SPDX-License-Identifier: Apache-2.0
// The event log: numbers without holes, the newest are kept, whoever waits is woken.
#include "core/runtime/event_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace videostream {
namespace {

class EventLogTest : public testing::Test {
 protected:
  void SetUp() override { alarm(60); }  // a wait that nobody ends is a failure, not a stuck build
  void TearDown() override { alarm(0); }

  static RuntimeEvent Event(const std::string& text) {
    RuntimeEvent event;
    event.type = "stream_started";
    event.text = text;
    return event;
  }

  EventLog sut_;
};

// Bug: numbers that start at 0 or have holes; an event without a time.
TEST_F(EventLogTest, NumbersAndStampsWhatHappens) {
  EXPECT_EQ(sut_.last(), 0U);
  EXPECT_TRUE(sut_.Since(0).empty());
  sut_.Add(Event("one"));
  RuntimeEvent timed = Event("two");
  timed.time_ns = 42;
  timed.sequence = 99;  // not its business
  sut_.Add(timed);
  const auto events = sut_.Since(0);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].sequence, 1U);
  EXPECT_GT(events[0].time_ns, 0);
  EXPECT_EQ(events[0].text, "one");
  EXPECT_EQ(events[1].sequence, 2U);
  EXPECT_EQ(events[1].time_ns, 42);
  EXPECT_EQ(sut_.last(), 2U);
}

// Bug: a reader sees events twice or misses one at the border; the log grows for ever.
TEST_F(EventLogTest, KeepsTheNewestAndGivesWhatIsNew) {
  constexpr uint64_t kAll = EventLog::kKept + 100;
  for (uint64_t i = 1; i <= kAll; ++i) sut_.Add(Event(std::to_string(i)));
  auto events = sut_.Since(0);
  ASSERT_EQ(events.size(), EventLog::kKept);
  EXPECT_EQ(events.front().sequence, 101U);
  EXPECT_EQ(events.front().text, "101");
  EXPECT_EQ(events.back().sequence, kAll);
  events = sut_.Since(kAll - 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].sequence, kAll);
  EXPECT_TRUE(sut_.Since(kAll).empty());
  EXPECT_TRUE(sut_.Since(UINT64_MAX).empty());
}

// Bug: who waits sleeps through an event, or gets an old one.
TEST_F(EventLogTest, WakesWhoWaits) {
  sut_.Add(Event("old"));
  std::thread writer([&] { sut_.Add(Event("new")); });
  const auto events = sut_.WaitFor(1, std::chrono::nanoseconds::max());
  writer.join();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].text, "new");
  EXPECT_EQ(sut_.WaitFor(0, std::chrono::seconds(50)).size(), 2U);  // is there already
}

// Bug: a wait without an event never ends, neither by its time nor by the end of the log.
TEST_F(EventLogTest, WaitsEndByTimeAndByClose) {
  EXPECT_TRUE(sut_.WaitFor(0, std::chrono::milliseconds(1)).empty());
  EXPECT_TRUE(sut_.WaitFor(0, std::chrono::nanoseconds(-1)).empty());
  std::thread closer([&] { sut_.Close(); });
  EXPECT_TRUE(sut_.WaitFor(0, std::chrono::seconds(50)).empty());
  closer.join();
  EXPECT_TRUE(sut_.WaitFor(0, std::chrono::seconds(50)).empty());  // nor does a later one
  sut_.Add(Event("after"));
  EXPECT_EQ(sut_.Since(0).size(), 1U);
}

// Bug: writers and readers on several threads lose events, or see them out of order.
TEST_F(EventLogTest, ManyThreadsSeeEveryEventOnceInOrder) {
  constexpr int kWriters = 4, kEach = 200;
  std::vector<std::thread> writers;
  writers.reserve(kWriters);
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) sut_.Add(Event("x"));
    });
  }
  uint64_t seen = 0;
  while (seen < uint64_t{kWriters} * kEach) {
    for (const RuntimeEvent& event : sut_.WaitFor(seen, std::chrono::seconds(50))) ASSERT_EQ(event.sequence, ++seen);
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(sut_.last(), seen);
}

}  // namespace
}  // namespace videostream

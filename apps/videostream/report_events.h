// SPDX-License-Identifier: Apache-2.0
// Events of a runtime as one value: filled in by `run`, sent as JSON over the control socket, read back and printed by
// `events`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "videostream/runtime.hpp"

namespace videostream {

struct EventsReport {
  int64_t pid = 0;
  int64_t now_ns = 0;  // CLOCK_MONOTONIC when this was taken
  uint64_t next = 0;   // what to ask for as `after` to get what comes then
  bool over = false;   // there will be no more events
  std::vector<RuntimeEvent> events;
};

// As one line of JSON whose first member is "schema": "videostream.events/1".
[[nodiscard]] std::string EventsToJson(const EventsReport& report);

// The inverse, lenient with members it does not know; kIo if it is not such a document. Foreign input: bounded by what
// the caller has read.
[[nodiscard]] Result<EventsReport> EventsFromJson(std::string_view json);

// One event for people, at most kTextWidth wide where its words allow, further lines indented:
//   21:03:12.345 ! front.full: encoder lost: no packet for 2 s
// with '!' for a warning. `wall_ns`: its time since the epoch, shown as local time of the day. `color`: warnings are
// painted.
[[nodiscard]] std::string EventText(const RuntimeEvent& event, int64_t wall_ns, bool color);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// A planning in short.
#include "core/runtime/choices.h"

#include <gtest/gtest.h>

namespace videostream {
namespace {

// Would catch: a slot that was filled and is shown as empty, or the other way round.
TEST(ChoicesTest, SlotsAreServedNotNeededOrLeftOut) {
  Planning planning;
  Candidate refused{.backend = "v4l2",
                    .device = {},
                    .verdict = Verdict::kNoDevice,
                    .reason = "none",
                    .evidence = {},
                    .fix = {},
                    .pos = {}};
  Candidate taken{.backend = "sw",
                  .device = "pattern",
                  .verdict = Verdict::kTaken,
                  .reason = "fits",
                  .evidence = {},
                  .fix = {},
                  .pos = {}};
  Candidate idle{.backend = "sw",
                 .device = {},
                 .verdict = Verdict::kNotNeeded,
                 .reason = "as captured",
                 .evidence = {},
                 .fix = {},
                 .pos = {}};
  planning.slots = {
      {.name = "a.capture", .kind = BackendKind::kCapture, .candidates = {refused, taken}, .would_change = {}},
      {.name = "a.b.converter", .kind = BackendKind::kConverter, .candidates = {idle}, .would_change = {}},
      {.name = "a.b.encoder", .kind = BackendKind::kEncoder, .candidates = {refused}, .would_change = {}}};
  const std::vector<SlotChoice> chosen = ChoicesOf(planning);
  ASSERT_EQ(chosen.size(), 2U);
  EXPECT_EQ(chosen[0].device, "pattern");
  EXPECT_EQ(chosen[1].backend, "");
  EXPECT_EQ(chosen[1].reason, "as captured");
}

}  // namespace
}  // namespace videostream

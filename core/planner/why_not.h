// SPDX-License-Identifier: Apache-2.0
// "Why not X?", answered by making the plan with X forced.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/planner/plan.h"

namespace videostream {

struct WhyNot {
  enum class Outcome : uint8_t {
    kTaken,       // it is what is taken
    kPossible,    // there is a plan with it, which costs more or as much
    kImpossible,  // there is none
  };
  Forced question;
  Outcome outcome = Outcome::kImpossible;
  std::string answer;  // one sentence
  std::vector<std::string>
      changes;  // what else a plan with it would do otherwise: "front.full.allocator: 'a', not 'b'"
};
[[nodiscard]] std::string_view OutcomeName(WhyNot::Outcome outcome);  // "taken", "possible", "impossible"

// "front.full.encoder=v4l2/video11": slot, backend and, after a slash, device. The output may be left out where the
// stream has only one. kInvalidArgument: another form, or no such slot (with those there are).
[[nodiscard]] Result<Forced> ParseWhyNot(const Profile& profile, std::string_view question);

// Pure. `question.slot` as ParseWhyNot gives it.
[[nodiscard]] WhyNot AskWhyNot(const Profile& profile, const Inventory& inventory, const PlanOptions& options,
                               const Forced& question);

}  // namespace videostream

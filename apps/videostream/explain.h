// SPDX-License-Identifier: Apache-2.0
// What `explain` says, as text and as JSON.
#pragma once

#include <optional>
#include <string>

#include "core/machine/machine.h"
#include "core/planner/plan.h"
#include "core/planner/why_not.h"
#include "core/profile/profile.h"

namespace videostream {

// Borrows.
struct Explanation {
  const Profile& profile;
  const MachineDescription& machine;
  const Planning& planning;
  const std::optional<WhyNot>& why_not;
};

// At most kTextWidth columns wide, but for words that are longer.
[[nodiscard]] std::string ExplainText(const Explanation& explanation);

// "schema": "videostream.explain/1".
[[nodiscard]] std::string ExplainJson(const Explanation& explanation);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// See choices.h.
#include "core/runtime/choices.h"

#include <algorithm>

namespace videostream {

std::vector<SlotChoice> ChoicesOf(const Planning& planning) {
  std::vector<SlotChoice> choices;
  for (const Slot& slot : planning.slots) {
    const auto taken = std::find_if(slot.candidates.begin(), slot.candidates.end(),
                                    [](const Candidate& c) { return c.verdict == Verdict::kTaken; });
    if (taken != slot.candidates.end()) {
      choices.push_back({slot.name, taken->backend, taken->device, taken->reason});
      continue;
    }
    const bool not_needed = !slot.candidates.empty() && slot.candidates.front().verdict == Verdict::kNotNeeded;
    if (not_needed) choices.push_back({slot.name, "", "", slot.candidates.front().reason});
  }
  return choices;
}

}  // namespace videostream

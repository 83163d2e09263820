// SPDX-License-Identifier: Apache-2.0
// Names of verdicts.
#include "core/planner/plan.h"

namespace videostream {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kTaken:
      return "taken";
    case Verdict::kNotNeeded:
      return "not_needed";
    case Verdict::kLaterInOrder:
      return "later_in_order";
    case Verdict::kNotInstalled:
      return "not_installed";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kWrongKind:
      return "wrong_kind";
    case Verdict::kNoDevice:
      return "no_device";
    case Verdict::kNoFormat:
      return "no_format";
    case Verdict::kNoSize:
      return "no_size";
    case Verdict::kNoMemory:
      return "no_memory";
    case Verdict::kForbidden:
      return "forbidden";
    case Verdict::kNoCapacity:
      return "no_capacity";
    case Verdict::kRefusedHere:
      return "refused_here";
    case Verdict::kCostsMore:
      return "costs_more";
  }
  return "unknown";
}

}  // namespace videostream

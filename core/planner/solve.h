// SPDX-License-Identifier: Apache-2.0
// The search: the cheapest choice for all slots of all streams, or none.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/planner/capacity.h"
#include "core/planner/cost.h"
#include "core/planner/picks.h"
#include "core/planner/rules.h"
#include "core/planner/stream_table.h"

namespace videostream {

// Steps after which the search gives up. A profile with 16 streams of 8 outputs and the devices of a large board needs
// some ten thousand.
inline constexpr uint64_t kMaxSteps = 300000;

struct Solution {
  std::vector<StreamPick> streams;  // in the order of the profile
  Cost cost;
};

struct Solved {
  std::optional<Solution> solution;
  bool gave_up = false;  // nothing is known then
};

// Keeps what is known about each stream, so that asking again with one slot forced costs one stream. Borrows.
class Solver {
 public:
  explicit Solver(const Rules& rules);

  [[nodiscard]] Solved Solve();
  // The same with one more slot forced to a backend (Forced::device is not looked at).
  [[nodiscard]] Solved SolveWith(const Forced& forced);

 private:
  struct Tables {
    std::vector<StreamTable> streams;
    bool gave_up = false;
  };
  using Classes = std::vector<size_t>;  // of capacity_, rising
  using MakeTables = std::function<Tables(const UsageCounter&)>;

  [[nodiscard]] Tables TablesOf(const Rules& rules, const UsageCounter& counter, const std::string& only) const;
  [[nodiscard]] Solved Combine(const Tables& tables, const UsageCounter& counter) const;
  // Counts no class at first, then those that a solution takes too often, until there are none.
  [[nodiscard]] Solved Weigh(const MakeTables& make_tables) const;
  [[nodiscard]] Classes Overloaded(const std::vector<StreamPick>& streams) const;
  void NameDevices(Solution& solution) const;
  [[nodiscard]] const Tables& Known(const UsageCounter& counter);

  const Rules& rules_;
  Capacity capacity_;
  std::map<Classes, Tables> known_;  // by what is counted
};

}  // namespace videostream

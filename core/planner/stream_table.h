// SPDX-License-Identifier: Apache-2.0
// All that is worth knowing about one stream alone: its best choice for each way to use the limited devices.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/planner/capacity.h"
#include "core/planner/cost.h"
#include "core/planner/picks.h"
#include "core/planner/rules.h"

namespace videostream {

// How many instances of each counted class are used, in the order of UsageCounter.
using Usage = std::vector<uint8_t>;

// Counts some of the classes. Borrows the capacity.
class UsageCounter {
 public:
  // `counted`: indexes of classes; empty: nothing is counted.
  UsageCounter(const Capacity& capacity, std::vector<size_t> counted)
      : capacity_(capacity), counted_(std::move(counted)) {}

  [[nodiscard]] const Capacity& capacity() const { return capacity_; }
  [[nodiscard]] const std::vector<size_t>& counted() const { return counted_; }
  [[nodiscard]] Usage None() const { return Usage(counted_.size(), 0); }
  void Add(const Pick& pick, Usage& usage) const;
  // a + b; false if a class runs short.
  [[nodiscard]] bool Sum(const Usage& a, const Usage& b, Usage& sum) const;
  [[nodiscard]] bool Fits(const Usage& usage) const;

 private:
  const Capacity& capacity_;
  std::vector<size_t> counted_;
};

// Steps of the search, so that a hostile profile or probe ends in an error and not in a wait.
class StepBudget {
 public:
  explicit StepBudget(uint64_t most) : left_(most) {}
  // False: they are used up.
  bool Take(uint64_t steps = 1) {
    left_ -= std::min(left_, steps);
    return left_ != 0;
  }
  [[nodiscard]] bool empty() const { return left_ == 0; }

 private:
  uint64_t left_;
};

struct StreamEntry {
  Cost cost;
  StreamPick pick;
  uint32_t format_place = 0, size_place = 0;  // of what is captured, among what is possible
};
// Negative: a is better. A total order, but for entries that are the same.
[[nodiscard]] int CompareEntries(const StreamEntry& a, const StreamEntry& b);

// The best entry of each usage; empty if nothing can serve the stream.
using StreamTable = std::map<Usage, StreamEntry>;

// Pure. Incomplete when the budget is empty.
[[nodiscard]] StreamTable MakeStreamTable(const Rules& rules, const StreamSpec& stream, const UsageCounter& counter,
                                          StepBudget& budget);

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// A few dozen measured values and what is said about them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace videostream::bench {

// All values are kept: exact percentiles. 0 without values.
class Samples {
 public:
  void Add(double value) { values_.insert(std::upper_bound(values_.begin(), values_.end(), value), value); }
  size_t count() const { return values_.size(); }
  double Percentile(double percent) const {
    if (values_.empty()) return 0;
    const auto index = static_cast<size_t>(percent / 100 * static_cast<double>(values_.size()));
    return values_[std::min(index, values_.size() - 1)];
  }
  double max() const { return values_.empty() ? 0 : values_.back(); }

 private:
  std::vector<double> values_;  // sorted
};

}  // namespace videostream::bench

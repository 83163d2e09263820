// SPDX-License-Identifier: Apache-2.0
// A histogram of times in bounded memory: percentiles over any number of values, off by less than 1 %.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace videostream::receive {

// Every recorded value is counted, none is sampled away. Values below 128 ns are kept exactly, larger ones in buckets
// of 1/128 of their power of two. Takes 57 KiB, allocated once; recording is a few instructions. One thread at a time.
class LatencyHistogram {
 public:
  LatencyHistogram() : counts_(Index(INT64_MAX) + 1) {}

  // A negative value (clocks of two processes cannot disagree, stamps of a lying producer can) counts as 0.
  void Record(int64_t ns) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(ns, 0));
    ++counts_[Index(value)];
    ++count_;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  uint64_t count() const { return count_; }
  // The largest value recorded, exactly; 0 without values.
  int64_t max_ns() const { return static_cast<int64_t>(max_); }

  // The least value which at least `percent` (0..100) of all values do not exceed, to 1 %; never outside what was
  // recorded. 0 without values.
  int64_t Percentile(double percent) const {
    if (count_ == 0) return 0;
    const auto wanted =
        static_cast<uint64_t>(std::ceil(std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_)));
    const uint64_t rank = std::clamp<uint64_t>(wanted, 1, count_);
    uint64_t seen = 0;
    size_t index = 0;
    while ((seen += counts_[index]) < rank) ++index;
    return static_cast<int64_t>(std::clamp(Middle(index), min_, max_));
  }

 private:
  static constexpr int kSubBits = 7;
  static constexpr uint64_t kSub = uint64_t{1} << kSubBits;

  static constexpr size_t Index(uint64_t value) {
    if (value < kSub) return value;
    const int shift = std::bit_width(value) - 1 - kSubBits;
    return kSub * static_cast<size_t>(shift) + (value >> shift);
  }
  static constexpr uint64_t Middle(size_t index) {
    if (index < 2 * kSub) return index;
    const size_t shift = index / kSub - 1;
    return ((index % kSub + kSub) << shift) + (uint64_t{1} << (shift - 1));
  }

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0, min_ = UINT64_MAX, max_ = 0;
};

}  // namespace videostream::receive

// SPDX-License-Identifier: Apache-2.0
// The jobs that a converter or encoder has and has not given back, in order: what it may answer is only the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace videostream {

// A ring; allocates in Reset only. Not thread-safe.
class JobsInFlight {
 public:
  // More at once are of use to nobody; what a backend says above that is cut to it.
  static constexpr uint32_t kLimit = 64;

  struct Job {
    uint64_t cookie = 0;
    uint32_t output_id = 0;  // the buffer that is written
    int64_t pts_ns = 0;      // of the input
  };

  // Room for `max_jobs`; only while empty.
  void Reset(uint32_t max_jobs) {
    jobs_.assign(max_jobs, {});
    first_ = count_ = 0;
  }
  size_t capacity() const { return jobs_.size(); }
  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == jobs_.size(); }
  size_t size() const { return count_; }

  // Not when full.
  void Push(const Job& job) { jobs_[(first_ + count_++) % jobs_.size()] = job; }
  // Not when empty, both.
  const Job& front() const { return jobs_[first_]; }
  void Pop() {
    first_ = (first_ + 1) % jobs_.size();
    --count_;
  }

 private:
  std::vector<Job> jobs_;
  size_t first_ = 0, count_ = 0;
};

}  // namespace videostream

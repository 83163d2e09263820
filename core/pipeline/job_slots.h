// SPDX-License-Identifier: Apache-2.0
// What a converter or an encoder works on at this moment, by cookie: a few fixed places, so that a frame allocates
// none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace videostream {

inline constexpr uint32_t kMaxJobs = 16;  // per station; more in flight is latency, not throughput

// Belongs to the stream's thread. Cookies are unique and never 0.
template <class Job>
class JobSlots {
 public:
  size_t size() const { return size_; }

  // False: kMaxJobs are there.
  bool Add(uint64_t cookie, const Job& job) {
    for (Slot& slot : slots_) {
      if (slot.cookie != 0) continue;
      slot = {cookie, job};
      ++size_;
      return true;
    }
    return false;
  }

  // Out with it; nullopt: there is none of this cookie.
  std::optional<Job> Take(uint64_t cookie) {
    for (Slot& slot : slots_) {
      if (slot.cookie != cookie || cookie == 0) continue;
      slot.cookie = 0;
      --size_;
      return slot.job;
    }
    return std::nullopt;
  }

  // Out with all of them: take(job) for each.
  template <class F>
  void TakeAll(F take) {
    for (Slot& slot : slots_) {
      if (slot.cookie == 0) continue;
      slot.cookie = 0;
      --size_;
      take(slot.job);
    }
  }

 private:
  struct Slot {
    uint64_t cookie = 0;
    Job job{};
  };
  std::array<Slot, kMaxJobs> slots_{};
  size_t size_ = 0;
};

}  // namespace videostream

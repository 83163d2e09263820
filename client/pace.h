// SPDX-License-Identifier: Apache-2.0
// When to try to connect next, while there is no producer. Arithmetic on times that the caller passes in: ns, of any
// clock that does not go back.
//
// Without anything else an attempt every 100 ms. When something happens to the socket (Stirred), an attempt at once and
// a few more shortly after, since a producer binds first and listens a moment later. Those are drawn from a budget that
// fills slowly: whatever happens to the socket or to sessions, and however often, there are at most 6 attempts at a
// time and 15 in each second after them.
#pragma once

#include <algorithm>
#include <cstdint>

namespace videostream::client_internal {

class Pace {
 public:
  static constexpr int64_t kMillisecond = 1'000'000;
  static constexpr int64_t kSlowNs = 100 * kMillisecond;         // between attempts, when nothing happens
  static constexpr int64_t kApartNs = 2 * kMillisecond;          // between any two attempts
  static constexpr int64_t kRefusedNs = 20 * kMillisecond;       // after the first refusal
  static constexpr int64_t kLastRefusalNs = 200 * kMillisecond;  // between attempts on a producer that is full
  static constexpr int kBurst = 6;                               // attempts that may be in the budget
  static constexpr int64_t kRefillNs = 200 * kMillisecond;       // until the budget has one more

  // The next attempt is due from this time on. 0 at first: at once.
  int64_t next_ns() const { return next_; }

  // An attempt has failed: nobody listens there.
  void Absent(int64_t now_ns) {
    last_ = now_ns;
    refused_ns_ = 0;
    next_ = now_ns + kSlowNs;
    if (short_ < kShort) Hasten(now_ns, now_ns + (kApartNs << short_++));
  }
  // An attempt has failed, but somebody is there; so later, each time twice as much. `full`: it said that it is.
  void Refused(int64_t now_ns, bool full) {
    last_ = now_ns;
    refused_ns_ = std::clamp(2 * refused_ns_, kRefusedNs, full ? kLastRefusalNs : kSlowNs);
    next_ = now_ns + refused_ns_;
  }
  // Something has happened where the socket is, or will be.
  void Stirred(int64_t now_ns) {
    short_ = 0;
    Hasten(now_ns, std::max(now_ns, last_ + kApartNs));
  }
  // Something may have happened during the last attempt.
  void OnceMore(int64_t now_ns) { Hasten(now_ns, now_ns + kApartNs); }
  // An attempt has succeeded. Nothing comes back into the budget.
  void Connected() {
    refused_ns_ = 0;
    short_ = kShort;
  }
  // The producer is gone. At once out of the budget only: with one whose sessions fail as soon as they have begun this
  // comes again and again.
  void Ended(int64_t now_ns) {
    last_ = now_ns;
    next_ = now_ns + kSlowNs;
    Hasten(now_ns, now_ns + kApartNs);
  }

 private:
  static constexpr int kShort = 5;  // short retries: after 2, 4, 8, 16 and 32 ms

  void Hasten(int64_t now_ns, int64_t at_ns) {
    if (at_ns >= next_) return;
    // Each one costs kRefillNs of credit, of which there is never more than kBurst times that.
    spent_ = std::max(spent_, now_ns);
    if (spent_ - now_ns > (kBurst - 1) * kRefillNs) return;
    spent_ += kRefillNs;
    next_ = at_ns;
  }

  int64_t next_ = 0;
  int64_t last_ = INT64_MIN / 2;   // attempt
  int64_t spent_ = INT64_MIN / 2;  // the budget is full again at this time
  int64_t refused_ns_ = 0;
  int short_ = kShort;
};

}  // namespace videostream::client_internal

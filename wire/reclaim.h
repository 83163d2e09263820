// SPDX-License-Identifier: Apache-2.0
// The producer's half of the lease protocol, on memory alone: publishing, taking buffers back, revoking leases.
//
// Never waits for a consumer, and believes nothing a client page says: each word is loaded once and range-checked, and
// all that it can do is to pin a buffer for a bounded time. One thread at a time.
#pragma once

#include <algorithm>
#include <bitset>
#include <span>
#include <vector>

#include "wire/descriptor.h"
#include "wire/lease.h"
#include "wire/page.h"
#include "wire/wake.h"

namespace videostream::wire {

template <class R = Rules>
class Producer {
 public:
  struct Config {
    uint32_t consumers = 0;  // slots; at most the page's
    uint32_t leases = 0;     // claim words per consumer that count, 1..kMaxLeases
    int64_t hold_ns = 0;     // age from which a lease may be revoked when buffers run out
    int64_t lease_ns = 0;    // age at which a lease is revoked in any case
  };
  // What is known about a consumer; `age_ns` of its oldest lease.
  struct Holding {
    uint32_t leases = 0;
    int64_t age_ns = 0;
  };

  Producer(const StreamPage& page, const Config& config)
      : page_(page), config_(config), consumers_(config.consumers), held_(size_t{config.consumers} * config.leases) {
    live_.reserve(config.consumers);
  }

  // A buffer id for a new buffer; kMaxBuffers: none left. Ids are given round and round, so that one rests between two
  // uses; its generation goes on from where it was.
  uint32_t AddBuffer();
  // The buffer's frame is gone for whoever has not claimed it. Leases on it stay: nobody may write to it any more,
  // unless a Reclaim has returned it before.
  void RemoveBuffer(uint32_t buffer);
  bool HasBuffer(uint32_t buffer) const { return buffer < kMaxBuffers && buffers_[buffer].used; }
  bool IsPublished(uint32_t buffer) const { return buffers_[buffer].frame != 0; }

  // `theirs` stays mapped until Disconnect. `queue`: N of `queue N`, 0 for latest. Slots may be used again: whatever a
  // former owner claimed does not count.
  void Connect(uint32_t consumer, const ClientPage* theirs, uint32_t queue);
  void Disconnect(uint32_t consumer);
  std::span<const uint32_t> live() const { return live_; }
  const ClientPage& page_of(uint32_t consumer) const { return *consumers_[consumer].page; }
  uint64_t revocations(uint32_t consumer) const { return consumers_[consumer].revocations; }
  // Number of its subscription, to be told to the consumer.
  uint32_t owner(uint32_t consumer) const { return Owner(page_.revoked(consumer).load(std::memory_order_relaxed)); }
  uint64_t base(uint32_t consumer) const { return consumers_[consumer].base; }
  Holding HoldingOf(uint32_t consumer, int64_t now_ns);

  uint64_t sequence() const { return sequence_; }
  // Makes the frame visible; `frame` with buffer, set and all but sequence and generation, and published_ns as that
  // function gives it. The result is head as it was before, for WantsRing. The buffer is one that AddBuffer or Reclaim
  // has given out.
  template <class Now>
  uint32_t Publish(Descriptor& frame, Now&& published_ns);
  uint32_t Publish(Descriptor& frame) {
    return Publish(frame, [&frame] { return frame.published_ns; });
  }

  // Gives back up to `want` of the published `buffers`, the oldest first in the list; the result is their number. A
  // buffer given back is seen by no consumer, nor will be. `revoked(consumer, holding)` is called for whom it took
  // leases from.
  template <class Revoked>
  uint32_t Reclaim(std::span<const uint32_t> buffers, uint32_t want, int64_t now_ns, uint32_t* taken,
                   Revoked&& revoked);
  // Revokes whoever holds a lease for longer than allowed.
  template <class Revoked>
  void Expire(int64_t now_ns, Revoked&& revoked);
  // Makes every lease of this consumer void, now.
  template <class Revoked>
  void Revoke(uint32_t consumer, int64_t now_ns, Revoked&& revoked);

 private:
  struct Buffer {
    bool used = false;
    uint64_t frame = 0;  // sequence of the frame it holds; 0: not published
  };
  struct Consumer {
    const ClientPage* page = nullptr;
    uint32_t queue = 0;
    uint64_t base = 0;
    uint64_t revocations = 0;
  };
  // A claim word as last seen. Its age counts from the first sight of that claim on that frame: to claim the same frame
  // again under another nonce makes nobody younger.
  struct Held {
    uint32_t buffer = kMaxBuffers;
    uint64_t frame = 0;
    int64_t since_ns = 0;
  };
  using Set = std::bitset<kMaxBuffers>;

  // Calls visit(buffer, age) for each claim of a consumer that counts.
  template <class Visit>
  void ScanOne(uint32_t consumer, int64_t now_ns, Visit&& visit);
  // The buffers that claims name, of all consumers.
  Set Claimed(int64_t now_ns) {
    Set claimed;
    for (const uint32_t consumer : live_) {
      ScanOne(consumer, now_ns, [&](uint32_t buffer, int64_t) { claimed.set(buffer); });
    }
    return claimed;
  }
  // Whatever has been claimed in this slot so far counts no longer. `by`: kRevocation or kOwnerChange.
  void NextEpoch(uint32_t consumer, uint64_t by) {
    Word& revoked = page_.revoked(consumer);
    revoked.store(revoked.load(std::memory_order_relaxed) + by, std::memory_order_seq_cst);  // P5
    // Whatever is written to a buffer after this must not be seen before it. Where no claim is left to be scanned, only
    // this load stands between the two (a weakly ordered machine lets a plain store overtake the one above).
    (void)revoked.load(std::memory_order_seq_cst);  // P10
  }
  // From here on frames are in the unread window of a `queue` consumer.
  uint64_t UnreadFrom() const;
  bool IsCandidate(uint32_t buffer) const {
    return HasBuffer(buffer) && buffers_[buffer].frame != 0 && buffers_[buffer].frame != sequence_;
  }
  // Up to `want` of the buffers that are neither busy nor hold a frame from `unread` on.
  uint32_t TakeUnclaimed(std::span<const uint32_t> buffers, uint32_t want, uint64_t unread, int64_t now_ns, Set& busy,
                         uint32_t* taken);
  // Takes those of `chosen` that no claim names once their generation has changed. Appends them to taken.
  uint32_t TakeChosen(std::span<const uint32_t> chosen, int64_t now_ns, uint32_t* taken);
  // The candidate whose revocation is due: all its holders are past the hold time, one of them is the longest.
  uint32_t Overdue(std::span<const uint32_t> buffers, const Set& tried, int64_t now_ns);
  uint64_t WritingValue() { return uint64_t{1} << 63 | ++writes_; }

  StreamPage page_;
  Config config_;
  std::vector<Consumer> consumers_;
  std::vector<Held> held_;      // config_.leases per consumer
  std::vector<uint32_t> live_;  // slots in use
  Buffer buffers_[kMaxBuffers];
  uint32_t next_buffer_ = 0;
  uint64_t sequence_ = 0;
  uint64_t writes_ = 0;
};

template <class R>
uint32_t Producer<R>::AddBuffer() {
  for (uint32_t i = 0; i < kMaxBuffers; ++i) {
    const uint32_t id = (next_buffer_ + i) % kMaxBuffers;
    if (buffers_[id].used) continue;
    next_buffer_ = id + 1;
    buffers_[id] = {.used = true, .frame = 0};
    page_.generation(id).store(WritingValue(), std::memory_order_seq_cst);  // P9
    return id;
  }
  return kMaxBuffers;
}

template <class R>
void Producer<R>::RemoveBuffer(uint32_t buffer) {
  buffers_[buffer] = {};
  page_.generation(buffer).store(WritingValue(), std::memory_order_seq_cst);  // P8
}

template <class R>
void Producer<R>::Connect(uint32_t consumer, const ClientPage* theirs, uint32_t queue) {
  NextEpoch(consumer, kOwnerChange);
  consumers_[consumer] = {.page = theirs, .queue = queue, .base = sequence_, .revocations = 0};
  for (uint32_t i = 0; i < config_.leases; ++i) held_[size_t{consumer} * config_.leases + i] = {};
  live_.push_back(consumer);
}

template <class R>
void Producer<R>::Disconnect(uint32_t consumer) {
  NextEpoch(consumer, kOwnerChange);
  consumers_[consumer].page = nullptr;
  std::erase(live_, consumer);
}

template <class R>
template <class Revoked>
void Producer<R>::Revoke(uint32_t consumer, int64_t now_ns, Revoked&& revoked) {
  const Holding holding = HoldingOf(consumer, now_ns);
  NextEpoch(consumer, kRevocation);
  consumers_[consumer].revocations += holding.leases;
  revoked(consumer, holding);
}

template <class R>
typename Producer<R>::Holding Producer<R>::HoldingOf(uint32_t consumer, int64_t now_ns) {
  Holding holding;
  ScanOne(consumer, now_ns, [&](uint32_t buffer, int64_t age) {
    if (!HasBuffer(buffer)) return;
    ++holding.leases;
    holding.age_ns = std::max(holding.age_ns, age);
  });
  return holding;
}

template <class R>
template <class Now>
uint32_t Producer<R>::Publish(Descriptor& frame, Now&& published_ns) {
  frame.sequence = ++sequence_;
  frame.generation = R::Generation(sequence_);
  buffers_[frame.buffer].frame = sequence_;
  page_.generation(frame.buffer).store(frame.generation, std::memory_order_seq_cst);  // P6
  WriteDescriptor<R>(page_.descriptor(sequence_), frame, published_ns);
  page_.header().sequence.store(sequence_, std::memory_order_seq_cst);  // P7
  return AdvanceHead(page_);
}

template <class R>
template <class Visit>
void Producer<R>::ScanOne(uint32_t consumer, int64_t now_ns, Visit&& visit) {
  const ClientPage& theirs = *consumers_[consumer].page;
  const uint64_t epoch = page_.revoked(consumer).load(std::memory_order_relaxed);  // written by this thread only
  for (uint32_t i = 0; i < config_.leases; ++i) {
    const uint64_t claim = theirs.claim[i].load(std::memory_order_seq_cst);  // P1, P4
    Held& held = held_[size_t{consumer} * config_.leases + i];
    const uint32_t buffer = ClaimedBuffer(claim);
    if (buffer >= kMaxBuffers || (R::kHonourEpochs && !ClaimHasEpoch(claim, epoch))) {
      held.buffer = kMaxBuffers;
      continue;
    }
    if (held.buffer != buffer || held.frame != buffers_[buffer].frame) {
      held = {.buffer = buffer, .frame = buffers_[buffer].frame, .since_ns = now_ns};
    }
    visit(buffer, now_ns - held.since_ns);
  }
}

template <class R>
uint64_t Producer<R>::UnreadFrom() const {
  uint64_t read = sequence_;
  for (const uint32_t consumer : live_) {
    const Consumer& c = consumers_[consumer];
    if (c.queue == 0) continue;
    const uint64_t cursor = c.page->cursor.load(std::memory_order_seq_cst);  // P2
    const uint64_t window = sequence_ > c.queue ? sequence_ - c.queue : 0;
    read = std::min(read, std::max({std::min(cursor, sequence_), c.base, window}));
  }
  return read + 1;
}

template <class R>
uint32_t Producer<R>::TakeChosen(std::span<const uint32_t> chosen, int64_t now_ns, uint32_t* taken) {
  for (const uint32_t id : chosen) page_.generation(id).store(WritingValue(), std::memory_order_seq_cst);  // P3
  R::At(Step::kGenerationChanged);
  Set claimed;
  if constexpr (R::kSecondScan) claimed = Claimed(now_ns);
  uint32_t count = 0;
  for (const uint32_t id : chosen) {
    if (claimed.test(id)) continue;  // left alone: a valid lease, or a claim that is about to find its frame gone
    buffers_[id].frame = 0;
    taken[count++] = id;
  }
  return count;
}

template <class R>
uint32_t Producer<R>::TakeUnclaimed(std::span<const uint32_t> buffers, uint32_t want, uint64_t unread, int64_t now_ns,
                                    Set& busy, uint32_t* taken) {
  uint32_t count = 0;
  while (count < want) {
    uint32_t chosen[kMaxSetBuffers];
    uint32_t n = 0;
    for (const uint32_t id : buffers) {
      if (n == std::min(want - count, kMaxSetBuffers)) break;
      if (!IsCandidate(id) || busy.test(id) || buffers_[id].frame >= unread) continue;
      busy.set(id);
      chosen[n++] = id;
    }
    if (n == 0) break;
    count += TakeChosen({chosen, n}, now_ns, taken + count);
  }
  return count;
}

template <class R>
uint32_t Producer<R>::Overdue(std::span<const uint32_t> buffers, const Set& tried, int64_t now_ns) {
  uint32_t best = kMaxBuffers;
  int64_t best_age = -1;
  for (const uint32_t id : buffers) {
    if (!IsCandidate(id) || tried.test(id)) continue;
    int64_t oldest = -1;
    bool due = true;
    for (const uint32_t consumer : live_) {
      ScanOne(consumer, now_ns, [&](uint32_t buffer, int64_t age) {
        if (buffer != id) return;
        oldest = std::max(oldest, age);
        due = due && age >= config_.hold_ns;
      });
    }
    if (!due || oldest <= best_age) continue;
    best = id;
    best_age = oldest;
  }
  return best;
}

template <class R>
template <class Revoked>
uint32_t Producer<R>::Reclaim(std::span<const uint32_t> buffers, uint32_t want, int64_t now_ns, uint32_t* taken,
                              Revoked&& revoked) {
  Set busy = Claimed(now_ns);  // and later: tried in this call
  R::At(Step::kScanned);
  uint32_t count = TakeUnclaimed(buffers, want, UnreadFrom(), now_ns, busy, taken);
  if (count > 0 || want == 0) return count;
  // Nothing that is of no use to anybody: an unread frame, and failing that a lease, for one buffer.
  count = TakeUnclaimed(buffers, 1, ~uint64_t{0}, now_ns, busy, taken);
  Set tried;
  while (count == 0) {
    const uint32_t id = Overdue(buffers, tried, now_ns);
    if (id == kMaxBuffers) break;
    tried.set(id);
    for (const uint32_t consumer : live_) {
      int64_t age_of_claim = -1;
      ScanOne(consumer, now_ns, [&](uint32_t buffer, int64_t age) {
        if (buffer == id) age_of_claim = std::max(age_of_claim, age);
      });
      if (age_of_claim >= 0) Revoke(consumer, now_ns, revoked);
    }
    count = TakeChosen({&id, 1}, now_ns, taken);
  }
  return count;
}

template <class R>
template <class Revoked>
void Producer<R>::Expire(int64_t now_ns, Revoked&& revoked) {
  for (const uint32_t consumer : live_) {
    const Holding holding = HoldingOf(consumer, now_ns);
    if (holding.leases > 0 && holding.age_ns >= config_.lease_ns) Revoke(consumer, now_ns, revoked);
  }
}

}  // namespace videostream::wire

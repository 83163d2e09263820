// SPDX-License-Identifier: Apache-2.0
// Waking consumers that poll: who wants the doorbell, and when it must be rung. (Those in a futex wait need none of
// this.)
//
// The four operations here form one pattern: the consumer stores `armed` and then loads `head`, the producer stores
// `head` and then loads `armed`. All are seq_cst, so at least one side sees the other; with anything weaker a wake-up
// gets lost.
#pragma once

#include "wire/page.h"

namespace videostream::wire {

// The value of `armed` for a consumer that has seen everything up to `head`. Never 0.
inline constexpr uint64_t ArmedValue(uint32_t head) { return uint64_t{1} << 32 | head; }

// Consumer: from now on the doorbell rings once when head moves on from `seen`. False: it has moved on already, so
// there may be no ring; look for frames again before waiting.
template <class R = Rules>
bool Arm(ClientPage& mine, const StreamPage& page, uint32_t seen) {
  mine.armed.store(ArmedValue(seen), std::memory_order_seq_cst);  // W3
  R::At(Step::kArmed);
  return !R::kRearmCheck || page.header().head.load(std::memory_order_seq_cst) == seen;  // W4
}

// Producer: moves head on; the result is what it was. Descriptor, generation and sequence are stored before this.
inline uint32_t AdvanceHead(StreamPage& page) {
  Word32& head = page.header().head;
  const uint32_t previous = head.load(std::memory_order_relaxed);  // the producer is its only writer
  head.store(previous + 1, std::memory_order_seq_cst);             // W1
  return previous;
}

// Producer, after AdvanceHead: must this consumer's doorbell be rung? It answers yes once per arming.
inline bool WantsRing(const ClientPage& theirs, uint32_t previous_head) {
  return theirs.armed.load(std::memory_order_seq_cst) == ArmedValue(previous_head);  // W2
}

}  // namespace videostream::wire

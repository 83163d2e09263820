// SPDX-License-Identifier: Apache-2.0
// The consumer's half of a lease: claim words, and the choice of the next frame by policy.
//
// A claim is one word, { buffer id + 1 : 16, epoch : 16, nonce : 32 } from the low end. It pins the buffer as long as
// its epoch is the low half-word of revoked[consumer]; the nonce is new each time, so that two claims never look the
// same.
#pragma once

#include "wire/descriptor.h"
#include "wire/page.h"

namespace videostream::wire {

inline constexpr uint64_t ClaimValue(uint32_t buffer, uint64_t epoch, uint32_t nonce) {
  return (buffer + 1) | (epoch & 0xffff) << 16 | uint64_t{nonce} << 32;
}
// The buffer a claim names; kMaxBuffers or more: none (no claim, or nonsense).
inline constexpr uint32_t ClaimedBuffer(uint64_t claim) { return static_cast<uint32_t>(claim & 0xffff) - 1; }
inline constexpr bool ClaimHasEpoch(uint64_t claim, uint64_t revoked) {
  return ((claim >> 16) & 0xffff) == (revoked & 0xffff);
}

// revoked[consumer] counts, in its low half, everything that made claims of that slot void, and in its high half the
// slot's owners: it moves on when a consumer comes and when it goes. A consumer that finds another owner than itself
// there has been disconnected, whatever its socket says by now: nobody looks at its claims any more.
inline constexpr uint64_t kRevocation = 1;
inline constexpr uint64_t kOwnerChange = (uint64_t{1} << 32) + 1;
inline constexpr uint32_t Owner(uint64_t revoked) { return static_cast<uint32_t>(revoked >> 32); }

// A held claim. Plain data: the memory must stay mapped. Valid and Release from any thread, Release once.
struct Claim {
  Word* word = nullptr;
  const Word* revoked = nullptr;
  uint64_t epoch = 0;

  // False: the content may have changed since the last true answer. To be asked after the last read.
  bool Valid() const {
    AcquireFence();
    return revoked->load(std::memory_order_acquire) == epoch;  // C8
  }
  void Release() {
    Rules::At(Step::kReleasing);
    word->store(0, std::memory_order_release);  // C9
    Rules::At(Step::kReleased);
  }
};

// Chooses and claims frames for one consumer. Used by one thread; its counters may be read by that thread only, their
// copies in the client page by anyone.
template <class R = Rules>
class Taker {
 public:
  struct Config {
    uint32_t consumer = 0;   // slot on the stream page
    uint32_t queue = 0;      // 0: latest; else N of `queue N`
    bool await_key = false;  // packets: begin, and begin again after a gap, at a key frame
    uint32_t owner = 0;      // number of this subscription in revoked[consumer]
    uint64_t base = 0;       // newest sequence at subscription: older frames are none of ours
  };
  enum class Outcome {
    kTaken,
    kNothing,     // no frame that is newer than what was taken
    kUnknownSet,  // the next frame lies in a set that `known` denies: read the socket, try again
    kEnded,       // the producer has ended this subscription
  };

  Taker() = default;
  Taker(const StreamPage& page, ClientPage* mine, const Config& config)
      : page_(page),
        mine_(mine),
        config_(config),
        last_(config.base),
        newest_(config.base),
        awaiting_(config.await_key) {
    mine_->cursor.store(last_, std::memory_order_seq_cst);
  }

  // The next frame by policy, claimed in word `slot` (free, below the granted number of leases). `known(set, buffer)`
  // tells whether the buffer is mapped. Skipped frames are counted here.
  template <class Known>
  Outcome Take(uint32_t slot, Known&& known, Descriptor* out, Claim* claim);

  // Asks for what the next Take reads and writes first. A hint, without effect on anything but time.
  void Prefetch() const {
    constexpr uint32_t kLineWords = 8;
    const StreamPage& page = page_;
    const Word* descriptor = page.descriptor(last_ + 1);
    for (uint32_t i = 0; i < kTlv; i += kLineWords) __builtin_prefetch(descriptor + i);
    __builtin_prefetch(&page.revoked(config_.consumer));
    __builtin_prefetch(&page.generation(0));
    __builtin_prefetch(mine_, 1);
    __builtin_prefetch(&mine_->taken, 1);
  }
  uint64_t last() const { return last_; }
  uint64_t taken() const { return taken_; }
  uint64_t skipped(uint32_t reason) const { return skipped_[reason]; }
  uint64_t gaps() const { return gaps_; }
  // Packets: nothing is taken until a key frame comes.
  bool awaiting_key() const { return awaiting_; }
  // Frames published since subscription as of the last Take: taken + all skipped + still waiting in the queue.
  uint64_t published() const { return newest_ - config_.base; }
  // The subscription is over: what was published and not taken is counted as overrun.
  void Finish() {
    newest_ = std::max(last_, page_.header().sequence.load(std::memory_order_acquire));
    Skip(newest_, VSTREAM_DROP_OVERRUN);
  }

 private:
  enum class Try { kTaken, kGone, kUnknownSet, kNotKey, kEnded };
  template <class Known>
  Try TryFrame(uint64_t sequence, uint32_t slot, Known&& known, Descriptor* out, Claim* claim);
  // All frames up to `sequence` are over and done with.
  void Skip(uint64_t sequence, uint32_t reason);
  void Advance(uint64_t sequence) {
    last_ = sequence;
    mine_->cursor.store(sequence, std::memory_order_seq_cst);  // C7
  }

  StreamPage page_;
  ClientPage* mine_ = nullptr;
  Config config_;
  uint64_t last_ = 0;
  uint64_t newest_ = 0;
  uint32_t nonce_ = 0;
  bool awaiting_ = false;
  bool in_gap_ = false;
  uint64_t taken_ = 0;
  uint64_t gaps_ = 0;
  uint64_t skipped_[VSTREAM_DROP_REASONS] = {};
};

template <class R>
void Taker<R>::Skip(uint64_t sequence, uint32_t reason) {
  const uint64_t count = sequence - last_;
  if (count == 0) return;
  skipped_[reason] += count;
  mine_->skipped[reason].store(skipped_[reason], std::memory_order_relaxed);
  if (reason == VSTREAM_DROP_OVERRUN && config_.await_key) awaiting_ = true;  // what follows refers to what is lost
  if (!in_gap_) mine_->gaps.store(++gaps_, std::memory_order_relaxed);
  in_gap_ = true;
  R::At(Step::kSkipped);
  Advance(sequence);
}

template <class R>
template <class Known>
typename Taker<R>::Try Taker<R>::TryFrame(uint64_t sequence, uint32_t slot, Known&& known, Descriptor* out,
                                          Claim* claim) {
  const StreamPage& page = page_;
  const Word& revoked = page.revoked(config_.consumer);
  const uint64_t epoch = revoked.load(std::memory_order_acquire);  // C2
  if (R::kCheckOwner && Owner(epoch) != config_.owner) return Try::kEnded;
  R::At(Step::kEpochRead);
  if (!ReadDescriptor<R>(page.descriptor(sequence), sequence, out)) return Try::kGone;  // C3
  if (out->buffer >= kMaxBuffers) return Try::kGone;
  const Word& generation = page.generation(out->buffer);
  // C4. Before `known`: a frame of a set that has ended is gone, not unknown.
  if (R::kCheckGeneration && generation.load(std::memory_order_acquire) != out->generation) return Try::kGone;
  if (awaiting_ && (out->flags & VSTREAM_FRAME_KEY) == 0) return Try::kNotKey;
  if (!known(out->set, out->buffer)) return Try::kUnknownSet;
  R::At(Step::kBeforeClaim);
  *claim = {&mine_->claim[slot], &revoked, epoch};
  claim->word->store(ClaimValue(out->buffer, epoch, ++nonce_), std::memory_order_seq_cst);  // C5
  R::At(Step::kClaimed);
  if (R::kCheckGeneration && generation.load(std::memory_order_seq_cst) != out->generation) {  // C6
    R::At(Step::kClaimFailed);
    claim->Release();
    return Try::kGone;
  }
  R::At(Step::kLeased);
  return Try::kTaken;
}

template <class R>
template <class Known>
typename Taker<R>::Outcome Taker<R>::Take(uint32_t slot, Known&& known, Descriptor* out, Claim* claim) {
  const StreamPage& page = page_;
  // Each turn leaves at least one frame behind; the bound is for a producer that runs away from us.
  for (uint32_t turn = 0; turn < 2 * kRingEntries; ++turn) {
    const uint64_t newest = page.header().sequence.load(std::memory_order_acquire);  // C1
    newest_ = std::max(newest, last_);
    if (newest <= last_) {
      return Owner(page.revoked(config_.consumer).load(std::memory_order_acquire)) == config_.owner ? Outcome::kNothing
                                                                                                    : Outcome::kEnded;
    }
    const uint64_t window = config_.queue == 0 ? 1 : config_.queue;
    if (newest - last_ > window) Skip(newest - window, VSTREAM_DROP_OVERRUN);
    const uint64_t next = last_ + 1;
    switch (TryFrame(next, slot, known, out, claim)) {
      case Try::kTaken:
        Advance(next);
        R::At(Step::kCursorMoved);
        mine_->taken.store(++taken_, std::memory_order_release);  // after the claim: who counts it finds it held
        R::At(Step::kTaken);
        awaiting_ = false;
        in_gap_ = false;
        return Outcome::kTaken;
      case Try::kGone:
        Skip(next, VSTREAM_DROP_OVERRUN);
        break;
      case Try::kNotKey:
        Skip(next, VSTREAM_DROP_AWAIT_KEY);
        break;
      case Try::kUnknownSet:
        return Outcome::kUnknownSet;
      case Try::kEnded:
        return Outcome::kEnded;
    }
  }
  return Outcome::kNothing;
}

}  // namespace videostream::wire

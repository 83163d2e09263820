// SPDX-License-Identifier: Apache-2.0
// What every shared word of the native protocol is made of, and the one memory fence it needs.
//
// Shared words are lock-free atomics of fixed size at pinned offsets. Lock-free is not a matter of speed here: an
// emulated atomic load writes to the object, and a consumer's mapping of the stream page is read-only. (So would
// cmpxchg8b on i386; gcc loads there by fild or movq. tests/client/bits_test.cc runs it.)
//
// A class of rules is a template parameter of every algorithm in this folder, so that tests can take one rule out and
// show that it is needed, and can stop either side between two steps.
//
// `// C5` behind an atomic of this folder is the step's name in the models of tests/model: P the producer's, C the
// consumer's, W waking, D descriptors. The models name the function in turn; a test compares the two.
#pragma once

#include <atomic>
#include <cstdint>

namespace videostream::wire {

using Word = std::atomic<uint64_t>;
using Word32 = std::atomic<uint32_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8 && alignof(Word) == 8);
static_assert(Word32::is_always_lock_free && sizeof(Word32) == 4 && alignof(Word32) == 4);

#if defined(__SANITIZE_THREAD__)
#define VIDEOSTREAM_WIRE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VIDEOSTREAM_WIRE_TSAN 1
#endif
#endif

// Orders the plain reads before it against the atomic loads after it: between the last read of a frame and the question
// whether the lease still held. The thread sanitizer knows no fences (gcc refuses them), hence the second form: the
// same instruction, hidden from the compiler.
inline void AcquireFence() {
#if !defined(VIDEOSTREAM_WIRE_TSAN)
  std::atomic_thread_fence(std::memory_order_acquire);
#elif defined(__aarch64__)
  asm volatile("dmb ishld" ::: "memory");
#else
  asm volatile("" ::: "memory");  // x86 keeps loads in order
#endif
}

// Places at which a test may interpose: to stop one side, or to kill its process. In the order in which they are met.
enum class Step : uint8_t {
  // Consumer, becoming one.
  kConnected,       // the socket is connected, nothing sent
  kHelloSent,       // waits for the welcome
  kSubscribeSent,   // has been welcomed, waits for its subscription
  kSubscriptionIn,  // pages and doorbell have arrived, nothing is mapped
  kSetIn,           // descriptors of a buffer set have arrived, none of them is mapped
  // Producer, publishing.
  kDescriptorZeroed,  // the sequence word is 0, the words are still the old ones
  kDescriptorWords,   // all words written, the sequence not yet
  // Consumer, taking.
  kEpochRead,         // knows revoked[] and nothing else
  kDescriptorCopied,  // words copied, the sequence not yet looked at again
  kBeforeClaim,       // has the descriptor, has not claimed
  kClaimed,           // has claimed, has not looked at the generation
  kClaimFailed,       // the generation was another one, the claim still stands
  kLeased,            // the lease is valid, the cursor has not moved
  kCursorMoved,       // the frame is not yet counted as taken
  kTaken,             // all is said; the frame is about to be read
  kReleasing,         // has read, still claims
  kReleased,          // claims no more
  kSkipped,           // frames are counted as skipped, the cursor has not moved
  // Producer, taking back.
  kScanned,            // first scan done, the generation not yet changed
  kGenerationChanged,  // before the second scan
  // Consumer, waiting.
  kArmed,    // `armed` is stored, `head` not yet looked at again
  kWaiting,  // is about to wait in the kernel
  kWoken,    // has waited; the doorbell is not emptied
};
inline constexpr uint32_t kStepCount = static_cast<uint32_t>(Step::kWoken) + 1;

#if defined(VIDEOSTREAM_FAULT_POINTS)
// Of test builds only; defined by the test. Called at every step, on the thread that takes it.
void FaultPoint(Step step);
#endif

// The rules as they are. A seeded-wrong variant derives from this and hides one member.
struct Rules {
  static constexpr bool kZeroSequenceFirst = true;  // a descriptor is marked invalid before it is overwritten
  static constexpr bool kRecheckSequence = true;    // a reader looks at the sequence before and after
  static constexpr bool kSecondScan = true;         // claims are scanned again after the generation has changed
  static constexpr bool kCheckGeneration = true;    // a consumer looks at the generation after it has claimed
  static constexpr bool kHonourEpochs = true;       // a claim counts iff it carries the present revocation epoch
  static constexpr bool kCheckOwner = true;         // a consumer whose slot has been taken away claims nothing
  static constexpr bool kRearmCheck = true;         // `head` is loaded again after `armed` was stored
  static uint64_t Generation(uint64_t sequence) { return sequence; }  // of a frame; never the same twice
  static void At([[maybe_unused]] Step step) {
#if defined(VIDEOSTREAM_FAULT_POINTS)
    FaultPoint(step);
#endif
  }
};

}  // namespace videostream::wire

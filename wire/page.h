// SPDX-License-Identifier: Apache-2.0
// The two kinds of shared page of the native protocol: offsets, bounds, and views on mapped memory.
//
// Stream page: one per stream, written by the producer, mapped read-only by consumers. Client page: one per consumer,
// written by that consumer, mapped read-only by the producer. Byte order is the machine's; both sides run on one
// machine, but one may be a 32-bit program, hence fixed sizes and pinned offsets throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "videostream/frame.h"
#include "wire/order.h"

namespace videostream::wire {

// Pages of another major version are not understood. A newer minor version only uses words that are reserved today.
inline constexpr uint16_t kVersionMajor = 1;
inline constexpr uint16_t kVersionMinor = 0;

// ---- Bounds: nothing in the protocol is larger
// -------------------------------------------------------------------------

inline constexpr uint32_t kMaxSetBuffers = 64;  // buffers of one set
inline constexpr uint32_t kMaxSets = 8;         // sets of a stream that live at the same time
inline constexpr uint32_t kMaxBuffers =
    1024;  // buffer ids of a page; more than living sets need, so that ids rest a while
inline constexpr uint32_t kMaxConsumers = 4096;
inline constexpr uint32_t kMaxLeases = 32;  // claim words of a consumer
inline constexpr uint32_t kMaxQueue = 32;   // largest N of `queue N`
// Ring entries: a power of two, at least twice what can be unread or held.
inline constexpr uint32_t kRingEntries = 128;
static_assert((kRingEntries & (kRingEntries - 1)) == 0);
static_assert(kRingEntries >= 2 * kMaxSetBuffers && kRingEntries >= 2 * kMaxQueue);
static_assert(kMaxSets * kMaxSetBuffers <= kMaxBuffers && kMaxBuffers < 0xffff);

// ---- Stream page
// -------------------------------------------------------------------------------------------------------

inline constexpr uint64_t kStreamMagic = 0x3145474150535356;  // "VSSPAGE1" in memory

// Words of a descriptor in the ring.
enum DescriptorWord : uint32_t {
  kSequence = 0,       // the ring's count of this frame; 0 while it is being written
  kBuffer = 1,         // bits 0..15 buffer id, 32..63 epoch of its set
  kGeneration = 2,     // generation[buffer id] while the buffer holds this frame
  kFrameSequence = 3,  // vstream_frame.sequence
  kPts = 4,
  kDuration = 5,
  kPublished = 6,     // CLOCK_MONOTONIC, ns: taken right before the frame was made visible
  kFlags = 7,         // bits 0..31 VSTREAM_FRAME_*, 32..63 VSTREAM_TIMESTAMP_*
  kBytesUsed = 8,     // 4 words, one per plane
  kVisible = 12,      // 2 words: x | y << 32, width | height << 32; all 0: everything
  kColorimetry = 14,  // 2 words: the bytes of vstream_colorimetry
  kTlvBytes = 16,
  kReservedWords = 17,  // 7 words, 0
  kTlv = 24,            // 16 words: the bytes of vstream_frame.tlv
  kDescriptorWords = 40,
};
static_assert(kDescriptorWords * 8 - kTlv * 8 == VSTREAM_FRAME_TLV_BYTES);

// What the page says about the stream, beside frames.
enum class StreamState : uint32_t {
  kUnset = 0,
  kRunning = 1,
  kNoSignal = 2,
  kClosing = 3,    // the producer ends; the socket says why
  kSuccessor = 4,  // the producer ends and has named who goes on
};

// The fixed part at the start of the page. Three tables follow: generation[], revoked[], ring[].
struct StreamHeader {
  // Constant once the page is shared.
  alignas(8) Word magic;
  Word32 version;  // major << 16 | minor
  Word32 bytes;    // of the whole page
  Word32 stream;   // VSTREAM_STREAM_*
  Word32 ring_entries;
  Word32 descriptor_words;
  Word32 buffers;    // entries of generation[]
  Word32 consumers;  // entries of revoked[]
  Word32 generation_offset;
  Word32 revoked_offset;
  Word32 ring_offset;
  Word32 reserved[4];
  // Changed by the producer with every frame; a cache line of its own.
  alignas(64) Word32 head;   // futex word: counts frames and changes of state, wraps
  Word32 state;              // StreamState
  alignas(8) Word sequence;  // of the newest frame; 0: none yet
  Word reserved_words[6];
};
static_assert(offsetof(StreamHeader, magic) == 0 && offsetof(StreamHeader, version) == 8);
static_assert(offsetof(StreamHeader, bytes) == 12 && offsetof(StreamHeader, stream) == 16);
static_assert(offsetof(StreamHeader, ring_entries) == 20 && offsetof(StreamHeader, descriptor_words) == 24);
static_assert(offsetof(StreamHeader, buffers) == 28 && offsetof(StreamHeader, consumers) == 32);
static_assert(offsetof(StreamHeader, generation_offset) == 36 && offsetof(StreamHeader, revoked_offset) == 40);
static_assert(offsetof(StreamHeader, ring_offset) == 44 && offsetof(StreamHeader, head) == 64);
static_assert(offsetof(StreamHeader, state) == 68 && offsetof(StreamHeader, sequence) == 72);
static_assert(sizeof(StreamHeader) == 128);

// A mapped stream page. Copyable; owns nothing; the memory must stay mapped. The offsets are those of the local layout
// or those that Check has verified, never read again from the page.
class StreamPage {
 public:
  StreamPage() = default;

  // Bytes of a page for `consumers` consumers, a multiple of 4096.
  static uint32_t Bytes(uint32_t consumers);
  // Lays out a page in `memory`: Bytes(consumers) bytes, zeroed, aligned to 64.
  static StreamPage Create(void* memory, uint32_t stream, uint32_t consumers);
  // Consumer: checks a page mapped from somewhere else. `bytes`: of the mapping. On failure the page is empty and *why
  // says what is wrong with it.
  static StreamPage Check(const void* memory, size_t bytes, uint32_t stream, std::string* why);

  explicit operator bool() const { return base_ != nullptr; }
  // Producer only: on a consumer's mapping a store is a fault.
  StreamHeader& header() { return *reinterpret_cast<StreamHeader*>(base_); }
  Word& generation(uint32_t buffer) { return Words(generation_)[buffer]; }
  Word& revoked(uint32_t consumer) { return Words(revoked_)[consumer]; }
  // The words of the descriptor that frame `sequence` has or had.
  Word* descriptor(uint64_t sequence) { return Words(ring_) + (sequence & (kRingEntries - 1)) * kDescriptorWords; }

  const StreamHeader& header() const { return *reinterpret_cast<const StreamHeader*>(base_); }
  const Word& generation(uint32_t buffer) const { return Words(generation_)[buffer]; }
  const Word& revoked(uint32_t consumer) const { return Words(revoked_)[consumer]; }
  const Word* descriptor(uint64_t sequence) const {
    return Words(ring_) + (sequence & (kRingEntries - 1)) * kDescriptorWords;
  }
  uint32_t consumers() const { return consumers_; }

 private:
  StreamPage(void* memory, uint32_t consumers);
  Word* Words(uint32_t offset) const { return reinterpret_cast<Word*>(base_ + offset); }

  unsigned char* base_ = nullptr;
  uint32_t consumers_ = 0;
  uint32_t generation_ = 0;
  uint32_t revoked_ = 0;
  uint32_t ring_ = 0;
};

// ---- Client page
// -------------------------------------------------------------------------------------------------------

inline constexpr uint32_t kClientPageBytes = 4096;

// The producer reads the first line of each page per scan, hence the order.
struct ClientPage {
  alignas(64) Word armed;  // see wake.h; 0: does not want the doorbell
  Word cursor;             // `queue`: the newest frame that it is done with (taken or skipped)
  Word claim[kMaxLeases];  // see lease.h; 0: none
  // Counters, for the producer's status page: what the consumer says about itself.
  alignas(512) Word taken;
  Word void_leases;
  Word gaps;
  Word reserved[5];
  Word skipped[16];  // by VSTREAM_DROP_*
};
static_assert(offsetof(ClientPage, armed) == 0 && offsetof(ClientPage, cursor) == 8);
static_assert(offsetof(ClientPage, claim) == 16 && offsetof(ClientPage, taken) == 512);
static_assert(offsetof(ClientPage, void_leases) == 520 && offsetof(ClientPage, gaps) == 528);
static_assert(offsetof(ClientPage, skipped) == 576 && sizeof(ClientPage) <= kClientPageBytes);
static_assert(VSTREAM_DROP_REASONS <= 16);

}  // namespace videostream::wire

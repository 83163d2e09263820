// SPDX-License-Identifier: Apache-2.0
// Frame descriptors: writing one into the ring while others read it, and reading one without ever seeing half of it.
#pragma once

#include <algorithm>
#include <cstring>

#include "wire/page.h"

namespace videostream::wire {

// A descriptor outside of the ring.
struct Descriptor {
  uint64_t sequence = 0;  // of the ring: 1, 2, 3, ... without gaps
  uint32_t buffer = 0;    // id on the page, < kMaxBuffers
  uint32_t set = 0;       // epoch of its set
  uint64_t generation = 0;
  uint64_t frame_sequence = 0;  // vstream_frame.sequence
  int64_t pts_ns = 0;
  int64_t duration_ns = 0;
  int64_t published_ns = 0;
  uint32_t flags = 0;
  uint32_t timestamp_source = 0;
  uint64_t bytes_used[VSTREAM_MAX_PLANES] = {};
  vstream_rect visible = {};
  vstream_colorimetry colorimetry = {};
  uint32_t tlv_bytes = 0;
  uint8_t tlv[VSTREAM_FRAME_TLV_BYTES] = {};
};

inline uint64_t Pack(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }
inline uint32_t Low(uint64_t word) { return static_cast<uint32_t>(word); }
inline uint32_t High(uint64_t word) { return static_cast<uint32_t>(word >> 32); }

// Words of TLV data that `bytes` bytes take, whatever the other side says about `bytes`.
inline size_t TlvWords(uint64_t bytes) {
  return static_cast<size_t>((std::min<uint64_t>(bytes, VSTREAM_FRAME_TLV_BYTES) + 7) / 8);
}

// Producer: makes `from` the descriptor of frame from.sequence (> 0). A reader sees either nothing or all of it: the
// sequence is zeroed first, and every word after that is a release, so that whoever sees a new word also sees the zero.
// `published_ns()` gives the word of that name, and is called last: what comes before it is no part of a latency.
template <class R = Rules, class Now>
void WriteDescriptor(Word* to, const Descriptor& from, Now&& published_ns) {
  const auto put = [to](uint32_t word, uint64_t value) { to[word].store(value, std::memory_order_release); };  // D2
  if constexpr (R::kZeroSequenceFirst) to[kSequence].store(0, std::memory_order_relaxed);                      // D1
  R::At(Step::kDescriptorZeroed);
  put(kBuffer, Pack(from.buffer, from.set));
  put(kGeneration, from.generation);
  put(kFrameSequence, from.frame_sequence);
  put(kPts, static_cast<uint64_t>(from.pts_ns));
  put(kDuration, static_cast<uint64_t>(from.duration_ns));
  put(kFlags, Pack(from.flags, from.timestamp_source));
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) put(kBytesUsed + i, from.bytes_used[i]);
  put(kVisible, Pack(from.visible.x, from.visible.y));
  put(kVisible + 1, Pack(from.visible.width, from.visible.height));
  uint64_t words[VSTREAM_FRAME_TLV_BYTES / 8] = {};
  std::memcpy(words, &from.colorimetry, sizeof from.colorimetry);
  put(kColorimetry, words[0]);
  put(kColorimetry + 1, words[1]);
  put(kTlvBytes, from.tlv_bytes);
  const size_t tlv_words = TlvWords(from.tlv_bytes);
  if (tlv_words != 0) std::memcpy(words, from.tlv, tlv_words * 8);
  for (uint32_t i = 0; i < tlv_words; ++i) put(kTlv + i, words[i]);
  put(kPublished, static_cast<uint64_t>(published_ns()));
  R::At(Step::kDescriptorWords);
  put(kSequence, from.sequence);  // D3
}
template <class R = Rules>
void WriteDescriptor(Word* to, const Descriptor& from) {
  WriteDescriptor<R>(to, from, [&from] { return from.published_ns; });
}

// Consumer: copies the descriptor of frame `sequence`. False: the ring has moved on, the frame is gone. Values are as
// the producer wrote them, not yet checked against anything.
template <class R = Rules>
bool ReadDescriptor(const Word* from, uint64_t sequence, Descriptor* to) {
  const auto get = [from](uint32_t word) { return from[word].load(std::memory_order_acquire); };  // D5
  if (get(kSequence) != sequence) return false;                                                   // D4
  to->sequence = sequence;
  const uint64_t buffer = get(kBuffer);
  to->buffer = Low(buffer);
  to->set = High(buffer);
  to->generation = get(kGeneration);
  to->frame_sequence = get(kFrameSequence);
  to->pts_ns = static_cast<int64_t>(get(kPts));
  to->duration_ns = static_cast<int64_t>(get(kDuration));
  to->published_ns = static_cast<int64_t>(get(kPublished));
  const uint64_t flags = get(kFlags);
  to->flags = Low(flags);
  to->timestamp_source = High(flags);
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) to->bytes_used[i] = get(kBytesUsed + i);
  const uint64_t origin = get(kVisible);
  const uint64_t size = get(kVisible + 1);
  to->visible = {Low(origin), High(origin), Low(size), High(size)};
  const uint64_t colorimetry[] = {get(kColorimetry), get(kColorimetry + 1)};
  static_assert(sizeof colorimetry >= sizeof to->colorimetry);
  std::memcpy(&to->colorimetry, colorimetry, sizeof to->colorimetry);
  const uint64_t tlv_bytes = get(kTlvBytes);
  to->tlv_bytes = static_cast<uint32_t>(std::min<uint64_t>(tlv_bytes, VSTREAM_FRAME_TLV_BYTES));
  const size_t tlv_words = TlvWords(tlv_bytes);
  for (uint32_t i = 0; i < tlv_words; ++i) {
    const uint64_t word = get(kTlv + i);
    std::memcpy(to->tlv + i * sizeof word, &word, sizeof word);
  }
  R::At(Step::kDescriptorCopied);
  return !R::kRecheckSequence || get(kSequence) == sequence;  // D6
}

}  // namespace videostream::wire

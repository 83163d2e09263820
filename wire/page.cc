// SPDX-License-Identifier: Apache-2.0
// Laying out and checking stream pages.
#include "wire/page.h"

namespace videostream::wire {
namespace {

constexpr uint32_t Align(uint32_t value, uint32_t to) { return (value + to - 1) / to * to; }

constexpr uint32_t kGenerationOffset = sizeof(StreamHeader);
constexpr uint32_t kRevokedOffset = kGenerationOffset + kMaxBuffers * 8;
constexpr uint32_t RingOffset(uint32_t consumers) { return Align(kRevokedOffset + consumers * 8, 64); }

uint32_t Load(const Word32& word) { return word.load(std::memory_order_relaxed); }

}  // namespace

StreamPage::StreamPage(void* memory, uint32_t consumers)
    : base_(static_cast<unsigned char*>(memory)),
      consumers_(consumers),
      generation_(kGenerationOffset),
      revoked_(kRevokedOffset),
      ring_(RingOffset(consumers)) {}

uint32_t StreamPage::Bytes(uint32_t consumers) {
  return Align(RingOffset(consumers) + kRingEntries * kDescriptorWords * 8, 4096);
}

StreamPage StreamPage::Create(void* memory, uint32_t stream, uint32_t consumers) {
  StreamPage page(memory, consumers);
  StreamHeader& header = page.header();
  constexpr auto kRelaxed = std::memory_order_relaxed;
  header.version.store(uint32_t{kVersionMajor} << 16 | kVersionMinor, kRelaxed);
  header.bytes.store(Bytes(consumers), kRelaxed);
  header.stream.store(stream, kRelaxed);
  header.ring_entries.store(kRingEntries, kRelaxed);
  header.descriptor_words.store(kDescriptorWords, kRelaxed);
  header.buffers.store(kMaxBuffers, kRelaxed);
  header.consumers.store(consumers, kRelaxed);
  header.generation_offset.store(page.generation_, kRelaxed);
  header.revoked_offset.store(page.revoked_, kRelaxed);
  header.ring_offset.store(page.ring_, kRelaxed);
  header.state.store(static_cast<uint32_t>(StreamState::kRunning), kRelaxed);
  header.magic.store(kStreamMagic, std::memory_order_release);
  return page;
}

StreamPage StreamPage::Check(const void* memory, size_t bytes, uint32_t stream, std::string* why) {
  const auto refuse = [&](std::string text) {
    *why = "stream page: " + std::move(text);
    return StreamPage();
  };
  if (bytes < sizeof(StreamHeader)) return refuse(std::to_string(bytes) + " bytes, less than its header");
  const auto& header = *static_cast<const StreamHeader*>(memory);
  if (header.magic.load(std::memory_order_acquire) != kStreamMagic) return refuse("no magic number");
  const uint32_t version = Load(header.version);
  if (version >> 16 != kVersionMajor) {
    return refuse("version " + std::to_string(version >> 16) + "." + std::to_string(version & 0xffff) +
                  ", this library knows " + std::to_string(kVersionMajor) + "." + std::to_string(kVersionMinor));
  }
  const uint32_t consumers = Load(header.consumers);
  if (consumers == 0 || consumers > kMaxConsumers) return refuse(std::to_string(consumers) + " consumers");
  // The cast is undone by the const accessors; a consumer holds the page as const.
  const StreamPage page(const_cast<void*>(memory), consumers);
  if (bytes != Bytes(consumers) || Load(header.bytes) != bytes) {
    return refuse("mapped " + std::to_string(bytes) + " bytes, says " + std::to_string(Load(header.bytes)) +
                  ", expected " + std::to_string(Bytes(consumers)));
  }
  if (Load(header.stream) != stream) return refuse("of stream " + std::to_string(Load(header.stream)));
  if (Load(header.ring_entries) != kRingEntries || Load(header.descriptor_words) != kDescriptorWords ||
      Load(header.buffers) != kMaxBuffers || Load(header.generation_offset) != page.generation_ ||
      Load(header.revoked_offset) != page.revoked_ || Load(header.ring_offset) != page.ring_) {
    return refuse("its tables are not laid out as version 1 has them");
  }
  return page;
}

}  // namespace videostream::wire

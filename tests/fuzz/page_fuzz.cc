// SPDX-License-Identifier: Apache-2.0
// A stream page full of lies, and a consumer that takes frames from it: it ends, stays inside of its tables, and its
// counters add up.
#include <memory>
#include <numeric>

#include "tests/fuzz/fuzz.h"
#include "wire/layout.h"
#include "wire/lease.h"
#include "wire/wake.h"

namespace videostream::fuzz {
namespace {

constexpr uint32_t kConsumers = 4;
enum Op : uint8_t { kPoke, kPublish, kTake, kRelease, kCheck, kOps };

Writer& PutPublish(Writer& out, uint16_t buffer, uint8_t flags) {
  return out.Put(uint8_t{kPublish}).Put(buffer).Put(flags).Put(uint8_t{0});
}

}  // namespace

const uint64_t kLongRun = 4'000'000;

std::vector<Bytes> Corpus() {
  std::vector<Bytes> all;
  for (const uint8_t queue : {0, 3, 32}) {
    Writer out;
    out.Put(queue).Put(uint8_t{queue == 3});
    for (uint16_t i = 0; i < 12; ++i) {
      PutPublish(out, i % 5, i % 4 == 0 ? VSTREAM_FRAME_KEY : 0);
      if (i % 2 == 0) out.Put(uint8_t{kTake});
      if (i % 4 == 0) out.Put(uint8_t{kRelease});
    }
    out.Put(uint8_t{kCheck});
    all.push_back(out.bytes);
    for (const uint16_t word : {0, 1, 2, 3, 8, 9, 16, 1040, 1044, 1045, 1046}) {
      out.Put(uint8_t{kPoke}).Put(word).Put(uint64_t{5}).Put(uint8_t{kTake});
    }
    all.push_back(out.bytes);
  }
  return all;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const uint32_t bytes = wire::StreamPage::Bytes(kConsumers);
  static void* memory = std::aligned_alloc(64, bytes);
  std::memset(memory, 0, bytes);
  wire::StreamPage page = wire::StreamPage::Create(memory, 0, kConsumers);
  auto mine = std::make_unique<wire::ClientPage>();
  Reader in(data, size);
  const uint32_t queue = in.Get<uint8_t>() % (wire::kMaxQueue + 1);
  wire::Taker<> taker(page, mine.get(), {.consumer = 1, .queue = queue, .await_key = in.Get<uint8_t>() % 2 == 1});
  std::vector<wire::Claim> claims;
  while (!in.empty()) {
    switch (in.Get<uint8_t>() % kOps) {
      case kPoke: {
        const size_t word = in.Get<uint16_t>() % (bytes / 8);
        reinterpret_cast<wire::Word*>(memory)[word].store(in.Get<uint64_t>());
        break;
      }
      case kPublish: {
        wire::Descriptor d;
        d.sequence = page.header().sequence.load() + 1;
        d.buffer = in.Get<uint16_t>();
        d.flags = in.Get<uint8_t>();
        d.generation = d.sequence + in.Get<uint8_t>() / 250;
        if (d.buffer < wire::kMaxBuffers) page.generation(d.buffer).store(d.sequence);
        wire::WriteDescriptor(page.descriptor(d.sequence), d);
        page.header().sequence.store(d.sequence);
        wire::AdvanceHead(page);
        break;
      }
      case kTake: {
        wire::Descriptor d;
        wire::Claim claim;
        const auto slot = static_cast<uint32_t>(claims.size());
        if (slot >= wire::kMaxLeases) break;
        const auto known = [](uint32_t set, uint32_t buffer) { return set == 0 && buffer < 5; };
        if (taker.Take(slot, known, &d, &claim) == wire::Taker<>::Outcome::kTaken) {
          if (d.buffer >= 5 || d.tlv_bytes > VSTREAM_FRAME_TLV_BYTES) Fail("a frame that cannot be");
          if (wire::ClaimedBuffer(claim.word->load()) != d.buffer) Fail("another buffer is claimed");
          claims.push_back(claim);
        }
        break;
      }
      case kRelease:
        while (!claims.empty()) {
          (void)claims.back().Valid();
          claims.back().Release();
          claims.pop_back();
        }
        break;
      default: {
        std::string why;
        wire::StreamPage::Check(memory, bytes, 0, &why);
        ExpectOneLine(why);
        break;
      }
    }
    uint64_t skipped = 0;
    for (uint32_t i = 0; i < VSTREAM_DROP_REASONS; ++i) skipped += taker.skipped(i);
    if (taker.taken() + skipped != taker.last()) Fail("taken and skipped are not what was passed");
  }
  return 0;
}

}  // namespace videostream::fuzz

// SPDX-License-Identifier: Apache-2.0
// A client page full of lies, and a producer that publishes, reclaims and revokes beside two honest consumers. The lies
// may also change between two steps of one reclaim. Whatever they say: they pin a few buffers and nothing else, the
// newest frame is never given away, and nobody who holds a valid lease sees its frame change.
#include <array>
#include <bitset>
#include <memory>

#include "tests/fuzz/fuzz.h"
#include "wire/reclaim.h"

namespace videostream::fuzz {
namespace {

constexpr uint32_t kLiar = 0;  // slot; the honest ones are 1 (latest) and 2 (queue)
constexpr uint32_t kConsumers = 3;
constexpr uint32_t kLeases = 2;
constexpr uint32_t kQueue = 4;
// The newest, all leases, the rest of an unread window, and one to write to: then nobody need ever lose anything.
constexpr uint32_t kBuffers = 1 + kConsumers * kLeases + (kQueue - 1) + 1;
constexpr int64_t kHoldNs = 100;
constexpr int64_t kLeaseNs = 1000;

enum Op : uint8_t { kPoke, kClaim, kRace, kPublish, kTake, kRelease, kTime, kRejoin, kReclaim, kOps };

using Buffers = std::bitset<wire::kMaxBuffers>;

// Runs what the input has for the next step of a reclaim.
struct Between {
  static inline void (*run)(void*) = nullptr;
  static inline void* with = nullptr;
};
struct Hooked : wire::Rules {
  static void At(wire::Step step) {
    if (Between::run != nullptr && (step == wire::Step::kScanned || step == wire::Step::kGenerationChanged)) {
      Between::run(Between::with);
    }
  }
};

struct HeldFrame {
  wire::Claim claim;
  uint32_t buffer = 0;
  uint64_t sequence = 0;
};

struct Honest {
  wire::Taker<> taker;
  std::array<HeldFrame, kLeases> held;
  bool late = false;  // may have lost frames by its own doing
};

class Run {
 public:
  explicit Run(Reader& in) : in_(in) {
    std::memset(Memory(), 0, Bytes());
    page_ = wire::StreamPage::Create(Memory(), 0, kConsumers);
    producer_ = std::make_unique<wire::Producer<Hooked>>(
        page_, wire::Producer<Hooked>::Config{kConsumers, kLeases, kHoldNs, kLeaseNs});
    for (uint32_t i = 0; i < kBuffers; ++i) producer_->AddBuffer();
    for (uint32_t i = 0; i < kConsumers; ++i) pages_[i] = std::make_unique<wire::ClientPage>();
    liar_queue_ = in.Get<uint8_t>() % (kQueue + 1);
    producer_->Connect(kLiar, pages_[kLiar].get(), liar_queue_);
    for (uint32_t i : {1u, 2u}) {
      const uint32_t queue = i == 2 ? kQueue : 0;
      producer_->Connect(i, pages_[i].get(), queue);
      honest_[i].taker =
          wire::Taker<>(page_, pages_[i].get(),
                        {.consumer = i, .queue = queue, .await_key = false, .owner = producer_->owner(i), .base = 0});
    }
  }

  void Go() {
    while (!in_.empty()) {
      Do(static_cast<Op>(in_.Get<uint8_t>() % kOps));
      CheckHeld();
    }
    End();
  }

 private:
  static uint32_t Bytes() { return wire::StreamPage::Bytes(kConsumers); }
  static void* Memory() {
    static void* memory = std::aligned_alloc(64, Bytes());
    return memory;
  }

  void Do(Op op) {
    switch (op) {
      case kPoke: {
        const size_t word = in_.Get<uint16_t>() % (sizeof(wire::ClientPage) / 8);
        return Store(reinterpret_cast<wire::Word*>(pages_[kLiar].get())[word], in_.Get<uint64_t>());
      }
      case kClaim:
        return Lie();
      case kRace:
        races_ = in_.Get<uint8_t>() % 16;
        return;
      case kPublish:
        return Publish();
      case kTake:
        return Take(1 + in_.Get<uint8_t>() % 2);
      case kRelease: {
        Honest& one = honest_[1 + in_.Get<uint8_t>() % 2];
        return Release(one.held[in_.Get<uint8_t>() % kLeases]);
      }
      case kTime:
        now_ns_ += in_.Get<uint8_t>() * int64_t{10};
        return Expire();
      case kRejoin:
        producer_->Disconnect(kLiar);
        liar_queue_ = in_.Get<uint8_t>() % (kQueue + 1);
        producer_->Connect(kLiar, pages_[kLiar].get(), liar_queue_);
        revocations_[kLiar] = 0;
        return;
      default:
        honest_[2].late = true;  // with others free it is an unread frame that is given back
        Reclaim(in_.Get<uint8_t>() % (kBuffers + 1));
        return;
    }
  }

  void Store(wire::Word& word, uint64_t value) {
    word.store(value);
    if (const uint32_t buffer = wire::ClaimedBuffer(value); buffer < wire::kMaxBuffers) named_.set(buffer);
  }
  // A claim that counts, more often than not.
  void Lie() {
    const uint32_t slot = in_.Get<uint8_t>() % (kLeases + 1);
    const uint32_t buffer = in_.Get<uint8_t>() % (kBuffers + 2);
    const uint64_t epoch = page_.revoked(kLiar).load() - in_.Get<uint8_t>() / 200;
    Store(pages_[kLiar]->claim[slot], wire::ClaimValue(buffer, epoch, in_.Get<uint8_t>()));
  }
  static void Race(void* self) {
    auto* run = static_cast<Run*>(self);
    if (run->races_ == 0 || run->in_.empty()) return;
    --run->races_;
    const uint8_t who = run->in_.Get<uint8_t>() % kConsumers;
    return who == kLiar ? run->Lie() : run->Take(who);
  }

  Buffers HonestlyHeld() const {
    Buffers held;
    for (uint32_t i : {1u, 2u}) {
      for (const HeldFrame& frame : honest_[i].held) {
        if (frame.claim.word != nullptr && frame.claim.Valid()) held.set(frame.buffer);
      }
    }
    return held;
  }

  // What it gives is written to at once.
  uint32_t Reclaim(uint32_t want) {
    std::array<uint32_t, kBuffers> published{};
    uint32_t count = 0;
    for (uint32_t id = 0; id < kBuffers; ++id) {
      if (producer_->IsPublished(id)) published[count++] = id;
    }
    std::sort(published.begin(), published.begin() + count,
              [&](uint32_t a, uint32_t b) { return content_[a] < content_[b]; });
    named_.reset();
    for (uint32_t i = 0; i < kLeases; ++i) Store(pages_[kLiar]->claim[i], pages_[kLiar]->claim[i].load());
    const Buffers before = HonestlyHeld();
    std::array<uint32_t, kBuffers> taken{};
    Between::run = &Race;
    Between::with = this;
    const uint32_t got = producer_->Reclaim({published.data(), count}, want, now_ns_, taken.data(),
                                            [this](uint32_t who, const auto& holding) { Revoked(who, holding); });
    Between::run = nullptr;
    if (got > want) Fail("more buffers than wanted");
    const Buffers held = HonestlyHeld();
    for (uint32_t i = 0; i < got; ++i) {
      const uint32_t id = taken[i];
      if (id >= kBuffers || content_[id] == 0) Fail("a buffer that was not published is given back");
      if (content_[id] == producer_->sequence()) Fail("the newest frame is given back");
      if (held.test(id)) Fail("a buffer under a valid lease is given back");
      if (producer_->IsPublished(id)) Fail("a buffer is given back and still published");
      content_[id] = 0;
      free_.set(id);
    }
    // It can spoil what it names, and no more; it is the one to lose leases then.
    const size_t spoilt = (named_ | before | held).count() + 1;
    if (want > 0 && got == 0 && count > spoilt) Fail("nothing is given back although there is something");
    if ((before & ~held).any() && named_.count() <= kLeases && count > kConsumers * kLeases + 1) {
      Fail("an honest consumer has lost a lease although there were buffers");
    }
    return got;
  }

  void Publish() {
    if (free_.none() && Reclaim(1) == 0) return Dropped();
    uint32_t id = 0;
    while (!free_.test(id)) ++id;
    free_.reset(id);
    wire::Descriptor frame;
    frame.buffer = id;
    const uint32_t head = producer_->Publish(frame);
    content_[id] = producer_->sequence();
    (void)wire::WantsRing(*pages_[kLiar], head);
    Honest& queued = honest_[2];
    queued.late = queued.late || producer_->sequence() - queued.taker.last() > kQueue;
  }
  void Dropped() {
    if (named_.count() <= kLeases) Fail("a frame is dropped although the pool has room for every lie");
  }

  void Take(uint32_t who) {
    Honest& one = honest_[who];
    const auto free =
        std::find_if(one.held.begin(), one.held.end(), [](const HeldFrame& f) { return f.claim.word == nullptr; });
    if (free == one.held.end()) return;
    wire::Descriptor frame;
    const auto known = [](uint32_t, uint32_t) { return true; };
    const auto outcome = one.taker.Take(static_cast<uint32_t>(free - one.held.begin()), known, &frame, &free->claim);
    if (outcome == wire::Taker<>::Outcome::kTaken) {
      free->buffer = frame.buffer;
      free->sequence = frame.sequence;
    } else {
      free->claim = {};
      if (outcome != wire::Taker<>::Outcome::kNothing) Fail("an honest consumer is cut off");
      if (who == 1 && one.taker.last() != producer_->sequence()) Fail("the newest frame cannot be had");
    }
    if (who == 2 && !one.late && one.taker.skipped(VSTREAM_DROP_OVERRUN) != 0) {
      Fail("a consumer that keeps up has lost a frame");
    }
  }
  static void Release(HeldFrame& frame) {
    if (frame.claim.word != nullptr) frame.claim.Release();
    frame = {};
  }

  void Revoked(uint32_t who, const wire::Producer<Hooked>::Holding& holding) {
    if (who >= kConsumers || holding.leases == 0 || holding.leases > kLeases) Fail("a revocation of nothing");
    if (holding.age_ns < kHoldNs) Fail("a revocation of what is young");
    revocations_[who] += holding.leases;
  }
  void Expire() {
    producer_->Expire(now_ns_, [this](uint32_t who, const auto& holding) { Revoked(who, holding); });
    for (uint32_t i = 0; i < kConsumers; ++i) {
      const auto holding = producer_->HoldingOf(i, now_ns_);
      if (holding.leases > kLeases || holding.age_ns < 0) Fail("more leases than there are");
      if (holding.leases > 0 && holding.age_ns >= kLeaseNs) Fail("a lease that does not end");
      if (producer_->revocations(i) != revocations_[i]) Fail("revocations are not counted");
    }
  }

  void CheckHeld() const {
    for (uint32_t i : {1u, 2u}) {
      uint64_t skipped = 0;
      for (uint32_t reason = 0; reason < VSTREAM_DROP_REASONS; ++reason) {
        skipped += honest_[i].taker.skipped(reason);
      }
      if (honest_[i].taker.taken() + skipped != honest_[i].taker.last())
        Fail("taken and skipped are not what was passed");
      for (const HeldFrame& frame : honest_[i].held) {
        if (frame.claim.word == nullptr || !frame.claim.Valid()) continue;
        if (content_[frame.buffer] != frame.sequence) Fail("a frame has changed under a valid lease");
      }
    }
  }

  // A claim ends with the lease time, under whatever nonce. When the liar has gone and everybody else has let go, all
  // but the newest is free.
  void End() {
    races_ = 0;
    for (wire::Word& claim : pages_[kLiar]->claim) claim.store(0);
    Expire();
    for (uint32_t nonce : {1u, 2u, 3u}) {
      const uint64_t epoch = page_.revoked(kLiar).load();
      if (nonce != 3) pages_[kLiar]->claim[0].store(wire::ClaimValue(0, epoch, nonce));
      if (nonce == 2) now_ns_ += kLeaseNs;
      Expire();
    }
    if (producer_->HoldingOf(kLiar, now_ns_).leases != 0) Fail("a claim that never ends");
    producer_->Disconnect(kLiar);
    for (uint32_t i : {1u, 2u}) {
      for (HeldFrame& frame : honest_[i].held) Release(frame);
    }
    while (Reclaim(kBuffers) > 0) {
    }
    const size_t newest = producer_->sequence() > 0 ? 1 : 0;
    if (free_.count() + newest != kBuffers) Fail("buffers are still held by somebody who has gone");
  }

  Reader& in_;
  wire::StreamPage page_;
  std::unique_ptr<wire::Producer<Hooked>> producer_;
  std::array<std::unique_ptr<wire::ClientPage>, kConsumers> pages_;
  std::array<Honest, kConsumers> honest_;
  std::array<uint64_t, kBuffers> content_{};  // sequence of the frame in each buffer; 0: none
  std::bitset<kBuffers> free_ = std::bitset<kBuffers>().set();
  std::array<uint64_t, kConsumers> revocations_{};
  Buffers named_;  // by the liar, during the last reclaim
  uint32_t liar_queue_ = 0;
  uint32_t races_ = 0;  // lies that are told between steps
  int64_t now_ns_ = 1'000'000;
};

}  // namespace

const uint64_t kLongRun = 1'000'000;

std::vector<Bytes> Corpus() {
  std::vector<Bytes> all;
  for (const uint8_t queue : {0, 4}) {
    Writer out;
    out.Put(queue);
    // Others work while it claims what it likes.
    for (uint8_t i = 0; i < 30; ++i) {
      out.Put(uint8_t{kPublish});
      out.Put(uint8_t{kClaim})
          .Put(static_cast<uint8_t>(i % 3))
          .Put(static_cast<uint8_t>(i % 13))
          .Put(uint8_t{0})
          .Put(i);
      out.Put(uint8_t{kTake}).Put(uint8_t{0}).Put(uint8_t{kTake}).Put(uint8_t{1});
      if (i % 2 == 0) continue;
      for (const uint8_t who : {0, 1}) {
        for (const uint8_t which : {0, 1}) out.Put(uint8_t{kRelease}).Put(who).Put(which);
      }
    }
    all.push_back(out.bytes);
    // Time passes, it comes and goes.
    out.Put(uint8_t{kTime}).Put(uint8_t{60}).Put(uint8_t{kPublish}).Put(uint8_t{kTime}).Put(uint8_t{60});
    out.Put(uint8_t{kRejoin}).Put(uint8_t{2}).Put(uint8_t{kPublish}).Put(uint8_t{kReclaim}).Put(uint8_t{9});
    out.Put(uint8_t{kPoke}).Put(uint16_t{1}).Put(~uint64_t{0});
    all.push_back(out.bytes);
    // It changes its mind while buffers are looked for.
    Writer race;
    race.Put(queue);
    for (uint8_t i = 0; i < 14; ++i) race.Put(uint8_t{kPublish});
    for (uint8_t i = 0; i < 12; ++i) {
      race.Put(uint8_t{kRace}).Put(uint8_t{3}).Put(uint8_t{kPublish});
      for (uint8_t k = 0; k < 3; ++k) {
        race.Put(static_cast<uint8_t>((i + k) % 3));
        if ((i + k) % 3 != kLiar) continue;
        race.Put(k).Put(static_cast<uint8_t>((i + k) % 12)).Put(uint8_t{0}).Put(k);
      }
      race.Put(uint8_t{kTake}).Put(uint8_t{1});
    }
    all.push_back(race.bytes);
  }
  return all;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reader in(data, size);
  Run(in).Go();
  return 0;
}

}  // namespace videostream::fuzz

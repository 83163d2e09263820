// SPDX-License-Identifier: Apache-2.0
#include "wire/reclaim.h"

#include "tests/wire/memory.h"

namespace videostream::wire {
namespace {

using Ids = std::vector<uint32_t>;

// The newest frame is taken away although every `latest` consumer is about to look at it.
TEST(ReclaimTest, NeverTheNewest) {
  World<> w;
  w.Publish(w.ids[0]);
  EXPECT_EQ(w.Reclaim(w.ids, 4), Ids{});
  w.Publish(w.ids[1]);
  EXPECT_EQ(w.Reclaim(w.ids, 4), Ids{w.ids[0]});
  EXPECT_FALSE(w.producer.IsPublished(w.ids[0]));
  EXPECT_TRUE(w.producer.IsPublished(w.ids[1]));
}

// Buffers are taken in another order than the oldest first, or more than are wanted.
TEST(ReclaimTest, OldestFirstAndNoMoreThanWanted) {
  World<> w(6);
  for (uint32_t i = 0; i < 5; ++i) w.Publish(w.ids[i]);
  EXPECT_EQ(w.Reclaim({w.ids[0], w.ids[1], w.ids[2], w.ids[3], w.ids[4]}, 2), (Ids{w.ids[0], w.ids[1]}));
  EXPECT_EQ(w.Reclaim({w.ids[0], w.ids[1], w.ids[2], w.ids[3], w.ids[4]}, 9), (Ids{w.ids[2], w.ids[3]}));
}

// A buffer under a lease is given to the writer.
TEST(ReclaimTest, ClaimedBuffersAreLeftAlone) {
  World<> w;
  auto c = w.Join(3);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(c->Take(0));
  Claim first = c->claim;
  w.Publish(w.ids[1]);
  ASSERT_TRUE(c->Take(1));
  w.Publish(w.ids[2]);
  w.Publish(w.ids[3]);
  EXPECT_EQ(w.Reclaim(w.ids, 4), Ids{w.ids[2]});
  EXPECT_EQ(w.Reclaim(w.ids, 4), Ids{}) << "held, and too young to be revoked";
  first.Release();
  EXPECT_EQ(w.Reclaim(w.ids, 4), Ids{w.ids[0]});
  EXPECT_TRUE(c->claim.Valid());
  EXPECT_TRUE(w.revoked.empty());
}

// Slots beyond the granted number pin buffers.
TEST(ReclaimTest, ClaimsBeyondTheGrantedLeasesDoNotCount) {
  World<> w(4, 2);
  auto c = w.Join(0);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(c->Take(2));
  w.Publish(w.ids[1]);
  EXPECT_EQ(w.Reclaim(w.ids), Ids{w.ids[0]});
}

// The unread frames of a queue are taken while something else is there, or are never taken.
TEST(ReclaimTest, UnreadWindowOnlyWhileSomethingElseIsFree) {
  World<> w(6);
  auto c = w.Join(0, 3);
  for (uint32_t i = 0; i < 5; ++i) w.Publish(w.ids[i]);
  EXPECT_EQ(w.Reclaim(w.ids, 9), (Ids{w.ids[0], w.ids[1]})) << "3, 4, 5 are unread";
  EXPECT_EQ(w.Reclaim(w.ids, 9), Ids{w.ids[2]}) << "one, since nothing else is left";
  ASSERT_TRUE(c->Take());
  EXPECT_EQ(c->d.sequence, 4u);
  EXPECT_EQ(c->taker.skipped(VSTREAM_DROP_OVERRUN), 3u);
}

// A cursor that lies keeps the whole pool.
TEST(ReclaimTest, UnreadWindowIsBoundedByTheGrantedDepth) {
  World<> w(6);
  auto c = w.Join(0, 2);
  for (uint32_t i = 0; i < 5; ++i) w.Publish(w.ids[i]);
  c->page->cursor.store(0);
  EXPECT_EQ(w.Reclaim(w.ids, 9), (Ids{w.ids[0], w.ids[1], w.ids[2]}));
  c->page->cursor.store(~uint64_t{0});
  EXPECT_EQ(w.Reclaim(w.ids, 9), Ids{w.ids[3]});
}

// A stalled consumer starves everyone, or loses its lease before its time.
TEST(ReclaimTest, LongestHolderIsRevokedAfterItsHoldTime) {
  World<> w(3);
  auto a = w.Join(0);
  auto b = w.Join(1);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(a->Take());
  EXPECT_EQ(w.Reclaim(w.ids), Ids{});  // first sight of a's claim, at 0
  w.now = 10;
  w.Publish(w.ids[1]);
  ASSERT_TRUE(b->Take());
  EXPECT_EQ(w.Reclaim(w.ids), Ids{});  // of b's, at 10
  w.Publish(w.ids[2]);
  w.now = 99;
  EXPECT_EQ(w.Reclaim(w.ids), Ids{});
  w.now = 110;
  EXPECT_EQ(w.Reclaim(w.ids, 3), Ids{w.ids[0]}) << "one, from the longest holder";
  EXPECT_EQ(w.revoked, Ids{0});
  EXPECT_FALSE(a->claim.Valid());
  EXPECT_TRUE(b->claim.Valid());
  EXPECT_EQ(w.producer.revocations(0), 1u);
}

// A consumer is revoked although that frees nothing, since another one holds the same frame and is young.
TEST(ReclaimTest, NobodyIsRevokedInVain) {
  World<> w(3);
  auto a = w.Join(0);
  auto b = w.Join(1);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(a->Take());
  EXPECT_EQ(w.Reclaim(w.ids), Ids{});
  w.now = 90;
  ASSERT_TRUE(b->Take());
  w.Publish(w.ids[1]);
  ASSERT_TRUE(b->Take(1));
  w.Publish(w.ids[2]);
  EXPECT_EQ(w.Reclaim(w.ids), Ids{});
  w.now = 150;
  EXPECT_EQ(w.Reclaim(w.ids), Ids{}) << "a is overdue, but b holds the frame as well";
  EXPECT_TRUE(a->claim.Valid());
  w.now = 190;
  EXPECT_EQ(w.Reclaim(w.ids), Ids{w.ids[0]});
  EXPECT_EQ(w.revoked, (Ids{0, 1}));
}

// A consumer that claims the same frame again and again under new nonces stays young for ever.
TEST(ReclaimTest, NewNonceOnTheSameFrameIsNoYounger) {
  World<> w(2);
  auto c = w.Join(0);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(c->Take());
  w.Publish(w.ids[1]);
  EXPECT_EQ(w.Reclaim(w.ids), Ids{});
  w.now = World<>::kHold;
  c->page->claim[0].store(ClaimValue(w.ids[0], c->claim.epoch, 99));
  EXPECT_EQ(w.Reclaim(w.ids), Ids{w.ids[0]});
}

// A forgotten release is never noticed, or a lease that was just taken is.
TEST(ReclaimTest, LeaseTimeEndsALeaseInAnyCase) {
  World<> w;
  auto c = w.Join(0);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(c->Take());
  w.Expire();
  w.now = World<>::kLease - 1;
  w.Expire();
  EXPECT_TRUE(c->claim.Valid());
  w.now = World<>::kLease;
  w.Expire();
  EXPECT_FALSE(c->claim.Valid());
  w.now += World<>::kLease;
  w.Expire();
  EXPECT_EQ(w.revoked, Ids{0}) << "once: the old claim counts no longer";
}

// Death of a consumer leaks what it held.
TEST(ReclaimTest, DisconnectFreesEverything) {
  World<> w(2);
  auto c = w.Join(5);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(c->Take());
  w.Publish(w.ids[1]);
  EXPECT_EQ(w.Reclaim(w.ids), Ids{});
  w.producer.Disconnect(5);
  EXPECT_EQ(w.Reclaim(w.ids), Ids{w.ids[0]});
  EXPECT_FALSE(c->claim.Valid());
}

// A claim of the former owner of a slot pins a buffer for the next one.
TEST(ReclaimTest, ReusedSlotBeginsWithoutClaims) {
  World<> w(2);
  auto c = w.Join(0);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(c->Take());
  w.Publish(w.ids[1]);
  w.producer.Disconnect(0);
  w.producer.Connect(0, c->page, 0);  // the same page, as if its content had survived
  EXPECT_EQ(w.Reclaim(w.ids), Ids{w.ids[0]});
}

// A claim between the producer's first look and its change of the generation.
template <class R>
bool WritesUnderAValidLease() {
  World<R> w(3);
  auto c = w.Join(0, 3);
  for (uint32_t i = 0; i < 3; ++i) w.Publish(w.ids[i]);
  bool leased = false;
  const HookScope scope([&](Step step) {
    if (step == Step::kScanned && !leased) leased = c->Take() && c->d.buffer == w.ids[0];
  });
  const Ids taken = w.Reclaim({w.ids[0]});
  EXPECT_TRUE(leased);
  return !taken.empty() && c->claim.Valid();
}
struct OneScan : Hooked {
  static constexpr bool kSecondScan = false;
};
// Without the second scan the frame is written while somebody reads it.
TEST(ReclaimTest, SecondScanFindsTheClaimInBetween) {
  EXPECT_FALSE(WritesUnderAValidLease<Hooked>());
  EXPECT_TRUE(WritesUnderAValidLease<OneScan>()) << "the variant should have been caught writing";
}

// A claim that is about to fail makes its buffer unusable for good.
TEST(ReclaimTest, BufferSkippedForAFailingClaimComesBack) {
  World<Hooked> w(3);
  auto c = w.Join(0, 3);
  for (uint32_t i = 0; i < 3; ++i) w.Publish(w.ids[i]);
  const HookScope scope([&](Step step) {
    if (step == Step::kGenerationChanged) c->page->claim[1].store(ClaimValue(w.ids[0], c->claim.epoch, 7));
  });
  c->claim.epoch = w.page.revoked(0).load();
  EXPECT_EQ(w.Reclaim({w.ids[0]}), Ids{});
  Hooked::hook = nullptr;
  c->page->claim[1].store(0);
  EXPECT_EQ(w.Reclaim({w.ids[0]}), Ids{w.ids[0]});
}

// A consumer stops between descriptor and claim, while the buffer is used for another frame and published again.
template <class R>
bool TakesTheWrongFrame() {
  World<R> w(3);
  auto c = w.Join(0, 3);
  w.Publish(w.ids[0]);
  w.Publish(w.ids[1]);
  bool done = false;
  const HookScope scope([&](Step step) {
    if (step != Step::kBeforeClaim || done) return;
    done = true;
    EXPECT_EQ(w.Reclaim({w.ids[0]}).size(), 1u);
    w.Publish(w.ids[0]);  // as frame 3
  });
  // What is in the buffer is frame 3; does the consumer believe that it has frame 1?
  return c->Take() && c->d.sequence == 1;
}
struct RestartingGenerations : Hooked {
  static uint64_t Generation(uint64_t sequence) { return sequence % 2; }  // 1 and 3 look the same
};
// Generations that come again let a consumer take one frame for another.
TEST(ReclaimTest, GenerationsNeverComeAgain) {
  EXPECT_FALSE(TakesTheWrongFrame<Hooked>());
  EXPECT_TRUE(TakesTheWrongFrame<RestartingGenerations>()) << "the variant should have been fooled";
}

// A new set begins to count again, and an old descriptor fits a new frame.
TEST(ReclaimTest, BufferIdsOfANewSetGoOnCounting) {
  World<> w(1);
  w.Publish(w.ids[0]);
  std::vector<uint64_t> seen{w.page.generation(w.ids[0]).load()};
  for (int i = 0; i < 3; ++i) {
    w.producer.RemoveBuffer(w.ids[0]);
    for (uint32_t id = w.producer.AddBuffer(); id != w.ids[0]; id = w.producer.AddBuffer()) {
      w.producer.RemoveBuffer(id);  // round and round
    }
    w.Publish(w.ids[0]);
    const uint64_t generation = w.page.generation(w.ids[0]).load();
    EXPECT_GT(generation, seen.back());
    seen.push_back(generation);
  }
}

// A revoked claim that counts again pins a buffer whose lease is void: revocation would free nothing.
struct NoEpochs : Rules {
  static constexpr bool kHonourEpochs = false;
};
TEST(ReclaimTest, RevokedClaimsCountNoLonger) {
  const auto reclaimed_after_revocation = [](auto world) {
    auto c = world->Join(0);
    world->Publish(world->ids[0]);
    EXPECT_TRUE(c->Take());
    world->Publish(world->ids[1]);
    world->Reclaim(world->ids);
    world->now = World<>::kHold;
    return world->Reclaim(world->ids).size();
  };
  EXPECT_EQ(reclaimed_after_revocation(std::make_unique<World<>>(2)), 1u);
  EXPECT_EQ(reclaimed_after_revocation(std::make_unique<World<NoEpochs>>(2)), 0u) << "the variant should be stuck";
}

// Nonsense in a client page crashes the producer or takes the pool.
TEST(ReclaimTest, HostilePageCostsAtMostItsLeases) {
  World<> w(5);
  auto c = w.Join(0, 1);
  for (uint32_t i = 0; i < 5; ++i) w.Publish(w.ids[i]);
  std::memset(static_cast<void*>(c->page), 0xff, sizeof(ClientPage));
  EXPECT_EQ(w.Reclaim(w.ids, 9).size(), 4u);
  for (uint32_t i = 0; i < 4; ++i) w.Publish(w.ids[i]);
  const uint64_t epoch = w.page.revoked(0).load();
  for (uint32_t i = 0; i < kMaxLeases; ++i) c->page->claim[i].store(ClaimValue(w.ids[i % 5], epoch, i));
  EXPECT_EQ(w.Reclaim(w.ids, 9).size(), 5u - 2u - 1u) << "two leases and the newest";
  w.now = World<>::kLease;
  w.Expire();
  EXPECT_EQ(w.Reclaim(w.ids, 9).size(), 2u);
  EXPECT_EQ(w.producer.HoldingOf(0, w.now).leases, 0u);
}

// Ids run out although buffers are removed.
TEST(ReclaimTest, BufferIdsAreUsedAgain) {
  World<> w(0);
  Ids living;
  for (uint32_t i = 0; i < 3 * kMaxBuffers; ++i) {
    const uint32_t id = w.producer.AddBuffer();
    ASSERT_LT(id, kMaxBuffers);
    living.push_back(id);
    if (living.size() <= 64) continue;
    w.producer.RemoveBuffer(living.front());
    living.erase(living.begin());
  }
  for (uint32_t i = 64; i < kMaxBuffers; ++i) ASSERT_LT(w.producer.AddBuffer(), kMaxBuffers);
  EXPECT_EQ(w.producer.AddBuffer(), kMaxBuffers);
}

}  // namespace
}  // namespace videostream::wire

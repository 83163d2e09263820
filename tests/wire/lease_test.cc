// SPDX-License-Identifier: Apache-2.0
#include "wire/lease.h"

#include "tests/wire/memory.h"

namespace videostream::wire {
namespace {

using Outcome = Taker<>::Outcome;

template <class R>
uint64_t Sum(const Taker<R>& t) {
  uint64_t sum = t.taken();
  for (uint32_t i = 0; i < VSTREAM_DROP_REASONS; ++i) sum += t.skipped(i);
  return sum;
}

// Claim words that lose a part, or look alike twice.
TEST(Claims, PackAndUnpack) {
  const uint64_t claim = ClaimValue(1023, 0x12345, 7);
  EXPECT_EQ(ClaimedBuffer(claim), 1023u);
  EXPECT_TRUE(ClaimHasEpoch(claim, 0x2345));
  EXPECT_FALSE(ClaimHasEpoch(claim, 0x2346));
  EXPECT_GE(ClaimedBuffer(0), kMaxBuffers);
  EXPECT_NE(ClaimValue(1, 1, 1), ClaimValue(1, 1, 2));
  EXPECT_NE(ClaimValue(0, 0, 0), 0u);
}

// `latest` gives an old frame, one twice, or miscounts what it passed over.
TEST(TakerTest, LatestGivesTheNewestOnce) {
  World<> w;
  auto c = w.Join(0);
  EXPECT_FALSE(c->Take());
  for (uint32_t i = 0; i < 3; ++i) w.Publish(w.ids[i]);
  ASSERT_TRUE(c->Take());
  EXPECT_EQ(c->d.sequence, 3u);
  EXPECT_EQ(c->taker.skipped(VSTREAM_DROP_OVERRUN), 2u);
  EXPECT_EQ(c->taker.gaps(), 1u);
  EXPECT_FALSE(c->Take(1));
  EXPECT_EQ(c->taker.published(), Sum(c->taker));
  EXPECT_EQ(c->page->taken.load(), 1u);
  EXPECT_EQ(c->page->skipped[VSTREAM_DROP_OVERRUN].load(), 2u);
}

// `queue` loses or reorders frames while there is room, or counts an overrun wrongly.
TEST(TakerTest, QueueGivesEveryFrameUpToItsDepth) {
  World<> w(8);
  auto c = w.Join(0, 3);
  for (uint32_t i = 0; i < 3; ++i) w.Publish(w.ids[i]);
  for (uint64_t s = 1; s <= 2; ++s) {
    ASSERT_TRUE(c->Take());
    EXPECT_EQ(c->d.sequence, s);
    EXPECT_EQ(c->page->cursor.load(), s);
    c->claim.Release();
  }
  for (uint32_t i = 3; i < 8; ++i) w.Publish(w.ids[i]);  // 3..8 wait: three too many
  ASSERT_TRUE(c->Take());
  EXPECT_EQ(c->d.sequence, 6u);
  EXPECT_EQ(c->taker.skipped(VSTREAM_DROP_OVERRUN), 3u);
  EXPECT_EQ(c->taker.published(), 8u);
  EXPECT_EQ(Sum(c->taker) + 2, 8u) << "two are waiting";
}

// Frames from before the subscription are counted or delivered.
TEST(TakerTest, BeginsAfterItsBase) {
  World<> w;
  w.Publish(w.ids[0]);
  auto c = w.Join(0);
  EXPECT_FALSE(c->Take());
  w.Publish(w.ids[1]);
  ASSERT_TRUE(c->Take());
  EXPECT_EQ(c->taker.published(), 1u);
  EXPECT_EQ(Sum(c->taker), 1u);
}

// A frame whose buffer was taken back between descriptor and claim is handed out.
struct Blind : Hooked {
  static constexpr bool kCheckGeneration = false;
};
template <class R>
bool TakesWhatWasReclaimed() {
  World<R> w(3);
  auto c = w.Join(0);
  w.Publish(w.ids[0]);
  w.Publish(w.ids[1]);
  bool reclaimed = false;
  const HookScope scope([&](Step step) {
    if (step != Step::kBeforeClaim || reclaimed) return;
    w.Publish(w.ids[2]);  // so that the frame being taken is no longer the newest
    reclaimed = w.Reclaim({w.ids[1]}) == std::vector<uint32_t>{w.ids[1]};
  });
  const bool took = c->Take();
  EXPECT_TRUE(reclaimed);
  if (took && c->d.sequence == 3) {
    EXPECT_EQ(Sum(c->taker), 3u) << "the lost frame is not counted";
  }
  return took && c->d.sequence == 2;
}
TEST(TakerTest, GenerationIsCheckedAfterTheClaim) {
  EXPECT_FALSE(TakesWhatWasReclaimed<Hooked>());
  EXPECT_TRUE(TakesWhatWasReclaimed<Blind>()) << "the variant should have been fooled";
}

// A revoked lease that still looks valid, or a valid one that does not.
TEST(TakerTest, LeaseIsValidUntilRevoked) {
  World<> w;
  auto c = w.Join(0);
  w.Publish(w.ids[0]);
  ASSERT_TRUE(c->Take());
  EXPECT_TRUE(c->claim.Valid());
  w.producer.Revoke(0, w.now, [](auto...) {});
  EXPECT_FALSE(c->claim.Valid());
  c->claim.Release();
  w.Publish(w.ids[1]);
  ASSERT_TRUE(c->Take()) << "and it goes on with the new epoch";
  EXPECT_TRUE(c->claim.Valid());
}

// A consumer whose slot was given away goes on taking frames that nobody keeps for it.
struct AnyOwner : Rules {
  static constexpr bool kCheckOwner = false;
};
TEST(TakerTest, DisconnectedConsumerTakesNothing) {
  World<> w;
  auto c = w.Join(0);
  w.producer.Disconnect(0);
  w.Publish(w.ids[0]);
  EXPECT_EQ(c->taker.Take(0, AllKnown, &c->d, &c->claim), Outcome::kEnded);
  EXPECT_EQ(c->page->claim[0].load(), 0u);
  auto next = w.Join(0);
  w.Publish(w.ids[1]);
  EXPECT_EQ(c->taker.Take(0, AllKnown, &c->d, &c->claim), Outcome::kEnded);
  EXPECT_TRUE(next->Take());
  c->taker.Finish();
  EXPECT_EQ(c->taker.published(), Sum(c->taker));

  World<AnyOwner> wrong;
  auto victim = wrong.Join(0);
  wrong.producer.Disconnect(0);
  wrong.Publish(wrong.ids[0]);
  wrong.Publish(wrong.ids[1]);
  EXPECT_TRUE(victim->Take());
  wrong.Publish(wrong.ids[2]);
  EXPECT_EQ(wrong.Reclaim({wrong.ids[1]}).size(), 1u);
  EXPECT_TRUE(victim->claim.Valid()) << "the variant should have been fooled: the buffer is being overwritten";
}

// A frame of a set that is not mapped yet is lost, or used without its mapping.
TEST(TakerTest, UnknownSetWaitsAndEndedSetIsSkipped) {
  World<> w;
  auto c = w.Join(0, 4);
  w.Publish(w.ids[0]);
  const auto nothing_known = [](uint32_t, uint32_t) { return false; };
  EXPECT_EQ(c->taker.Take(0, nothing_known, &c->d, &c->claim), Outcome::kUnknownSet);
  EXPECT_EQ(c->taker.last(), 0u);
  w.producer.RemoveBuffer(w.ids[0]);
  EXPECT_EQ(c->taker.Take(0, nothing_known, &c->d, &c->claim), Outcome::kNothing);
  EXPECT_EQ(c->taker.skipped(VSTREAM_DROP_OVERRUN), 1u);
}

// A decoder is given packets that refer to ones it never saw.
TEST(TakerTest, PacketsBeginAtAKeyFrameAndAgainAfterAGap) {
  World<> w(8);
  auto c = w.Join(0, 2, true);
  w.Publish(w.ids[0]);
  EXPECT_FALSE(c->Take());
  EXPECT_TRUE(c->taker.awaiting_key());
  EXPECT_EQ(c->taker.skipped(VSTREAM_DROP_AWAIT_KEY), 1u);
  w.Publish(w.ids[1], VSTREAM_FRAME_KEY);
  w.Publish(w.ids[2]);
  ASSERT_TRUE(c->Take(0));
  EXPECT_EQ(c->d.sequence, 2u);
  ASSERT_TRUE(c->Take(1));
  EXPECT_EQ(c->d.sequence, 3u);
  c->claim.Release();
  for (uint32_t i = 3; i < 6; ++i) w.Publish(w.ids[i]);  // 4 is one too many
  EXPECT_FALSE(c->Take(1));
  EXPECT_EQ(c->taker.skipped(VSTREAM_DROP_OVERRUN), 1u);
  EXPECT_EQ(c->taker.skipped(VSTREAM_DROP_AWAIT_KEY), 3u);
  w.Publish(w.ids[6], VSTREAM_FRAME_KEY);
  ASSERT_TRUE(c->Take(1));
  EXPECT_EQ(c->d.sequence, 7u);
  EXPECT_EQ(c->taker.published(), Sum(c->taker));
}

}  // namespace
}  // namespace videostream::wire

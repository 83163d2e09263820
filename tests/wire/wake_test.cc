// SPDX-License-Identifier: Apache-2.0
#include "wire/wake.h"

#include "tests/wire/memory.h"

namespace videostream::wire {
namespace {

struct WakeTest : ::testing::Test {
  World<Hooked> world;
  std::unique_ptr<World<Hooked>::Consumer> c = world.Join(0);
  uint32_t head() { return world.page.header().head.load(); }
};

// A consumer that never asked is rung, or one that asked is rung for every frame.
TEST_F(WakeTest, RingsOncePerArming) {
  EXPECT_FALSE(WantsRing(*c->page, AdvanceHead(world.page)));
  ASSERT_TRUE(Arm(*c->page, world.page, head()));
  EXPECT_TRUE(WantsRing(*c->page, AdvanceHead(world.page)));
  EXPECT_FALSE(WantsRing(*c->page, AdvanceHead(world.page)));
  ASSERT_TRUE(Arm(*c->page, world.page, head()));
  EXPECT_TRUE(WantsRing(*c->page, AdvanceHead(world.page)));
}

// The head wraps to a value that looks like "not armed".
TEST_F(WakeTest, HeadMayWrap) {
  world.page.header().head.store(0xffffffff);
  ASSERT_TRUE(Arm(*c->page, world.page, 0xffffffff));
  EXPECT_TRUE(WantsRing(*c->page, AdvanceHead(world.page)));
  EXPECT_EQ(head(), 0u);
  ASSERT_TRUE(Arm(*c->page, world.page, 0));
  EXPECT_NE(c->page->armed.load(), 0u);
  EXPECT_TRUE(WantsRing(*c->page, AdvanceHead(world.page)));
}

// A frame between the last look and arming: neither rung for nor noticed.
TEST_F(WakeTest, FrameBeforeArmingIsNoticed) {
  const uint32_t seen = head();
  EXPECT_FALSE(WantsRing(*c->page, AdvanceHead(world.page)));
  EXPECT_FALSE(Arm(*c->page, world.page, seen)) << "would sleep with a frame there";
}

struct NoRearmCheck : Hooked {
  static constexpr bool kRearmCheck = false;
};
// The second look at head is what saves that wake-up.
TEST_F(WakeTest, WithoutTheSecondLookAWakeUpIsLost) {
  const uint32_t seen = head();
  const bool rung = WantsRing(*c->page, AdvanceHead(world.page));
  const bool sleeps = Arm<NoRearmCheck>(*c->page, world.page, seen);
  EXPECT_TRUE(sleeps && !rung) << "the variant should have lost it";
}

// A frame between the two operations of arming: it must be seen by one side at least.
TEST_F(WakeTest, FrameWhileArmingIsSeenByOneSide) {
  bool rung = false;
  const HookScope scope([&](Step step) {
    if (step == Step::kArmed) rung = WantsRing(*c->page, AdvanceHead(world.page));
  });
  const bool sleeps = Arm<Hooked>(*c->page, world.page, head());
  EXPECT_TRUE(rung);
  EXPECT_FALSE(sleeps);
}

}  // namespace
}  // namespace videostream::wire

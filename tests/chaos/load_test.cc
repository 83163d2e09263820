// SPDX-License-Identifier: Apache-2.0
// The load itself: it loses nothing when nobody attacks, and it sees what it is there to see.
#include "tests/chaos/load.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/backends/shm/raw_consumer.h"

namespace videostream::chaos {
namespace {

struct LoadTest : testing::Test {
  const testing::ScopedTrace trace{__FILE__, __LINE__, "seed " + std::to_string(Seed())};
  LoadTest() { WatchTest(); }
};

// Bug: the harness itself loses frames, or counts wrongly: every other test here would say nothing.
TEST_F(LoadTest, IsEvenWithoutAnAttack) {
  Load load;
  ASSERT_TRUE(load.Start()) << load.Why();
  ASSERT_TRUE(load.AwaitFrames(2000)) << load.Why();
  load.Finish();
  EXPECT_GE(load.final_books().published, 2000U);
  for (size_t i = 0; i < load.healthy(); ++i) EXPECT_GT(load.books().healthy[i].checked.load(), 0U) << i;
}

// Bug: a load that does not stop when told to, or does not go on.
TEST_F(LoadTest, PausesAndGoesOn) {
  Load load;
  ASSERT_TRUE(load.Start()) << load.Why();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(load.Pause()) << load.Why();
    const uint64_t then = load.published();
    for (int k = 0; k < 20; ++k) EXPECT_EQ(load.Ask().published, then);
    load.Resume();
    ASSERT_TRUE(load.AwaitFrames(20)) << load.Why();
  }
  load.Finish();
}

// Bug: somebody who is still there, or descriptors that are left, go unnoticed.
TEST_F(LoadTest, SeesWhoIsThere) {
  Load load;
  ASSERT_TRUE(load.Start()) << load.Why();
  const ProducerBooks before = load.Ask();
  EXPECT_EQ(before.consumers, load.healthy());
  EXPECT_EQ(Load::Find(before, ::getpid()), nullptr);
  EXPECT_GT(before.memfds, 0U);
  EXPECT_GT(before.mappings, 0U);
  {
    test::RawConsumer raw(load.path());
    ASSERT_TRUE(raw.connected) << Context();
    EXPECT_TRUE(load.AwaitBooks([&](const ProducerBooks& books) { return books.fds == before.fds + 1; })) << load.Why();
  }
  EXPECT_TRUE(load.AwaitOnlyHealthy()) << load.Why();
  load.Finish();
}

// Bug: a process of the load that dies is waited for in vain, or not missed.
TEST_F(LoadTest, MissesAHealthyConsumer) {
  Load load;
  ASSERT_TRUE(load.Start()) << load.Why();
  ::kill(load.books().healthy[2].pid, SIGKILL);
  while (load.AwaitFrames(1)) {
  }
  EXPECT_NE(load.Why().find("a healthy consumer"), std::string::npos) << load.Why();
  EXPECT_NE(load.Why().find("signal 9"), std::string::npos) << load.Why();
}

}  // namespace
}  // namespace videostream::chaos

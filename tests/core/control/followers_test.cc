// SPDX-License-Identifier: Apache-2.0
// Who waits for events, and for whom the end has to wait.
#include "core/control/followers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/base/clock.h"

namespace videostream {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class FollowersTest : public testing::Test {
 protected:
  void SetUp() override { alarm(60); }  // a wait for nobody lasts an hour
  void TearDown() override { alarm(0); }
};

// Would catch: clients that wait in such numbers that nobody else is served, and seats that are lost.
TEST_F(FollowersTest, SeatsAreCounted) {
  Followers sut(2);
  EXPECT_TRUE(sut.Sit());
  EXPECT_TRUE(sut.Sit());
  EXPECT_FALSE(sut.Sit());
  sut.Rise();
  EXPECT_TRUE(sut.Sit());
  EXPECT_FALSE(sut.Sit());
}

// Would catch: an end that waits for clients which know of it, or for nobody at all.
TEST_F(FollowersTest, NobodyIsAwaitedWhoHasBeenTold) {
  Followers sut(2);
  sut.AwaitAll(hours(1));
  ASSERT_TRUE(sut.Sit());
  sut.Answered(7, true);
  sut.Rise();
  sut.AwaitAll(hours(1));
}

// Would catch: an end that cuts off a client which still waits for its answer.
TEST_F(FollowersTest, OneThatWaitsIsAwaited) {
  Followers sut(2);
  for (int round = 0; round < 100; ++round) {
    std::atomic<bool> told{false};
    ASSERT_TRUE(sut.Sit());
    std::thread end([&] {
      sut.AwaitAll(hours(1));
      EXPECT_TRUE(told);
    });
    told = true;
    sut.Answered(7, true);
    sut.Rise();
    end.join();
  }
}

// Would catch: an end that comes between two questions of a client, which then never hears of it; and one that waits
// for ever for a client that has died, or that is never answered.
TEST_F(FollowersTest, OneThatIsExpectedIsAwaitedForALimitedTime) {
  Followers sut(2);
  const int64_t begun = NowNs();
  sut.Answered(7, false);
  sut.AwaitAll(hours(1));
  EXPECT_GE(NowNs() - begun, std::chrono::nanoseconds(Followers::kAgain).count());
  ASSERT_TRUE(sut.Sit());
  sut.AwaitAll(milliseconds(5));
}

}  // namespace
}  // namespace videostream

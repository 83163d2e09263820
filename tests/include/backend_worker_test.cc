// SPDX-License-Identifier: Apache-2.0
// The SDK's worker thread: order, bounds, readiness, and an end that never hangs.
#include "videostream/backend_worker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

namespace videostream::backend {
namespace {

using IntWorker = Worker<int, int>;

class BackendWorkerTest : public testing::Test {
 protected:
  void SetUp() override { ::alarm(60); }
  void TearDown() override { ::alarm(0); }

  static bool Readable(int fd, int timeout_ms = 0) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, timeout_ms) == 1;
  }
  // Waits for the fd, then takes.
  static int TakeNext(IntWorker& sut) {
    EXPECT_TRUE(Readable(sut.fd(), 30'000));
    int result = -1;
    EXPECT_TRUE(sut.Take(&result));
    return result;
  }
};

// Results out of order, lost or doubled; an fd that stays readable when all is taken.
TEST_F(BackendWorkerTest, GivesEveryResultOnceAndInOrder) {
  IntWorker sut;
  ASSERT_TRUE(sut.Open(3, [](int& job, const Interrupt&) { return job * 2; }).ok());
  ASSERT_TRUE(sut.Start().ok());
  EXPECT_FALSE(Readable(sut.fd()));
  int posted = 0, taken = 0;
  while (taken < 1000) {
    while (posted < 1000 && sut.Post(posted)) ++posted;
    EXPECT_LE(sut.InFlight(), 3u);
    EXPECT_EQ(TakeNext(sut), 2 * taken);
    ++taken;
  }
  int nothing;
  EXPECT_FALSE(sut.Take(&nothing));
  EXPECT_FALSE(Readable(sut.fd()));
}

// A bound that counts only waiting jobs: results would pile up.
TEST_F(BackendWorkerTest, RefusesMoreThanItsCapacity) {
  IntWorker sut;
  ASSERT_TRUE(sut.Open(2, [](int& job, const Interrupt&) { return job; }).ok());
  EXPECT_FALSE(sut.Post(0)) << "not started";
  ASSERT_TRUE(sut.Start().ok());
  EXPECT_TRUE(sut.Post(1));
  EXPECT_TRUE(sut.Post(2));
  EXPECT_FALSE(sut.Post(3));
  EXPECT_EQ(TakeNext(sut), 1);
  EXPECT_TRUE(sut.Post(4));
  EXPECT_FALSE(sut.Post(5));
}

// A destructor that waits for a job which waits for somebody else.
TEST_F(BackendWorkerTest, AbandonInterruptsAJobThatWaits) {
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  std::binary_semaphore entered{0};
  std::atomic<int> runs{0};
  IntWorker sut;
  ASSERT_TRUE(sut.Open(4,
                       [&](int&, const Interrupt& stop) {
                         ++runs;
                         entered.release();
                         return stop.WaitFor(pipe_fds[0], POLLIN) ? -2 : 1;
                       })
                  .ok());
  ASSERT_TRUE(sut.Start().ok());
  ASSERT_TRUE(sut.Post(0));
  ASSERT_TRUE(sut.Post(0));
  entered.acquire();
  sut.Stop(IntWorker::kAbandon);
  EXPECT_EQ(runs, 1) << "the job behind must not start";
  int result = 0;
  EXPECT_TRUE(sut.Take(&result));
  EXPECT_EQ(result, -2);
  EXPECT_FALSE(sut.Take(&result));
  EXPECT_EQ(sut.InFlight(), 0u);
  ::close(pipe_fds[0]);
  ::close(pipe_fds[1]);
}

// Jobs forgotten at an orderly end.
TEST_F(BackendWorkerTest, FinishRunsWhatWasPosted) {
  std::atomic<int> runs{0};
  IntWorker sut;
  ASSERT_TRUE(sut.Open(8,
                       [&](int& job, const Interrupt& stop) {
                         ++runs;
                         EXPECT_FALSE(stop.requested());
                         return job;
                       })
                  .ok());
  ASSERT_TRUE(sut.Start().ok());
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(sut.Post(i));
  sut.Stop(IntWorker::kFinish);
  EXPECT_EQ(runs, 8);
  EXPECT_FALSE(sut.Post(9));
}

// Leftovers of the first life in the second: an interrupt that is still up, a result that was never taken.
TEST_F(BackendWorkerTest, StartsAgainFromNothing) {
  IntWorker sut;
  ASSERT_TRUE(sut.Open(2, [](int& job, const Interrupt& stop) { return stop.requested() ? -1 : job; }).ok());
  const int fd = sut.fd();
  for (int round = 1; round < 20; ++round) {
    ASSERT_TRUE(sut.Start().ok());
    ASSERT_FALSE(Readable(fd));
    ASSERT_TRUE(sut.Post(round));
    ASSERT_EQ(TakeNext(sut), round);
    ASSERT_TRUE(sut.Post(-5));
    sut.Stop(round % 2 == 0 ? IntWorker::kAbandon : IntWorker::kFinish);
    EXPECT_EQ(sut.fd(), fd);
  }
}

// A worker that was never opened or started must still be destroyed without a crash.
TEST_F(BackendWorkerTest, EndsFromEveryState) {
  IntWorker closed;
  closed.Stop(IntWorker::kFinish);
  IntWorker opened;
  ASSERT_TRUE(opened.Open(1, [](int& job, const Interrupt&) { return job; }).ok());
}

}  // namespace
}  // namespace videostream::backend

// SPDX-License-Identifier: Apache-2.0
// Threads that can be started, and one that cannot.
#include "core/base/thread.h"

#include <gtest/gtest.h>

#include "tests/core/base/no_threads.h"

namespace videostream {
namespace {

// Would catch: a thread that does not run what it was given.
TEST(ThreadTest, RunsWhatItIsGiven) {
  int ran = 0;
  auto thread = StartThread("test", [&ran] { ++ran; });
  ASSERT_TRUE(thread) << thread.error().message;
  thread->join();
  EXPECT_EQ(ran, 1);
}

// Would catch: an exception through callers that promise none.
TEST(ThreadTest, TooManyThreadsAreAnError) {
  const NoThreads none;
  const auto thread = StartThread("slot 'front.capture'", [] {});
  ASSERT_FALSE(thread);
  EXPECT_EQ(thread.error().code, Code::kNoMemory);
  EXPECT_TRUE(thread.error().message.starts_with("slot 'front.capture': start a thread: ")) << thread.error().message;
  EXPECT_NE(thread.error().message.find("TasksMax="), std::string::npos) << thread.error().message;
}

}  // namespace
}  // namespace videostream

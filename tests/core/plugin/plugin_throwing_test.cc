// SPDX-License-Identifier: Apache-2.0
// A constructor that throws out of dlopen. In a program of its own: the dynamic linker stays locked afterwards.
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "core/plugin/plugin.h"
#include "tests/core/plugin/test_files.h"

namespace videostream {
namespace {

// Catches: a vendor library that ends the runtime by a throwing constructor (std::terminate), and threads that hang for
// ever in the next dlopen.
TEST(Open, SurvivesAConstructorThatThrows) {
  alarm(60);
  const std::string path = testing::Backend("throwing-constructor");
  const Result<std::unique_ptr<Plugin>> thrown = Plugin::Open(path);
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error(),
            (Error{Code::kUnsupported,
                   path + ": a static constructor threw: licence server not found; restart the process before another "
                          "thread loads a library (BE-8): not loaded"}));
  EXPECT_TRUE(Plugin::Open(testing::Backend("good"))) << "this thread holds the linker's lock and may go on";
  std::thread([] {
    const Result<std::unique_ptr<Plugin>> other = Plugin::Open(testing::Backend("plain-c"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().message, testing::Backend("plain-c") +
                                         ": the dynamic linker is locked since a static constructor threw; restart the "
                                         "process (BE-8): not loaded");
  }).join();
}

}  // namespace
}  // namespace videostream

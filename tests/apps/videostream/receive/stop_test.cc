// SPDX-License-Identifier: Apache-2.0
// Ending on request, also when the request comes twice.
#include "apps/videostream/receive/stop.h"

#include <gtest/gtest.h>

namespace videostream::receive {
namespace {

// Bug: a signal that `timeout` or a terminal sends twice ends the process before its file is complete.
TEST(StopSignals, ADoubledSignalIsOneRequest) {
  const StopSignals sut;
  EXPECT_FALSE(StopSignals::Requested());
  std::raise(SIGTERM);
  std::raise(SIGTERM);
  EXPECT_TRUE(StopSignals::Requested());
}

// Bug: a request of an earlier use ends the next one at once.
TEST(StopSignals, BeginsWithoutARequest) {
  {
    const StopSignals first;
    std::raise(SIGINT);
    EXPECT_TRUE(StopSignals::Requested());
  }
  const StopSignals second;
  EXPECT_FALSE(StopSignals::Requested());
}

}  // namespace
}  // namespace videostream::receive

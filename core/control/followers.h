// SPDX-License-Identifier: Apache-2.0
// Clients that wait for events: how many may, and who of them has yet to hear that there will be no more.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace videostream {

// A client that follows asks again as soon as it is answered; between two questions it is not connected, but expected.
// Every method from any thread; none waits but AwaitAll.
class Followers {
 public:
  // For so long after an answer a client is expected to ask again.
  static constexpr std::chrono::milliseconds kAgain{500};

  explicit Followers(size_t seats) : seats_(seats) {}

  // A client begins to wait. False: as many as there are seats do so already.
  [[nodiscard]] bool Sit();
  // It waits no longer.
  void Rise();

  // A client that would have waited has its answer. `told`: it knows that there will be no more; else it is expected to
  // ask again.
  void Answered(pid_t who, bool told);

  // Until nobody waits and nobody is expected, at most `limit`.
  void AwaitAll(std::chrono::nanoseconds limit);

 private:
  static constexpr size_t kMaxExpected = 64;  // those beyond it are not waited for

  void ForgetLate(int64_t now_ns);  // under the mutex

  const size_t seats_;
  std::mutex mutex_;
  std::condition_variable left_;
  size_t sitting_ = 0;
  std::map<pid_t, int64_t> expected_;  // until when
};

}  // namespace videostream

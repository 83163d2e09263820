// SPDX-License-Identifier: Apache-2.0
// A producer under load, for tests that attack it: a Host in a process of its own which publishes without pause, and
// healthy consumers in processes of their own which look at every word of every frame. When the attack is over, all
// books must be even and the producer must hold what it held before.
//
//   Load load({.lease_time = std::chrono::milliseconds(200)});
//   ASSERT_TRUE(load.Start()) << load.Why();
//   ... attack load.path(), from this process or from others ...
//   load.Finish();  // EXPECTs
//
// The producer waits for the healthy `queue` consumers and for nobody else (it looks at how far each is behind and
// never publishes more than its queue holds), so they have to lose nothing however slow the machine is. Nothing here
// measures time; what does not come about at all fails after a minute (kPatience).
//
// Threads: used by one thread. The process that uses it must have no other thread when Start is called: it forks. It
// stays without threads, so attackers may be forked from it at any time. Everything that Load forked dies with it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/chaos/books.h"
#include "tests/e2e/process.h"
#include "videostream/host.hpp"

namespace videostream::chaos {

inline constexpr std::chrono::seconds kPatience(60);

// A healthy consumer: `queue` 0 is policy latest; `epoll`: waits on Client::poll_fd(), else in wait_for_frame.
struct Healthy {
  uint32_t queue = 0;
  bool epoll = false;
};

struct LoadOptions {
  // Four that may lose nothing, and two that see the newest frame. Every other one (the first, the third...) holds on
  // to a frame.
  std::vector<Healthy> healthy = {{4, false}, {4, true}, {4, true}, {4, false}, {0, false}, {0, true}};
  // Enough for the healthy ones (newest, queue, one or two leases each) and for 7 attackers with 2 leases each, so that
  // no frame may find the pool empty. Give it more when there are more attackers at a time.
  uint32_t buffers = 30;
  uint32_t leases = 2;
  uint32_t width = 64;  // GREY
  uint32_t height = 64;
  // Not to be reached by a healthy consumer that is only slow; tests of revocation give less.
  std::chrono::nanoseconds lease_time = std::chrono::seconds(60);
  uint32_t clients = 256;
  bool may_refuse = false;                  // the pool may run empty: then queue consumers may lose frames as well
  unsigned watchdog = Soak() ? 3000 : 800;  // seconds until a process of the load ends itself
  std::function<void()> in_producer = {};   // run in the producer's process before its Host is made: limits
  std::function<void()> in_healthy = {};    // run in each healthy process at its start
};

class Load {
 public:
  explicit Load(LoadOptions options = {});
  ~Load();  // kills what is left
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Forks the producer and the healthy ones; true once all are subscribed and frames are flowing. False: see Why.
  bool Start();
  // Why the last function that returned false did so: states of all processes, the seed, errno. For messages.
  std::string Why() const;

  const std::string& path() const { return path_; }  // of the socket
  pid_t producer() const { return producer_; }
  int books_fd() const { return books_fd_; }  // a memfd with the Books, for programs that are executed
  Books& books() { return *books_; }
  uint64_t published() const { return books_->published.load(std::memory_order_acquire); }

  // Waits until so many more frames are published: the load goes on. False: it does not.
  bool AwaitFrames(uint64_t more);
  // Enough frames that every buffer of the pool has been written again. False: it has not.
  bool AwaitTurnover() { return AwaitFrames(uint64_t{2} * (options_.buffers + 2)); }
  // Asks the producer. Between two frames; on failure everything is 0 and Why has the reason.
  ProducerBooks Ask();
  // The line of this process in `books`; null: there is none.
  static const ConsumerLine* Find(const ProducerBooks& books, pid_t pid);
  // Asks until the answer is as wanted. False: never was.
  bool AwaitBooks(const std::function<bool(const ProducerBooks&)>& wanted);
  bool AwaitConsumer(pid_t pid);  // until it lists this process
  // Waits for something that others bring about, while frames flow. False: it does not come about, or they do not.
  bool Await(const std::function<bool()>& condition);
  size_t healthy() const { return options_.healthy.size(); }
  // Waits until the producer lists the healthy ones alone, and holds as many descriptors, memfds and mappings as before
  // the attack. Attackers must have ended.
  bool AwaitOnlyHealthy();
  // No frames until Resume; true once the healthy consumers have taken everything. (Every other one holds on to a
  // frame.)
  bool Pause();
  void Resume();

  // Ends the load, and EXPECTs: AwaitOnlyHealthy; published + refused = attempts; no frame without a buffer (unless
  // may_refuse); per healthy consumer published = taken + skipped = what the producer published, no torn frame under a
  // valid lease, ascending order; per queue consumer nothing skipped and nothing void. Idempotent.
  void Finish();

  // What came out, valid after Finish.
  const ProducerBooks& final_books() const { return last_; }

 private:
  bool Fail(const std::string& what);
  pid_t Fork(const std::function<int()>& work);
  bool Alive();  // none of them has ended before its time
  bool Until(const char* what, const std::function<bool()>& condition);
  void Reap(pid_t& pid, bool done);
  void CheckProducer(uint64_t published);
  void CheckHealthy(size_t index, uint64_t published);

  LoadOptions options_;
  e2e::TempDir dir_;
  std::string path_;
  int books_fd_ = -1;
  int end_fd_ = -1;  // readable at the end, for those who poll
  Books* books_ = nullptr;
  pid_t owner_ = -1;  // who forked
  pid_t producer_ = -1;
  std::vector<pid_t> healthy_;
  std::vector<std::string> ended_;  // wait statuses
  ProducerBooks before_;            // the attack
  ProducerBooks last_;
  bool finished_ = false;
  std::string why_;
};

// Starts a load, runs the attack, finishes: for attacks that need nothing else. The attack ends early by a fatal
// failure of its own.
void RunUnderLoad(const LoadOptions& options, const std::function<void(Load&)>& attack);

// For programs of several tests: at the end, if none has failed, a line `PROOF: ...` says what each that called this
// has shown. After Finish.
void AddToProof(const Load& load);

// Arms the watchdog of one test: it gets 280 seconds, but all tests of the program together no more than Bazel gives a
// large test. In soak each has 3000.
void WatchTest();

// What every failure should say: seed, errno.
std::string Context();
// A wait status in words: "exit 3", "signal 9".
std::string StatusText(int status);

}  // namespace videostream::chaos

// SPDX-License-Identifier: Apache-2.0
// Consumers that stop, hold on, or do nothing, while others work: they lose their leases and are told so; nobody else
// loses anything.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "tests/chaos/attackers.h"
#include "tests/chaos/frame_check.h"
#include "tests/chaos/load.h"
#include "videostream/client.hpp"

namespace videostream::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr uint32_t kLeases = 2;

// Short, since it has to pass; a healthy consumer that is held up for as long by the machine is no failure.
LoadOptions ShortLeases() { return {.leases = kLeases, .lease_time = milliseconds(200)}; }

struct StopTest : testing::Test {
  const testing::ScopedTrace trace{__FILE__, __LINE__, "seed " + std::to_string(Seed())};
  StopTest() { WatchTest(); }

  // Until the producer has taken everything back from this process that it held.
  static bool AwaitRevoked(Load& load, pid_t pid) {
    return load.AwaitBooks([&](const ProducerBooks& books) {
      const ConsumerLine* line = Load::Find(books, pid);
      return line != nullptr && line->held == 0;
    });
  }
  static uint64_t Revoked(Load& load, pid_t pid) {
    const ProducerBooks books = load.Ask();
    const ConsumerLine* line = Load::Find(books, pid);
    return line != nullptr ? line->revoked : 0;
  }
};

Frame Take(Client& client, bool epoll) {
  if (!epoll) return client.wait_for_frame(seconds(60));
  for (;;) {
    pollfd p{client.poll_fd(), POLLIN, 0};
    ::poll(&p, 1, -1);
    Frame frame = client.wait_for_frame(nanoseconds(0));
    if (frame || client.state() == Client::State::kFailed) return frame;
  }
}

// One that is stopped while it holds frames. Its exit code says what was wrong.
int HoldThroughAStop(const std::string& path, Healthy kind, const test::Signal& holds, const test::Signal& go) {
  Client client(path, {.name = "stopped", .queue = kind.queue, .reconnect = false});
  // Until all are good at the same time: who is slow may lose them before that.
  Frame frames[kLeases];
  for (bool good = false; !good;) {
    for (Frame& frame : frames) frame.release();
    for (Frame& frame : frames) {
      frame = Take(client, kind.epoll);
      if (!frame) return 1;
    }
    good = true;
    for (const Frame& frame : frames) {
      const Seen seen = Look(frame);
      if (seen.torn()) return 2;
      good = good && seen.valid;
    }
  }
  const uint64_t voids = client.stats().void_leases;
  holds.Send();
  go.Wait();
  for (Frame& frame : frames) {
    const Seen seen = Look(frame);
    if (seen.valid) return 3;  // has not been told
    if (seen.whole) return 4;  // has not been written to since: this test would prove nothing
    if (frame.release()) return 5;
  }
  if (client.stats().void_leases != voids + kLeases) return 6;
  // And it goes on as if nothing had been.
  for (int i = 0; i < 50; ++i) {
    Frame frame = Take(client, kind.epoll);
    if (!frame) return 7;
    if (Look(frame).torn()) return 8;
  }
  return 0;
}

// Bug: a consumer that was stopped beyond the lease time reads on in a frame that is another one by now, and does not
// learn of it; or it keeps its frames for ever.
TEST_F(StopTest, AStoppedReaderIsToldThatItsLeasesAreVoid) {
  Load load(ShortLeases());
  ASSERT_TRUE(load.Start()) << load.Why();
  for (const Healthy kind : {Healthy{0, false}, Healthy{0, true}, Healthy{3, false}, Healthy{3, true}}) {
    SCOPED_TRACE("queue " + std::to_string(kind.queue) + (kind.epoll ? ", epoll" : ", blocking"));
    test::Signal holds, go;
    Attacker attacker([&] { return HoldThroughAStop(load.path(), kind, holds, go); });
    holds.Wait();
    attacker.Send(SIGSTOP);
    ASSERT_TRUE(AwaitRevoked(load, attacker.pid())) << load.Why();
    EXPECT_GE(Revoked(load, attacker.pid()), kLeases);
    ASSERT_TRUE(load.AwaitTurnover()) << load.Why();
    attacker.Send(SIGCONT);
    go.Send();
    const int status = attacker.Wait();
    EXPECT_EQ(status, 0) << StatusText(status) << "; " << Context();
  }
  load.Finish();
  AddToProof(load);
}

// Holds as many frames as it may, looks at all of them again and again; ends when told to. Its exit code says what was
// wrong.
int ReadOverAndOver(const std::string& path, Healthy kind, const Books& books) {
  Client client(path, {.name = "reader", .queue = kind.queue, .reconnect = false});
  std::deque<Frame> held;
  while (books.enough.load() == 0) {
    if (held.size() == kLeases) held.pop_front();
    Frame frame = Take(client, kind.epoll);
    if (!frame) return 1;
    held.push_back(std::move(frame));
    for (const Frame& one : held) {
      if (Look(one).torn()) return 2;
    }
  }
  held.clear();
  return client.stats().void_leases > 0 ? 0 : 3;
}

// Bug: a reader that is stopped in the middle of taking, reading or giving back takes a torn frame for a good one.
TEST_F(StopTest, StopsAtAnyMomentNeverTearAValidFrame) {
  Load load(ShortLeases());
  ASSERT_TRUE(load.Start()) << load.Why();
  std::mt19937 random(Seed());
  std::vector<std::unique_ptr<Attacker>> readers;
  for (const Healthy kind : {Healthy{0, false}, Healthy{2, true}, Healthy{4, false}}) {
    readers.push_back(std::make_unique<Attacker>([&] { return ReadOverAndOver(load.path(), kind, load.books()); }));
    ASSERT_TRUE(load.AwaitConsumer(readers.back()->pid())) << load.Why();
  }
  const int rounds = Soak() ? 200 : 10;
  uint64_t least = 0;
  for (int round = 0; round < rounds || least < uint64_t{2} * kLeases; ++round) {
    ASSERT_TRUE(load.AwaitFrames(1 + random() % 30)) << load.Why();
    for (const auto& reader : readers) {
      for (uint32_t i = random() % 100000; i > 0; --i) random();
      reader->Send(SIGSTOP);
    }
    least = ~uint64_t{0};
    for (const auto& reader : readers) {
      ASSERT_TRUE(AwaitRevoked(load, reader->pid())) << load.Why();
      least = std::min(least, Revoked(load, reader->pid()));
    }
    ASSERT_TRUE(load.AwaitTurnover()) << load.Why();
    for (const auto& reader : readers) reader->Send(SIGCONT);
  }
  load.books().enough.store(1);
  for (const auto& reader : readers) {
    const int status = reader->Wait();
    EXPECT_EQ(status, 0) << StatusText(status) << "; " << Context();
  }
  load.Finish();
  AddToProof(load);
}

// Bug: consumers that hold what they have for ever, or come, subscribe and do nothing, starve the others.
TEST_F(StopTest, ThoseWhoNeverReleaseAndThoseWhoNeverReadCostNobodyAnything) {
  Load load(ShortLeases());
  ASSERT_TRUE(load.Start()) << load.Why();
  std::vector<std::unique_ptr<Attacker>> attackers;
  std::vector<pid_t> holders;
  for (const uint32_t queue : {0U, 4U}) {
    // Takes all it may, and nothing is ever given back.
    attackers.push_back(std::make_unique<Attacker>([&load, queue] {
      Client client(load.path(), {.name = "keeper", .queue = queue});
      std::vector<Frame> kept;
      for (uint32_t i = 0; i < kLeases; ++i) kept.push_back(client.wait_for_frame(seconds(60)));
      const Frame more = client.wait_for_frame(seconds(60));
      if (more || client.error_code() != VSTREAM_E_BUSY) return 1;
      for (;;) ::pause();
      return 2;
    }));
    holders.push_back(attackers.back()->pid());
    // Gives back what is void, and takes as much again.
    attackers.push_back(std::make_unique<Attacker>([&load, queue] {
      Client client(load.path(), {.name = "miser", .queue = queue});
      for (std::vector<Frame> kept;;) {
        while (kept.size() < kLeases) kept.push_back(client.wait_for_frame(seconds(60)));
        for (const Frame& frame : kept) {
          if (Look(frame).torn()) return 1;
        }
        std::erase_if(kept, [](const Frame& frame) { return !frame.valid(); });
        Breathe();
      }
      return 2;
    }));
    holders.push_back(attackers.back()->pid());
    // Subscribes and looks no further.
    attackers.push_back(std::make_unique<Attacker>([&load, queue] {
      Client client(load.path(), {.name = "idler", .queue = queue});
      if (!client.connect(seconds(60))) return 1;
      for (;;) ::pause();
      return 2;
    }));
  }
  for (const auto& attacker : attackers) ASSERT_TRUE(load.AwaitConsumer(attacker->pid())) << load.Why();
  // Those who take again lose again.
  EXPECT_TRUE(load.AwaitBooks([&](const ProducerBooks& books) {
    return std::all_of(holders.begin(), holders.end(), [&](pid_t pid) {
      const ConsumerLine* line = Load::Find(books, pid);
      const bool again = line != nullptr && std::string(line->name) == "miser";
      return line != nullptr && line->revoked >= (again ? 4 : 1) * uint64_t{kLeases};
    });
  })) << load.Why();
  ASSERT_TRUE(load.AwaitTurnover()) << load.Why();
  for (const auto& attacker : attackers) {
    int status = 0;
    EXPECT_EQ(::waitpid(attacker->pid(), &status, WNOHANG), 0) << "has ended: " << StatusText(status);
    attacker->Kill();
  }
  load.Finish();
  AddToProof(load);
}

}  // namespace
}  // namespace videostream::chaos

// SPDX-License-Identifier: Apache-2.0
// Two hosts for one path: exactly one has it, the other one says who, and consumers notice nothing of the quarrel.
#include <gtest/gtest.h>

#include "tests/chaos/load.h"
#include "tests/chaos/newcomer.h"
#include "videostream/error.h"

namespace videostream::chaos {
namespace {

struct TwoHostsTest : testing::Test {
  TwoHostsTest() { WatchTest(); }
};

HostOptions Small() {
  HostOptions wish;
  wish.width = 64;
  wish.height = 64;
  wish.format = VSTREAM_FORMAT_GREY;
  wish.allocators = {"shm"};
  wish.buffers = 8;
  return wish;
}

// Memory that forked processes share.
template <class T>
class Shared {
 public:
  Shared()
      : it_(static_cast<T*>(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (it_ == MAP_FAILED) std::abort();
  }
  ~Shared() { ::munmap(it_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T* operator->() const { return it_; }

 private:
  T* it_;
};

// Bug: a host that comes second takes the path away, disturbs who is connected, or does not say who has it.
TEST_F(TwoHostsTest, WhoComesSecondDisturbsNobody) {
  const int rounds = Soak() ? 2000 : 100;
  RunUnderLoad({}, [&](Load& load) {
    const std::string who = "in use by process " + std::to_string(load.producer());
    int busy = 0;
    for (int i = 0; i < rounds; ++i) {
      // Two at a time, that also get in each other's way.
      struct Tried {
        std::atomic<int> code[2];
        char error[2][300];
      };
      const Shared<Tried> tried;
      pid_t pids[2];
      for (int k = 0; k < 2; ++k) {
        ::fflush(nullptr);
        pids[k] = ::fork();
        ASSERT_GE(pids[k], 0) << Context();
        if (pids[k] != 0) continue;
        ::alarm(60);
        const Host host = Host::create(load.path(), Small());
        std::snprintf(tried->error[k], sizeof tried->error[k], "%s", host.error().c_str());
        tried->code[k] = host ? VSTREAM_OK : host.error_code();
        ::_exit(0);
      }
      for (int k = 0; k < 2; ++k) {
        int status = -1;
        ASSERT_EQ(::waitpid(pids[k], &status, 0), pids[k]) << Context();
        ASSERT_EQ(status, 0) << "round " << i << ": " << StatusText(status);
        EXPECT_EQ(tried->code[k], VSTREAM_E_BUSY) << "round " << i << ": " << tried->error[k];
        const std::string error = tried->error[k];
        busy += error.find("busy") != std::string::npos ? 1 : 0;
        EXPECT_TRUE(error.find(who) != std::string::npos ||
                    error.find("in use by a process that is busy") != std::string::npos)
            << "round " << i << ": " << error;
      }
    }
    EXPECT_LT(busy, rounds) << "that it is busy is the exception";
  });
}

struct Race {
  std::atomic<uint32_t> ready;
  std::atomic<uint32_t> go;
  std::atomic<uint32_t> decided;  // hosts that know whether they have it
  std::atomic<uint32_t> end;
  struct Side {
    std::atomic<uint32_t> won;
    std::atomic<uint64_t> published;
    char error[300];
  } side[2];
};

constexpr uint64_t kFrames = 40;

// One of the two. Publishes for the consumer that waits, which must not lose any.
int RunSide(Race* race, int side, const std::string& path) {
  race->ready.fetch_add(1);
  while (race->go.load() == 0) {
  }
  Host host = Host::create(path, Small());
  Race::Side& mine = race->side[side];
  std::snprintf(mine.error, sizeof mine.error, "%s", host.error().c_str());
  mine.won = host ? 1 : 0;
  race->decided.fetch_add(1);
  if (!host) return host.error_code() == VSTREAM_E_BUSY ? 0 : 4;
  if (!host.wait_for_consumers(1, kPatience)) return 5;
  for (uint64_t i = 1; i <= kFrames; ++i) {
    while (host.consumers().size() == 1 && host.consumers()[0].lag() >= 4) Breathe();
    WriteBuffer buffer = host.get_write_buffer();
    if (!buffer) return 6;
    FillCode(buffer.data(), buffer.size(), i);
    if (!host.publish_frame(std::move(buffer))) return 7;
    mine.published = i;
  }
  while (race->end.load() == 0) Breathe();
  return 0;
}

// Bug: both have the path, or none; a socket file that is left decides it wrongly; the consumer that waited loses
// frames.
TEST_F(TwoHostsTest, OfTwoAtOnceExactlyOneHasThePath) {
  const int rounds = Soak() ? 1000 : 50;
  const e2e::TempDir dir;
  const std::string path = dir / "s";
  Client client(path, {.name = "waits", .queue = 4});
  std::mt19937 random(Seed());
  int wins[2] = {};
  uint64_t taken = 0;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + ", seed " + std::to_string(Seed()));
    const Shared<Race> race;
    pid_t pids[2];
    for (int side = 0; side < 2; ++side) {
      ::fflush(nullptr);
      pids[side] = ::fork();
      ASSERT_GE(pids[side], 0) << Context();
      if (pids[side] != 0) continue;
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::alarm(100);
      ::_exit(RunSide(race.operator->(), side, path));
    }
    while (race->ready.load() < 2) Breathe();
    race->go = 1;
    while (race->decided.load() < 2) Breathe();
    const int winner = race->side[0].won.load() != 0 ? 0 : 1;
    EXPECT_EQ(race->side[0].won + race->side[1].won, 1u) << race->side[0].error << "\n" << race->side[1].error;
    const std::string error = race->side[1 - winner].error;
    EXPECT_TRUE(error.find("in use by process " + std::to_string(pids[winner])) != std::string::npos ||
                error.find("another process keeps the folder") != std::string::npos)
        << error;
    ++wins[winner];
    for (uint64_t i = 1; i <= kFrames; ++i) {
      const Frame frame = client.wait_for_frame(kPatience);
      ASSERT_TRUE(frame) << i << ": " << client.error();
      ASSERT_EQ(frame.sequence(), i);
      EXPECT_TRUE(IsCode(frame.data(), frame.size(), i));
      ++taken;
    }
    // The next one finds what this one leaves: nothing, or a socket that nobody listens on.
    const bool orderly = random() % 2 == 0;
    if (orderly) race->end = 1;
    if (!orderly) ::kill(pids[winner], SIGKILL);
    for (int side = 0; side < 2; ++side) {
      int status = -1;
      ASSERT_EQ(::waitpid(pids[side], &status, 0), pids[side]) << Context();
      EXPECT_EQ(StatusText(status), side == winner && !orderly ? "signal 9" : "exit 0") << "side " << side;
    }
    // Until it has noticed: frames of the next host are not those of this one.
    while (client.state() == Client::State::kConnected) {
      ASSERT_FALSE(client.wait_for_frame(std::chrono::milliseconds(20))) << "a frame of nobody";
    }
  }
  const ClientStats stats = client.stats();
  EXPECT_EQ(stats.taken, taken);
  EXPECT_EQ(stats.published, taken) << "nothing skipped";
  EXPECT_EQ(stats.reconnects, static_cast<uint64_t>(rounds) - 1);
  std::printf(
      "PROOF: %d races for one path (%d : %d), each with one winner; a waiting consumer lost nothing of %llu "
      "frames; seed %u\n",
      rounds, wins[0], wins[1], static_cast<unsigned long long>(taken), Seed());
}

}  // namespace
}  // namespace videostream::chaos

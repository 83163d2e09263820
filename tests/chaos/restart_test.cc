// SPDX-License-Identifier: Apache-2.0
// The producer is killed while it publishes, and started again on the same path: consumers of every kind come back by
// themselves each time, say so with the first frame, and keep books that agree with those of the dead.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "tests/chaos/load.h"
#include "tests/chaos/restart_consumer.h"
#include "videostream/host.hpp"

namespace videostream::chaos {
namespace {

using std::chrono::nanoseconds;

constexpr uint64_t kLatestWindow = 64;  // frames that the producer is ahead of a consumer of `latest`, at most
constexpr unsigned kWatchdog = 280;     // seconds
constexpr unsigned kSoakWatchdog = 3000;

Member* counted = nullptr;  // in a consumer's process

}  // namespace
}  // namespace videostream::chaos

// In place of those of libc, for the whole program.
extern "C" int connect(int fd, const sockaddr* address, socklen_t bytes) {
  if (videostream::chaos::counted != nullptr) videostream::chaos::counted->attempts.fetch_add(1);
  return static_cast<int>(::syscall(SYS_connect, fd, address, bytes));
}
extern "C" int clock_gettime(clockid_t clock, timespec* out) noexcept {
  if (videostream::chaos::counted != nullptr) videostream::chaos::counted->clock_reads.fetch_add(1);
  return static_cast<int>(::syscall(SYS_clock_gettime, clock, out));
}

namespace videostream::chaos {
namespace {

// Publishes as fast as all consumers follow, from when all are there. Only the last producer ends by itself.
int Produce(const std::string& path, uint32_t session, bool last, Board& board) {
  HostOptions wish;
  wish.width = wish.height = kSide;
  wish.format = VSTREAM_FORMAT_GREY;
  wish.allocators = {"shm"};
  wish.buffers = 24;
  wish.leases = 2;
  wish.lease_time = wish.hold_time = std::chrono::seconds(60);
  Host host = Host::create(path, wish);
  const auto fail = [&](const char* what) {
    std::fprintf(stderr, "producer %u: %s: %s\n", session, what, host.error().c_str());
    return 1;
  };
  if (!host) return fail("create");
  Session& mine = board.sessions[session];
  while (mine.connected.load() < kConsumers) {
    mine.connected.store(static_cast<uint32_t>(host.consumers().size()));
    Breathe();
  }
  const auto room = [&] {
    const auto all = host.consumers();
    return all.size() == kConsumers && std::all_of(all.begin(), all.end(), [](const HostConsumer& one) {
             return one.lag() < (one.queue != 0 ? one.queue : kLatestWindow);
           });
  };
  for (uint64_t sequence = 1; !last || sequence <= kLastFrames; ++sequence) {
    while (!room()) Breathe();
    mine.attempted.store(sequence);
    WriteBuffer buffer = host.get_write_buffer();
    if (!buffer) return fail("get_write_buffer");
    FillCode(buffer.data(), buffer.size(), Number(session, sequence));
    buffer.set_duration_ns(session);
    if (!host.publish_frame(std::move(buffer))) return fail("publish_frame");
    mine.published.store(sequence);
  }
  while (board.finish.load() == 0) Breathe();
  return 0;
}

// A process that dies with this one.
class Forked {
 public:
  explicit Forked(const std::function<int()>& work) {
    ::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(Soak() ? kSoakWatchdog : kWatchdog);
    ::_exit(work());
  }
  ~Forked() {
    if (pid_ > 0) Kill();
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  // False: it has ended; `status` says how.
  bool Runs() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
  }
  int Wait() {
    if (pid_ > 0) ::waitpid(pid_, &status_, 0);
    pid_ = -1;
    return status_;
  }
  int Kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    return Wait();
  }
  int status() const { return status_; }

 private:
  pid_t pid_ = -1;
  int status_ = -1;
};

struct RestartTest : testing::Test {
  RestartTest() {
    e2e::Watchdog(Soak() ? kSoakWatchdog : kWatchdog);
    void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    board = new (memory) Board{};
  }
  ~RestartTest() override {
    consumers.clear();
    ::munmap(board, sizeof(Board));
  }

  std::string Why() const {
    std::string text = Context();
    for (size_t i = 0; i < kConsumers; ++i) {
      const Member& member = board->members[i];
      text += "\n  consumer " + std::to_string(i) + (kKinds[i].epoll ? ", epoll" : ", blocking") + ", queue " +
              std::to_string(kKinds[i].queue) + ": frame " + std::to_string(member.sequence) + " of session " +
              std::to_string(member.session) + ", " + std::to_string(member.attempts) + " attempts " + member.error;
    }
    return text;
  }
  // False: what is waited for does not come about, or somebody has died.
  bool Until(Forked* producer, const std::function<bool()>& condition) {
    const int64_t end = NowNs() + nanoseconds(kPatience).count();
    while (!condition()) {
      if (producer != nullptr && !producer->Runs()) {
        std::printf("the producer: %s\n", StatusText(producer->status()).c_str());
        return false;
      }
      for (size_t i = 0; i < kConsumers; ++i) {
        if (consumers[i]->Runs() || board->members[i].done != 0) continue;
        std::printf("consumer %zu: %s\n", i, StatusText(consumers[i]->status()).c_str());
        return false;
      }
      if (NowNs() > end) return false;
      Breathe();
    }
    return true;
  }
  void Kill(uint32_t number, std::mt19937& random);
  void CompareBooks(uint32_t last);

  e2e::TempDir dir;
  const std::string path = dir / "s";
  Board* board;
  std::vector<std::unique_ptr<Forked>> consumers;
  uint32_t early = 0;      // kills before the first frame, meant so
  uint32_t in_flight = 0;  // kills between the begin and the end of publishing
  int64_t start = NowNs();
};

// One session, from start to kill.
void RestartTest::Kill(uint32_t number, std::mt19937& random) {
  Session& session = board->sessions[number];
  board->newest_session.store(number);
  Forked producer([&] { return Produce(path, number, false, *board); });
  const bool publishes = number == 1 || random() % 8 != 0;
  const uint64_t frames = 1 + random() % (random() % 4 == 0 ? 400 : 40);
  const uint32_t there = static_cast<uint32_t>(random() % kConsumers);
  ASSERT_TRUE(Until(&producer, [&] {
    return publishes ? session.published.load() >= frames : session.connected.load() >= there;
  })) << Why();
  for (uint32_t i = static_cast<uint32_t>(random() % 100000); i > 0; --i) random();
  const int status = producer.Kill();
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << StatusText(status) << "\n" << Why();
  early += publishes ? 0 : 1;
  in_flight += session.attempted > session.published ? 1 : 0;
  ASSERT_LE(session.attempted - session.published, 1U);
  // Sometimes there is nobody until one of them has looked in vain.
  if (random() % 4 != 0) return;
  const Member& member = board->members[random() % kConsumers];
  const uint64_t attempts = member.attempts.load() + 1 + random() % 3;
  ASSERT_TRUE(Until(nullptr, [&] { return member.attempts.load() >= attempts; })) << "no attempts\n" << Why();
}

// What consumers have counted is what the dead had published, but for the frame in flight; and all say the same.
void RestartTest::CompareBooks(uint32_t last) {
  uint64_t least = 0;
  uint64_t most = 0;
  for (uint32_t number = 1; number <= last; ++number) {
    SCOPED_TRACE("session " + std::to_string(number));
    const Session& session = board->sessions[number];
    uint64_t got = 0;
    for (const Member& member : board->members) {
      if (member.before[number] == 0) continue;
      const uint64_t before = member.before[number] - 1;
      EXPECT_GE(before, least);
      EXPECT_LE(before, most);
      least = most = before;
      ++got;
    }
    EXPECT_TRUE(got > 0 || session.published == 0) << "nobody got any of " << session.published << " frames";
    least += session.published;
    most += session.attempted;
  }
  for (const Member& member : board->members) EXPECT_EQ(member.published, least);
  EXPECT_EQ(least, most) << "the last one was not killed";
}

// Bug: a consumer does not come back, or hangs until something else wakes it; takes frames of one producer for those of
// another; loses what it holds; counts wrongly what it did not see; leaves descriptors behind; tries all the time.
TEST_F(RestartTest, ConsumersComeBackFromKillsUnderLoad) {
  std::mt19937 random(Seed());
  const uint32_t restarts = Soak() ? kMaxRestarts : kMaxRestarts / 20;
  for (size_t i = 0; i < kConsumers; ++i) {
    consumers.push_back(std::make_unique<Forked>([&] {
      counted = &board->members[i];
      return Consumer(kKinds[i], path, *board, board->members[i]).Run();
    }));
  }
  for (uint32_t number = 1; number <= restarts && !HasFatalFailure(); ++number) {
    SCOPED_TRACE("session " + std::to_string(number));
    Kill(number, random);
  }
  if (HasFatalFailure()) return;
  board->final_session.store(restarts + 1);
  board->newest_session.store(restarts + 1);
  Forked producer([&] { return Produce(path, restarts + 1, true, *board); });
  ASSERT_TRUE(Until(&producer, [&] {
    return std::all_of(board->members, board->members + kConsumers, [](const Member& one) { return one.done != 0; });
  })) << Why();
  board->finish.store(1);
  EXPECT_EQ(producer.Wait(), 0);
  for (auto& consumer : consumers) EXPECT_EQ(consumer->Wait(), 0) << StatusText(consumer->status()) << "\n" << Why();
  CompareBooks(restarts + 1);
  const auto seconds = static_cast<uint64_t>((NowNs() - start) / 1'000'000'000);
  const uint64_t sessions = restarts + 1;
  uint64_t taken = 0;
  uint64_t unseen = 0;
  uint64_t attempts = 0;
  for (const Member& member : board->members) {
    std::printf("taken %llu of %llu, attempts %llu, clock reads %llu, idle turns %llu\n",
                static_cast<unsigned long long>(member.taken), static_cast<unsigned long long>(member.published),
                static_cast<unsigned long long>(member.attempts), static_cast<unsigned long long>(member.clock_reads),
                static_cast<unsigned long long>(member.idle_turns));
    taken += member.taken;
    unseen += member.unseen;
    attempts = std::max(attempts, member.attempts.load());
    // A handful at each restart, and 15 in each second without a producer (client/pace.h).
    EXPECT_LE(member.attempts.load(), 10 * sessions + 15 * seconds) << Why();
    EXPECT_GE(member.attempts.load(), sessions - early);
    // Whoever turns round in circles does so a hundred thousand times in a second.
    EXPECT_LE(member.idle_turns.load(), 100 * sessions + 100 * seconds) << Why();
    EXPECT_LE(member.clock_reads.load(), 5 * member.published + 100 * sessions + 100 * seconds) << Why();
  }
  std::printf(
      "PROOF: %u kills of the producer (%u before its first frame, %u with a frame in flight), 4 queue and 2 latest "
      "consumers came back each time: %llu frames taken, all whole and in order, %llu published unseen and counted, at "
      "most %.1f attempts to connect per restart; seed %u\n",
      restarts, early, in_flight, static_cast<unsigned long long>(taken), static_cast<unsigned long long>(unseen),
      static_cast<double>(attempts) / static_cast<double>(sessions), Seed());
}

}  // namespace
}  // namespace videostream::chaos

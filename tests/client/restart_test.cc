// SPDX-License-Identifier: Apache-2.0
// A producer is killed and started again, with consumers of every kind: all of them come back by themselves, say so
// with the first frame, and keep their books.
#include <poll.h>
#include <sys/syscall.h>

#include <numeric>

#include "tests/backends/shm/test_host.h"
#include "tests/support/syscall_counter.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr uint64_t kRestarts = 2;
constexpr uint64_t kFrames = 100;  // of each producer

// What a consumer is to be told, and tells, in memory of all processes.
struct Board {
  std::atomic<uint64_t> taken[4];     // the newest frame of this producer
  std::atomic<uint64_t> sessions[4];  // that have brought a frame
  std::atomic<bool> end;
};

// The next frame, by futex or as an event loop does; empty only at the end of the test.
Frame Next(Client& client, bool event_loop, const Board& board) {
  while (!board.end) {
    if (event_loop) {
      pollfd p{client.poll_fd(), POLLIN, 0};
      ::poll(&p, 1, 50);
    }
    if (Frame frame = client.wait_for_frame(event_loop ? nanoseconds(0) : nanoseconds(50'000'000))) return frame;
  }
  return {};
}

// Status 0, or the line where something was wrong.
int Consume(const std::string& path, uint32_t index, Board& board) {
  const bool event_loop = index % 2 == 1;
  const uint32_t queue = index < 2 ? 0 : 4;
  Client client(path, {.queue = queue});
  if (event_loop && client.poll_fd() < 0) return __LINE__;
  uint64_t newest = 0;
  uint64_t session = 0;
  uint64_t marks = 0;
  uint64_t reconnects = 0;
  Frame held;
  Frame of_the_killed;  // kept from the last producer
  while (Frame frame = Next(client, event_loop, board)) {
    const bool first = session == 0 || client.stats().reconnects != reconnects;
    const bool marked = (frame.flags() & VSTREAM_FRAME_DISCONTINUITY) != 0;
    if (first) {
      reconnects = client.stats().reconnects;
      if (marked != (session > 0)) return __LINE__;
      if (reconnects != session++) return __LINE__;
      of_the_killed = std::move(held);
      newest = 0;
      if (session > 1 && !(of_the_killed && of_the_killed.valid() &&
                           IsFrame(of_the_killed.data(), of_the_killed.size(), of_the_killed.sequence()))) {
        return __LINE__;
      }
    } else if (marked) {
      return __LINE__;
    }
    if (queue != 0 ? frame.sequence() != newest + 1 : frame.sequence() <= newest) return __LINE__;
    newest = frame.sequence();
    marks += marked ? 1 : 0;
    if (!IsFrame(frame.data(), frame.size(), newest) || !frame.valid()) return __LINE__;
    held = std::move(frame);
    board.taken[index] = newest;
    board.sessions[index] = session;  // after it: who sees the session sees none of the last one's
  }
  const ClientStats stats = client.stats();
  if (stats.published != std::accumulate(stats.skipped.begin(), stats.skipped.end(), stats.taken)) return __LINE__;
  if (stats.published != (kRestarts + 1) * kFrames) return __LINE__;
  if (queue != 0 && stats.taken != stats.published) return __LINE__;
  if (marks != kRestarts || stats.reconnects != kRestarts || stats.void_leases != 0) return __LINE__;
  return 0;
}

// Publishes when all have taken what there was, so that no queue overruns; then waits to be killed.
int Produce(const std::string& path, uint64_t session, const Board& board, const Signal& done) {
  TestHost host({{"socket", path}, {"buffers", "8"}, {"lease-time", "60000000000"}});
  if (!host.ok() || !host.AddPool(16) || !host.WaitForConsumers(4)) return __LINE__;
  const auto all_have = [&](uint64_t sequence) {
    for (int i = 0; i < 4; ++i) {
      if (board.sessions[i] != session || board.taken[i] < sequence) return false;
    }
    return true;
  };
  for (uint64_t i = 1; i <= kFrames; ++i) {
    if (!host.Publish()) return __LINE__;
    if (!host.ServeUntil([&] { return all_have(i); })) return __LINE__;
  }
  done.Send();
  host.ServeUntil([] { return false; });
  return __LINE__;
}

// Consumers that hang, take frames of the new producer for the next ones, lose the frame in their hands, count wrongly,
// or try to connect all the time.
TEST(RestartTest, ConsumersOfEveryKindComeBackByThemselves) {
  ::alarm(110);
  TempDir dir;
  const std::string path = dir / "s";
  void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto& board = *new (memory) Board{};
  Signal done;
  const int64_t start = NowNs();
  std::vector<std::unique_ptr<SyscallCounter>> consumers;
  for (uint32_t i = 0; i < 4; ++i) {
    consumers.push_back(std::make_unique<SyscallCounter>([&, i] {
      BeginCounting();
      const int line = Consume(path, i, board);
      EndCounting();
      if (line != 0) std::fprintf(stderr, "consumer %u: line %d\n", i, line);
      return line != 0 ? 1 : 0;
    }));
  }
  for (uint64_t session = 1; session <= kRestarts + 1; ++session) {
    Child producer([&] {
      const int line = Produce(path, session, board, done);
      if (line != 0) std::fprintf(stderr, "producer %d: line %d\n", static_cast<int>(session), line);
      return 1;
    });
    while (!done.Arrived()) {
      ASSERT_FALSE(producer.Ended()) << "wait status " << producer.status();
      ::poll(nullptr, 0, 1);
    }
    producer.Signal(SIGKILL);
    const int status = producer.Wait();
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
  }
  board.end = true;
  for (auto& consumer : consumers) {
    EXPECT_EQ(consumer->Wait(), 0) << consumer->Why();
    const auto attempts = static_cast<int64_t>(consumer->Count(SYS_connect));
    EXPECT_LE(attempts, 15 * (NowNs() - start) / 1'000'000'000 + 6) << consumer->Text();
    EXPECT_GE(attempts, static_cast<int64_t>(kRestarts) + 1);
  }
  ::munmap(memory, sizeof(Board));
  ::alarm(0);
}

}  // namespace
}  // namespace videostream::test

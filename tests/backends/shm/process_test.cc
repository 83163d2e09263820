// SPDX-License-Identifier: Apache-2.0
// Processes that start early, stop, hang, are killed, come again: nobody else notices, and the numbers still add up.
#include <numeric>

#include "tests/backends/shm/test_host.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

bool Even(const ClientStats& stats) {
  return stats.published == std::accumulate(stats.skipped.begin(), stats.skipped.end(), stats.taken);
}

struct ProcessTest : ::testing::Test {
  ProcessTest() { ::alarm(100); }
  ~ProcessTest() override { ::alarm(0); }
  std::unique_ptr<TestHost> Host(uint32_t pool = 7, TestHost::Options options = {}) {
    options["socket"] = path;
    auto host = std::make_unique<TestHost>(options);
    EXPECT_TRUE(host->ok() && host->AddPool(pool)) << host->error.message;
    return host;
  }
  TempDir dir;
  std::string path = dir / "s";
};

// A consumer that starts before the producer, and one that outlives two producers, needs a restart.
TEST_F(ProcessTest, ConsumerStartsFirstAndReconnects) {
  Signal taken;
  Child child([&] {
    Client client(path, {.name = "patient"});
    for (int i = 0; i < 3; ++i) {
      const Frame frame = client.wait_for_frame(seconds(30));
      if (!frame || frame.sequence() != 1) return 10 + i;
      if (!IsFrame(frame.data(), frame.size(), 1)) return 20 + i;
      taken.Send();
    }
    const ClientStats stats = client.stats();
    return stats.reconnects == 2 && stats.taken == 3 && Even(stats) ? 0 : 30;
  });
  for (int i = 0; i < 3; ++i) {
    auto host = Host();
    ASSERT_TRUE(host->WaitForConsumers(1)) << "wait status " << (child.Ended() ? child.status() : -1);
    ASSERT_TRUE(host->Publish());
    ASSERT_TRUE(host->ServeUntil([&] { return taken.Arrived() || child.Ended(); }));
  }
  EXPECT_EQ(child.Wait(), 0) << "wait status";
}

// A killed producer: consumers hang, lose the frame in their hands, or cannot reach its successor.
TEST_F(ProcessTest, ProducerIsKilledAndReplaced) {
  Signal publish;
  const auto produce = [&] {
    auto host = Host();
    if (!host->WaitForConsumers(1)) return 1;
    if (!host->Publish()) return 2;
    host->ServeUntil([] { return false; });
    return 3;
  };
  auto first = std::make_unique<Child>(produce);
  Client client(path);
  const Frame held = client.wait_for_frame(seconds(30));
  ASSERT_TRUE(held) << client.error();
  first->Signal(SIGKILL);
  const int status = first->Wait();
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(dir.List().size(), 1u) << "its socket is still there";
  Child second(produce);
  const Frame next = client.wait_for_frame(seconds(30));
  ASSERT_TRUE(next) << client.error();
  EXPECT_TRUE(IsFrame(next.data(), next.size(), 1));
  EXPECT_TRUE(held.valid()) << "nobody is left who could change it";
  EXPECT_TRUE(IsFrame(held.data(), held.size(), 1));
  const ClientStats stats = client.stats();
  EXPECT_EQ(stats.reconnects, 1u);
  EXPECT_EQ(stats.taken, 2u);
  EXPECT_TRUE(Even(stats));
}

// A dead consumer takes its buffers with it.
TEST_F(ProcessTest, KilledConsumerReturnsItsLease) {
  auto host = Host(2);
  Signal taken;
  const size_t fds = OpenFds();
  Child child([&] {
    Client client(path);
    const Frame frame = client.wait_for_frame(seconds(30));
    taken.Send();
    for (;;) ::pause();
    return frame ? 0 : 1;
  });
  ASSERT_TRUE(host->WaitForConsumers(1));
  ASSERT_TRUE(host->Publish());
  taken.Wait();
  ASSERT_TRUE(host->Publish());
  EXPECT_FALSE(host->Publish()) << "one is the newest, the other one is held";
  EXPECT_EQ(host->dropped, 1u);
  child.Signal(SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(child.Wait())) << child.status();
  ASSERT_TRUE(host->WaitForConsumers(0));
  EXPECT_TRUE(host->Publish()) << host->error.message;
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_DISCONNECTED), 1u);
  EXPECT_EQ(OpenFds(), fds);
}

// A stopped consumer keeps its frame for ever, or does not learn that it has lost it.
TEST_F(ProcessTest, StoppedConsumerIsRevokedAndTold) {
  auto host = Host(2);
  Signal taken;
  Signal go;
  Child child([&] {
    Client client(path);
    Frame frame = client.wait_for_frame(seconds(30));
    if (!frame || !frame.valid()) return 1;
    taken.Send();
    go.Wait();
    if (frame.valid()) return 2;
    if (frame.release()) return 3;
    if (client.stats().void_leases != 1) return 4;
    const Frame next = client.wait_for_frame(seconds(30));
    if (!next || !next.valid() || !IsFrame(next.data(), next.size(), next.sequence())) return 5;
    return Even(client.stats()) ? 0 : 6;
  });
  ASSERT_TRUE(host->WaitForConsumers(1));
  ASSERT_TRUE(host->Publish());
  taken.Wait();
  child.Signal(SIGSTOP);
  ASSERT_TRUE(host->Publish());
  EXPECT_FALSE(host->Publish());
  ASSERT_TRUE(host->ServeUntil([&] {
    host->offset_ns += 100'000'000;
    return host->CountEvents(VSTREAM_EVENT_REVOKED) == 1;
  })) << "never revoked";
  EXPECT_NE(std::string(host->seen_events().back().detail).find("beyond the lease time"), std::string::npos)
      << host->seen_events().back().detail;
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(host->Publish()) << "frame " << i << " found no buffer";
  EXPECT_EQ(host->Consumers().at(0).revocations, 1u);
  EXPECT_EQ(host->Consumers().at(0).leases_held, 0u);
  child.Signal(SIGCONT);
  go.Send();
  ASSERT_TRUE(host->ServeUntil([&] { return child.Ended(); }));
  EXPECT_EQ(child.status(), 0) << "wait status";
}

// Under pressure the producer waits for a consumer, or takes a frame away that was taken only just now.
TEST_F(ProcessTest, SlowConsumerIsRevokedUnderPressureAfterItsHoldTime) {
  auto host = Host(2, {{"hold-time", "50000000"}, {"lease-time", "3600000000000"}});
  Signal taken;
  Signal go;
  Child child([&] {
    Client client(path);
    const Frame frame = client.wait_for_frame(seconds(30));
    if (!frame) return 1;
    taken.Send();
    go.Wait();
    return frame.valid() ? 2 : 0;
  });
  ASSERT_TRUE(host->WaitForConsumers(1));
  ASSERT_TRUE(host->Publish());
  taken.Wait();
  ASSERT_TRUE(host->Publish());
  EXPECT_FALSE(host->Publish()) << "seen for the first time now";
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_REVOKED), 0u);
  host->offset_ns += 50'000'000;
  EXPECT_TRUE(host->Publish()) << host->error.message;
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_REVOKED), 1u);
  go.Send();
  EXPECT_EQ(child.Wait(), 0) << "wait status";
}

// Every kind of consumer at once, in a hurry: torn frames, or numbers that do not add up.
TEST_F(ProcessTest, ManyConsumersInAHurryAddUp) {
  auto host = Host(9, {{"buffers", "8"}, {"hold-time", "0"}});
  Signal end;
  Signal ready;
  std::vector<std::unique_ptr<Child>> children;
  constexpr int kConsumers = 6;
  children.reserve(kConsumers);
  for (int i = 0; i < kConsumers; ++i) {
    children.push_back(std::make_unique<Child>([&, i] {
      Client client(path, {.queue = i % 2 == 0 ? 0u : 4u});
      if (i >= 4 && client.poll_fd() < 0) return 1;
      if (!client.connect(seconds(30))) return 2;
      ready.Send();
      uint64_t valid = 0;
      for (bool over = false; !over;) {
        over = end.Arrived();
        while (Frame frame = client.wait_for_frame(over ? nanoseconds(0) : nanoseconds(2'000'000))) {
          const bool whole = IsFrame(frame.data(), frame.size(), frame.sequence());
          if (frame.valid() && !whole) return 3;
          valid += frame.release() ? 1 : 0;
        }
      }
      const ClientStats stats = client.stats();
      if (!Even(stats)) return 4;
      if (stats.taken != valid + stats.void_leases) return 5;
      return valid > 0 ? 0 : 6;
    }));
  }
  ASSERT_TRUE(host->WaitForConsumers(kConsumers));
  for (int i = 0; i < kConsumers; ++i) ready.Wait();
  constexpr uint64_t kFrames = 3000;
  for (uint64_t i = 0; i < kFrames; ++i) {
    host->Publish();
    if (i % 10 == 0) host->Service();
  }
  EXPECT_EQ(host->sequence[0] + host->dropped, kFrames);
  for (int i = 0; i < kConsumers; ++i) end.Send();
  ASSERT_TRUE(host->ServeUntil(
      [&] { return std::all_of(children.begin(), children.end(), [](auto& child) { return child->Ended(); }); }));
  for (auto& child : children) EXPECT_EQ(child->status(), 0) << "wait status";
}

}  // namespace
}  // namespace videostream::test

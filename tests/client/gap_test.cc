// SPDX-License-Identifier: Apache-2.0
// The mark on a frame that does not follow the one before, and books that stay even over several producers.
#include <numeric>

#include "tests/backends/shm/test_host.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

uint64_t Sum(const ClientStats& stats) {
  return std::accumulate(stats.skipped.begin(), stats.skipped.end(), stats.taken);
}
bool Marked(const Frame& frame) { return (frame.flags() & VSTREAM_FRAME_DISCONTINUITY) != 0; }

struct GapTest : ::testing::Test {
  GapTest() { ::alarm(100); }
  ~GapTest() override { ::alarm(0); }
  std::unique_ptr<TestHost> Host(uint32_t pool = 12) {
    auto host = std::make_unique<TestHost>(TestHost::Options{{"socket", path}, {"buffers", "8"}});
    EXPECT_TRUE(host->ok() && host->AddPool(pool)) << host->error.message;
    return host;
  }
  static void Join(TestHost& host, Client& client) {
    ASSERT_TRUE(host.ServeUntil([&] { return client.connect(nanoseconds(0)); })) << client.error();
  }
  static void Publish(TestHost& host, int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(host.Publish()) << host.error.message;
  }
  // Takes the next frame, which is `sequence`; is it marked?
  static bool TakeMarked(Client& client, uint64_t sequence) {
    const Frame frame = client.wait_for_frame(nanoseconds(0));
    EXPECT_TRUE(frame) << client.error();
    if (!frame) return false;
    EXPECT_EQ(frame.sequence(), sequence);
    return Marked(frame);
  }
  TempDir dir;
  std::string path = dir / "s";
};

// A `queue` consumer is not told that frames are missing, or is told so with every frame after that.
TEST_F(GapTest, QueueMarksTheFirstFrameAfterLostOnes) {
  auto host = Host();
  Client client(path, {.queue = 3});
  Join(*host, client);
  Publish(*host, 3);
  for (uint64_t i = 1; i <= 3; ++i) EXPECT_FALSE(TakeMarked(client, i)) << i << ": nothing is missing";
  for (const uint64_t first : {6U, 11U}) {
    Publish(*host, 5);
    EXPECT_TRUE(TakeMarked(client, first)) << "two are lost";
    EXPECT_FALSE(TakeMarked(client, first + 1));
    EXPECT_FALSE(TakeMarked(client, first + 2));
  }
  EXPECT_EQ(client.stats().gaps, 2u);
  EXPECT_EQ(client.stats().skipped[VSTREAM_DROP_OVERRUN], 4u);
}

// Lost not by its own queue, but because the producer needed the buffer.
TEST_F(GapTest, QueueMarksTheFrameAfterOneThatIsGone) {
  auto host = Host(2);
  Client client(path, {.queue = 4});
  Join(*host, client);
  Publish(*host, 1);
  EXPECT_FALSE(TakeMarked(client, 1));
  Publish(*host, 4);
  const Frame frame = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(frame);
  EXPECT_GT(frame.sequence(), 2u);
  EXPECT_TRUE(Marked(frame));
}

// Every frame of a consumer that wants the newest one is marked, so that the mark says nothing.
TEST_F(GapTest, LatestDoesNotMarkWhatItSkips) {
  auto host = Host();
  Client client(path);
  Join(*host, client);
  Publish(*host, 1);
  EXPECT_FALSE(TakeMarked(client, 1));
  Publish(*host, 5);
  EXPECT_FALSE(TakeMarked(client, 6)) << "as it wished";
  EXPECT_EQ(client.stats().gaps, 1u);
}

// The producer's own mark gets lost on the way, or sticks.
TEST_F(GapTest, TheMarkOfTheProducerPassesThrough) {
  auto host = Host();
  for (const uint32_t queue : {0U, 4U}) {
    Client client(path, {.queue = queue});
    Join(*host, client);
    ASSERT_TRUE(host->Publish(VSTREAM_STREAM_FRAMES, VSTREAM_FRAME_DISCONTINUITY | VSTREAM_FRAME_CORRUPTED));
    {
      const Frame frame = client.wait_for_frame(nanoseconds(0));
      ASSERT_TRUE(frame);
      EXPECT_EQ(frame.flags(), VSTREAM_FRAME_DISCONTINUITY | VSTREAM_FRAME_CORRUPTED);
    }
    Publish(*host, 1);
    EXPECT_FALSE(TakeMarked(client, host->sequence[0]));
  }
}

// A decoder goes on as if nothing were missing; for packets that holds for `latest`, too.
TEST_F(GapTest, PacketsMarkTheKeyAfterLostOnes) {
  for (const uint32_t queue : {0U, 4U}) {
    auto host = Host();
    ASSERT_TRUE(host->AddPool(12, VSTREAM_STREAM_PACKETS, 5000)) << host->error.message;
    const auto publish = [&](uint32_t flags) { ASSERT_TRUE(host->Publish(VSTREAM_STREAM_PACKETS, flags)); };
    Client client(path, {.stream = Stream::kPackets, .queue = queue});
    Join(*host, client);
    publish(VSTREAM_FRAME_KEY);
    EXPECT_FALSE(TakeMarked(client, 1));
    publish(0);
    EXPECT_FALSE(TakeMarked(client, 2));
    for (int i = 0; i < 6; ++i) publish(0);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0))) << "some are lost, the rest is of no use";
    publish(0);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    publish(VSTREAM_FRAME_KEY);
    EXPECT_TRUE(TakeMarked(client, 10));
    publish(0);
    EXPECT_FALSE(TakeMarked(client, 11));
    EXPECT_EQ(client.stats().published, Sum(client.stats()));
  }
}

// Frames of another producer are taken for a continuation; counters of the last one are lost, or counted twice.
TEST_F(GapTest, RestartsAreMarkedAndAddUp) {
  Client latest(path);
  Client queue(path, {.queue = 3});
  uint64_t published = 0;
  for (int round = 0; round < 4; ++round) {
    auto host = Host();
    Join(*host, latest);
    Join(*host, queue);
    EXPECT_EQ(latest.stats().published, published) << round;
    Publish(*host, 1);
    EXPECT_EQ(TakeMarked(latest, 1), round > 0) << round;
    EXPECT_EQ(TakeMarked(queue, 1), round > 0) << round;
    Publish(*host, 1);
    EXPECT_FALSE(TakeMarked(latest, 2)) << round;
    EXPECT_FALSE(TakeMarked(queue, 2)) << round;
    Publish(*host, 4);  // of which nobody takes any
    published += 6;
    host.reset();
    for (Client* client : {&latest, &queue}) {
      while (client->state() == Client::State::kConnected) EXPECT_FALSE(client->wait_for_frame(milliseconds(1)));
      const ClientStats stats = client->stats();
      EXPECT_EQ(stats.published, published) << round;
      EXPECT_EQ(Sum(stats), published) << round;
      EXPECT_EQ(stats.taken, 2u * (static_cast<uint64_t>(round) + 1));
      EXPECT_EQ(stats.reconnects, static_cast<uint64_t>(round));
      EXPECT_EQ(stats.first_sequence, 1u);
      EXPECT_EQ(stats.last_sequence, 2u);
    }
  }
}

// The mark is for the first frame that is taken, however many subscriptions have been without one.
TEST_F(GapTest, ASubscriptionWithoutFramesKeepsTheMark) {
  Client client(path);
  for (int round = 0; round < 3; ++round) {
    auto host = Host();
    Join(*host, client);
    if (round != 1) {
      Publish(*host, 1);
      EXPECT_EQ(TakeMarked(client, 1), round == 2);
    }
    host.reset();
    while (client.state() == Client::State::kConnected) EXPECT_FALSE(client.wait_for_frame(milliseconds(1)));
  }
  EXPECT_EQ(client.stats().reconnects, 2u);
}

}  // namespace
}  // namespace videostream::test

// SPDX-License-Identifier: Apache-2.0
// The public class against the real transport, in one process: both sides take turns, nothing waits for the other.
#include "videostream/client.hpp"

#include <poll.h>

#include <thread>

#include "tests/backends/shm/test_host.h"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

bool Readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

struct ClientTest : ::testing::Test {
  ClientTest() { ::alarm(100); }
  ~ClientTest() override { ::alarm(0); }
  std::unique_ptr<TestHost> Host(TestHost::Options options = {}) {
    options["socket"] = path;
    auto host = std::make_unique<TestHost>(options);
    EXPECT_TRUE(host->ok() && host->AddPool(7)) << host->error.message;
    return host;
  }
  // Takes turns until the client is connected (or has failed).
  static void Join(TestHost& host, Client& client) {
    ASSERT_TRUE(host.ServeUntil([&] {
      return client.connect(nanoseconds(0)) || client.state() == Client::State::kFailed;
    })) << client.error();
  }
  TempDir dir;
  std::string path = dir / "s";
};

// A path that the kernel cannot take is waited for.
TEST_F(ClientTest, PathTooLongFailsWithBothNumbers) {
  Client client(std::string(200, 'x'));
  EXPECT_EQ(client.state(), Client::State::kFailed);
  EXPECT_NE(client.error().find("200 bytes, the kernel takes at most 107"), std::string::npos) << client.error();
  EXPECT_FALSE(client.connect(seconds(5)));
  EXPECT_FALSE(client.wait_for_frame(seconds(5)));
  EXPECT_EQ(client.poll_fd() >= 0, true);
}

// A client without a producer blocks, or gives up.
TEST_F(ClientTest, WaitsForAProducerThatComesLater) {
  Client client(path);
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_FALSE(client.connect(std::chrono::milliseconds(1)));
  EXPECT_EQ(client.state(), Client::State::kConnecting);
  EXPECT_EQ(client.error(), "");
  auto host = Host();
  Join(*host, client);
  EXPECT_EQ(client.state(), Client::State::kConnected);
  ASSERT_TRUE(host->Publish());
  EXPECT_TRUE(client.wait_for_frame(nanoseconds(0)));
}

// A frame outlives the client, the set and the producer without a fault; its slot is not given back twice.
TEST_F(ClientTest, FramesOutliveClientAndProducer) {
  auto host = Host();
  Frame frame;
  Frame second;
  {
    Client client(path);
    Join(*host, client);
    ASSERT_TRUE(host->Publish());
    frame = client.wait_for_frame(seconds(1));
    second = frame.share();
  }
  ASSERT_TRUE(frame && second);
  host->Service();
  EXPECT_EQ(host->Info().connected, 1u) << "the frame keeps the lease";
  EXPECT_TRUE(frame.valid());
  EXPECT_EQ(host->Consumers().at(0).leases_held, 1u);
  EXPECT_TRUE(frame.release());
  EXPECT_FALSE(frame.valid());
  EXPECT_TRUE(second.valid());
  EXPECT_EQ(host->Consumers().at(0).leases_held, 1u);
  host.reset();
  EXPECT_FALSE(second.valid()) << "the producer has ended in order: its memory may be used again";
  EXPECT_TRUE(IsFrame(second.data(), second.size(), 1)) << "but is still mapped";
}

// More frames than leased: the producer would not see the claim.
TEST_F(ClientTest, HoldingTooManyFramesIsSaid) {
  auto host = Host();
  Client client(path);
  Join(*host, client);
  std::vector<Frame> held;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(host->Publish());
    held.push_back(client.wait_for_frame(seconds(1)));
    ASSERT_TRUE(held.back());
  }
  ASSERT_TRUE(host->Publish());
  EXPECT_FALSE(client.wait_for_frame(seconds(30)));
  EXPECT_EQ(client.error_code(), VSTREAM_E_BUSY);
  EXPECT_NE(client.error().find("all 2 frames"), std::string::npos) << client.error();
  held.pop_back();
  EXPECT_TRUE(client.wait_for_frame(seconds(30)));
  EXPECT_EQ(client.error(), "");
}

// A wait in one thread does not notice the frame that another one publishes.
TEST_F(ClientTest, BlockedWaitIsWokenByAFrame) {
  auto host = Host();
  for (const bool event_loop : {false, true}) {
    Client client(path);
    Join(*host, client);
    if (event_loop) {
      ASSERT_GE(client.poll_fd(), 0);
    }
    for (int i = 0; i < 20; ++i) {
      std::thread producer([&] { EXPECT_TRUE(host->Publish()) << host->error.message; });
      const Frame frame = client.wait_for_frame(seconds(20));
      producer.join();
      ASSERT_TRUE(frame) << client.error();
      EXPECT_EQ(frame.sequence(), host->sequence[0]);
    }
  }
}

// The descriptor for event loops is silent while there is a frame, or never stops.
TEST_F(ClientTest, PollFdIsReadableWhileThereIsSomethingToDo) {
  auto host = Host({{"buffers", "8"}});
  Client client(path, {.queue = 4});
  Join(*host, client);
  ASSERT_TRUE(host->Publish());
  const int fd = client.poll_fd();
  ASSERT_GE(fd, 0);
  EXPECT_TRUE(Readable(fd)) << "a frame was there before";
  EXPECT_TRUE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_FALSE(Readable(fd));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(host->Publish());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Readable(fd)) << i;
    EXPECT_TRUE(client.wait_for_frame(nanoseconds(0)));
  }
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_FALSE(Readable(fd));
  ASSERT_TRUE(host->AddPool(7)) << "an announcement is something to do, too";
  EXPECT_TRUE(Readable(fd));
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_FALSE(Readable(fd));
  EXPECT_EQ(client.poll_fd(), fd);
}

// An event loop never hears that the producer came, went and came again.
TEST_F(ClientTest, PollFdCarriesReconnects) {
  Client client(path);
  const int fd = client.poll_fd();
  uint64_t taken = 0;
  for (int round = 0; round < 3; ++round) {
    auto host = Host();
    for (const uint64_t before = taken; taken < before + 3;) {
      host->Service();
      if (client.state() == Client::State::kConnected && !Readable(fd)) {
        ASSERT_TRUE(host->Publish()) << host->error.message;
      }
      pollfd p{fd, POLLIN, 0};
      ::poll(&p, 1, 50);
      if (!Readable(fd)) continue;
      while (client.wait_for_frame(nanoseconds(0))) ++taken;
    }
  }
  EXPECT_EQ(client.poll_fd(), fd);
  EXPECT_EQ(client.stats().reconnects, 2u);
  EXPECT_EQ(client.stats().taken, taken);
}

// `reconnect = false` goes on for ever.
TEST_F(ClientTest, EndsWithTheProducerIfToldSo) {
  auto host = Host();
  Client client(path, {.reconnect = false});
  Join(*host, client);
  host->SetState(VSTREAM_TRANSPORT_STATE_CLOSING);
  host.reset();
  EXPECT_FALSE(client.wait_for_frame(seconds(30)));
  EXPECT_EQ(client.state(), Client::State::kEnded);
  EXPECT_NE(client.error(), "");
}

// A queue longer than the producer's budget is accepted and starves it.
TEST_F(ClientTest, QueueBeyondTheBudgetIsRefusedWithTheNumber) {
  auto host = Host({{"buffers", "6"}, {"leases", "2"}});
  Client client(path, {.queue = 4});
  Join(*host, client);
  EXPECT_EQ(client.state(), Client::State::kFailed);
  EXPECT_EQ(client.error_code(), VSTREAM_E_INVALID);
  EXPECT_NE(client.error().find("queue 4: the producer has room for 3"), std::string::npos) << client.error();
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_REFUSED), 1u);
  EXPECT_EQ(host->Info().refused, 1u);
}

// A consumer too many is refused for good, although a place gets free.
TEST_F(ClientTest, FullProducerIsTriedAgain) {
  auto host = Host({{"clients", "1"}});
  auto first = std::make_unique<Client>(path);
  Join(*host, *first);
  Client second(path);
  ASSERT_TRUE(host->ServeUntil([&] {
    second.connect(nanoseconds(0));
    return second.error_code() == VSTREAM_E_BUSY;
  }));
  EXPECT_EQ(second.state(), Client::State::kConnecting);
  first.reset();
  Join(*host, second);
  EXPECT_EQ(second.state(), Client::State::kConnected) << second.error();
}

// Packets: a decoder is started in the middle, or the producer never hears of it.
TEST_F(ClientTest, PacketsWaitForAKeyFrameAndAskForOne) {
  auto host = Host();
  ASSERT_TRUE(host->AddPool(12, VSTREAM_STREAM_PACKETS, 5000)) << host->error.message;
  Client client(path, {.stream = Stream::kPackets, .queue = 8});
  Join(*host, client);
  ASSERT_TRUE(host->Publish(VSTREAM_STREAM_PACKETS)) << host->error.message;
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  host->Service();
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_KEY_WANTED), 1u);
  client.request_key();
  client.request_key();
  host->Service();
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_KEY_WANTED), 1u) << "limited";
  host->offset_ns = 1'000'000'000;
  client.request_key();
  host->Service();
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_KEY_WANTED), 2u);
  ASSERT_TRUE(host->Publish(VSTREAM_STREAM_PACKETS, VSTREAM_FRAME_KEY | VSTREAM_FRAME_PARAMETER_SETS));
  ASSERT_TRUE(host->Publish(VSTREAM_STREAM_PACKETS));
  {
    const Frame key = client.wait_for_frame(nanoseconds(0));
    ASSERT_TRUE(key && key.is_key());
    EXPECT_EQ(key.size(), 5000u);
    EXPECT_EQ(key.stride(), 0u);
    EXPECT_EQ(key.format(), VSTREAM_FORMAT_H264);
  }
  EXPECT_TRUE(client.wait_for_frame(nanoseconds(0)));
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(host->Publish(VSTREAM_STREAM_PACKETS));
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0))) << "one was lost: the rest is of no use";
  const ClientStats stats = client.stats();
  EXPECT_EQ(stats.skipped[VSTREAM_DROP_AWAIT_KEY], 1u + 8u);
  EXPECT_EQ(stats.skipped[VSTREAM_DROP_OVERRUN], 1u);
  EXPECT_EQ(stats.published, stats.taken + 10);
}

// A new pool while frames of the old one are held: lost frames, or a mapping that goes away under its reader.
TEST_F(ClientTest, SetsMayChangeWhileFramesAreHeld) {
  auto host = Host();
  Client client(path);
  Join(*host, client);
  ASSERT_TRUE(host->Publish());
  const Frame old = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(old);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(host->AddPool(20)) << host->error.message;
    ASSERT_TRUE(host->RemovePool(host->epoch() - 1)) << host->error.message;
    ASSERT_TRUE(host->Publish()) << host->error.message;
    const Frame frame = client.wait_for_frame(nanoseconds(0));
    ASSERT_TRUE(frame) << i << client.error();
    EXPECT_TRUE(IsFrame(frame.data(), frame.size(), frame.sequence()));
  }
  EXPECT_TRUE(old.valid());
  EXPECT_TRUE(IsFrame(old.data(), old.size(), 1));
  EXPECT_EQ(client.stats().skipped[VSTREAM_DROP_OVERRUN], 0u);
}

// A consumer that does not read its socket while sets come and go makes the producer wait or grow.
TEST_F(ClientTest, UnreadAnnouncementsAreBounded) {
  auto host = Host();
  Client client(path);
  Join(*host, client);
  const size_t fds = OpenFds();
  for (int i = 0; i < 60 && host->Info().connected == 1; ++i) {
    ASSERT_TRUE(host->AddPool(1)) << host->error.message;
    ASSERT_TRUE(host->RemovePool(host->epoch() - 1)) << host->error.message;
    host->Service();
  }
  EXPECT_LE(OpenFds(), fds + 60 + 2);
  // It either kept up within the socket's room or was disconnected; it finds its way back in both cases.
  Join(*host, client);
  ASSERT_TRUE(host->ServeUntil([&] {
    host->Publish();
    return static_cast<bool>(client.wait_for_frame(std::chrono::milliseconds(1)));
  }));
}

// Two clients share counters or slots.
TEST_F(ClientTest, ClientsAreIndependentAndMovable) {
  auto host = Host();
  Client a(path, {.name = "a"});
  Join(*host, a);
  Client b = std::move(a);
  Client c(path, {.name = "c"});
  Join(*host, c);
  ASSERT_TRUE(host->Publish());
  EXPECT_TRUE(b.wait_for_frame(nanoseconds(0)));
  ASSERT_TRUE(host->Publish());
  EXPECT_TRUE(b.wait_for_frame(nanoseconds(0)));
  EXPECT_TRUE(c.wait_for_frame(nanoseconds(0)));
  EXPECT_EQ(b.stats().taken, 2u);
  EXPECT_EQ(c.stats().taken, 1u);
  EXPECT_EQ(c.stats().skipped[VSTREAM_DROP_OVERRUN], 1u);
  const auto all = host->Consumers();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_STREQ(all[0].name, "a");
  EXPECT_STREQ(all[1].name, "c");
  EXPECT_EQ(all[1].pid, ::getpid());
}

}  // namespace
}  // namespace videostream::test

// SPDX-License-Identifier: Apache-2.0
// What a consumer can do to the producer and to the others: nothing.
#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "tests/backends/shm/raw_consumer.h"
#include "tests/backends/shm/ways_to_write.h"
#include "videostream/client.hpp"
#include "wire/page.h"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;

struct HostileConsumerTest : ::testing::Test {
  HostileConsumerTest() { ::alarm(100); }
  ~HostileConsumerTest() override { ::alarm(0); }
  void SetUp() override { ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message; }
  // The host still serves honest consumers.
  void ExpectService() {
    Client client(path);
    ASSERT_TRUE(host.ServeUntil([&] { return client.connect(nanoseconds(0)); })) << client.error();
    ASSERT_TRUE(host.Publish()) << host.error.message;
    const Frame frame = client.wait_for_frame(nanoseconds(0));
    ASSERT_TRUE(frame) << client.error();
    EXPECT_TRUE(IsFrame(frame.data(), frame.size(), frame.sequence()));
  }
  TempDir dir;
  std::string path = dir / "s";
  TestHost host{{{"socket", path}, {"clients", "16"}}};
};

// Short, long, foreign or descriptor-laden messages, before and after subscription.
TEST_F(HostileConsumerTest, GarbageOnTheSocketEndsOnlyItsSender) {
  const size_t fds = OpenFds();
  const auto hello = wire::Make<wire::Hello>();
  auto foreign = hello;
  foreign.header.magic = 1;
  auto other = wire::Make<wire::Subscribed>();
  const std::vector<char> huge(5000, 'x');
  struct {
    const void* bytes;
    size_t size;
    std::vector<int> with;
  } const kinds[] = {
      {&hello, 10, {}},           {&hello, sizeof hello - 1, {}}, {&foreign, sizeof foreign, {}},
      {huge.data(), 1024, {}},    {huge.data(), huge.size(), {}}, {&hello, sizeof hello, {STDIN_FILENO, STDERR_FILENO}},
      {&other, sizeof other, {}}, {huge.data(), 0, {}},
  };
  for (const char* after : {"connect", "welcome", "subscribed"}) {
    for (const auto& kind : kinds) {
      RawConsumer raw(path);
      ASSERT_TRUE(raw.connected);
      if (std::string(after) == "welcome") {
        raw.Send(hello);
        wire::Welcome welcome;
        ASSERT_TRUE(raw.Await(host, &welcome));
      } else if (std::string(after) == "subscribed") {
        ASSERT_TRUE(raw.Subscribe(host));
      }
      ASSERT_GE(raw.SendRaw(kind.bytes, kind.size, kind.with), 0) << std::strerror(errno);
      EXPECT_TRUE(raw.AwaitClose(host)) << kind.size << " after " << after;
    }
  }
  EXPECT_TRUE(host.WaitForConsumers(0));
  EXPECT_EQ(OpenFds(), fds);
  ExpectService();
}

// Another major version is served, or sent away without a word.
TEST_F(HostileConsumerTest, OtherVersionIsRefusedNamingBoth) {
  RawConsumer raw(path);
  auto hello = wire::Make<wire::Hello>();
  hello.header.major = 9;
  raw.Send(hello);
  wire::Refused refused;
  ASSERT_TRUE(raw.Await(host, &refused));
  EXPECT_EQ(refused.reason, static_cast<uint32_t>(wire::Reason::kVersion));
  EXPECT_STREQ(refused.text, "protocol version 9.0, expected 1.0; use a client library of the producer's version");
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REFUSED), 1u);
  const std::string who = "? (pid " + std::to_string(::getpid()) + ", uid " + std::to_string(::getuid()) + "): ";
  EXPECT_EQ(host.seen_events().back().detail, who + refused.text);
}

// A newer minor version is refused although it asks for nothing that we do not know.
TEST_F(HostileConsumerTest, ANewerMinorVersionIsServed) {
  RawConsumer raw(path);
  struct {
    wire::Hello hello = wire::Make<wire::Hello>();
    uint64_t more[4] = {};
  } longer;
  longer.hello.header.minor = 7;
  longer.hello.header.size = sizeof longer;
  raw.Send(longer);
  wire::Header unknown{.type = 300, .size = sizeof unknown, .minor = 7};
  raw.Send(unknown);
  wire::Welcome welcome;
  ASSERT_TRUE(raw.Await(host, &welcome));
  auto subscribe = wire::Make<wire::Subscribe>();
  subscribe.header.minor = 7;
  raw.Send(subscribe);
  raw.Send(unknown);
  wire::Subscribed subscribed;
  ASSERT_TRUE(raw.Await(host, &subscribed));
  raw.Send(unknown);
  host.Service();
  EXPECT_EQ(host.Info().connected, 1u);
}

// Descriptors that a consumer sends stay open in the producer.
TEST_F(HostileConsumerTest, DescriptorsAreNotTaken) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  for (const bool subscribed : {false, true}) {
    RawConsumer raw(path);
    if (subscribed) {
      ASSERT_TRUE(raw.Subscribe(host));
    }
    const auto wanted = wire::Make<wire::KeyWanted>();
    ASSERT_GT(raw.SendRaw(&wanted, sizeof wanted, std::vector<int>(50, ends[1])), 0) << std::strerror(errno);
    EXPECT_TRUE(raw.AwaitClose(host));
  }
  ::close(ends[1]);
  char c;
  EXPECT_EQ(::read(ends[0], &c, 1), 0) << "somebody still has the other end";
  ::close(ends[0]);
  EXPECT_EQ(host.Info().refused, 1u);
}

// Connections that say nothing pile up, or keep others out.
TEST_F(HostileConsumerTest, IdleConnectionsAreClosedAndPushedOut) {
  std::vector<std::unique_ptr<RawConsumer>> idle;
  const size_t fds = OpenFds();
  for (int i = 0; i < 60; ++i) {
    idle.push_back(std::make_unique<RawConsumer>(path));
    ASSERT_TRUE(idle.back()->connected);
    if (i % 2 == 0) idle.back()->Send(wire::Make<wire::Hello>());  // half way
    host.Service();
  }
  EXPECT_LE(OpenFds(), fds + 60 + 32) << "of the producer's, one for each of the last 32";
  ExpectService();
  host.offset_ns += 3'000'000'000;
  for (auto& one : idle) EXPECT_TRUE(one->AwaitClose(host));
  ExpectService();
}

// A consumer that keeps asking for key frames drives the encoder, or that floods takes the host's time.
TEST_F(HostileConsumerTest, FloodOfRequestsIsLimited) {
  ASSERT_TRUE(host.AddPool(4, VSTREAM_STREAM_PACKETS, 1000));
  host.frozen_ns = NowNs();
  RawConsumer raw(path);
  ASSERT_TRUE(raw.Subscribe(host, VSTREAM_STREAM_PACKETS));
  const auto wanted = wire::Make<wire::KeyWanted>();
  for (int i = 0; i < 500; ++i) {
    raw.SendRaw(&wanted, sizeof wanted);
    if (i % 8 == 0) host.Service();
  }
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_KEY_WANTED), 1u);
  // However much is there, one call takes a few messages and comes back.
  while (raw.SendRaw(&wanted, sizeof wanted) > 0) {
  }
  host.Service();
  int room = 0;
  while (raw.SendRaw(&wanted, sizeof wanted) > 0) ++room;
  EXPECT_GT(room, 0);
  EXPECT_LE(room, 4);
  ExpectService();
}

// Frames, copies of frames or the stream page can be changed by those who should only read them.
TEST_F(HostileConsumerTest, CannotWriteToFramesOrStreamPage) {
  TestHost copying({{"socket", dir / "c"}, {"protect", "copy"}});
  ASSERT_TRUE(copying.ok() && copying.AddPool(7)) << copying.error.message;
  for (TestHost* producer : {&host, &copying}) {
    RawConsumer raw(producer == &host ? path : dir / "c");
    ASSERT_TRUE(producer->Publish()) << producer->error.message;
    ASSERT_TRUE(raw.Subscribe(*producer));
    ASSERT_EQ(raw.fds.size(), 3u + 7u);
    for (size_t i = 0; i < raw.fds.size(); ++i) {
      if (i == 1 || i == 2) continue;  // the client page and the doorbell
      EXPECT_EQ(WaysToWrite(raw.fds[i]), "") << "descriptor " << i << (producer == &host ? "" : " of copies");
    }
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(producer->Publish()) << "and the producer can still write";
  }
  ExpectService();
}

// Another user changes frames in the memory of the producer, past everything that was shared.
TEST_F(HostileConsumerTest, AnotherUserCannotWriteIntoTheProducer) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const uint32_t id = host.ids().front();
  Child child([&, producer = ::getpid()] {
    if (!Become(65534, 65534)) return 2;
    const std::string worked = WaysIntoProcess(producer, host.data(id), host.fd(id));
    std::fprintf(stderr, "%s", worked.c_str());
    return worked.empty() ? 0 : 1;
  });
  const int status = child.Wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) GTEST_SKIP() << "user 65534 does not exist in this sandbox";
  EXPECT_EQ(status, 0) << "wait status";
}

// A consumer shrinks its own page: a SIGBUS in the producer.
TEST_F(HostileConsumerTest, ClientPageCannotBeTakenAway) {
  RawConsumer raw(path);
  ASSERT_TRUE(raw.Subscribe(host));
  EXPECT_EQ(::ftruncate(raw.fds[1], 0), -1);
  EXPECT_EQ(::fcntl(raw.fds[1], F_ADD_SEALS, F_SEAL_WRITE), -1);
  EXPECT_EQ(::fallocate(raw.fds[1], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0) << "only clears it";
  ExpectService();
}

// A full or closed doorbell blocks or kills the producer.
TEST_F(HostileConsumerTest, DoorbellCanNeitherBlockNorKill) {
  RawConsumer raw(path);
  ASSERT_TRUE(raw.Subscribe(host));
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, raw.fds[1], 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* page = static_cast<wire::ClientPage*>(memory);
  const std::string link = "/proc/self/fd/" + std::to_string(raw.fds[2]);
  const int writer = ::open(link.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  const std::vector<char> noise(4096, 'x');
  while (::write(writer, noise.data(), noise.size()) > 0) {
  }
  for (uint32_t head = 0; head < 40; ++head) {
    page->armed.store(uint64_t{1} << 32 | head);
    ASSERT_TRUE(host.Publish()) << host.error.message;
  }
  ::close(writer);
  ::close(raw.fds[2]);
  raw.fds[2] = -1;
  for (uint32_t head = 40; head < 60; ++head) {
    page->armed.store(uint64_t{1} << 32 | head);
    ASSERT_TRUE(host.Publish()) << "without a reader";
  }
  ::munmap(memory, 4096);
  ExpectService();
}

// Claims on everything, for ever, by somebody who never reads: the others starve.
TEST_F(HostileConsumerTest, ClaimsOnEverythingCostOthersNothing) {
  RawConsumer raw(path);
  ASSERT_TRUE(raw.Subscribe(host, 0, 3));
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, raw.fds[1], 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* page = static_cast<wire::ClientPage*>(memory);
  Client client(path);
  ASSERT_TRUE(host.ServeUntil([&] { return client.connect(nanoseconds(0)); })) << client.error();
  uint64_t taken = 0;
  uint32_t nonce = 0;
  for (uint32_t i = 0; i < 500; ++i) {
    for (uint32_t k = 0; k < wire::kMaxLeases; ++k) {
      const uint64_t epoch = (i + k) % 3;
      page->claim[k].store((i + k) % 9 + 1 + (epoch << 16) + (uint64_t{++nonce} << 32));
    }
    page->cursor.store(i % 2 == 0 ? 0 : ~uint64_t{0});
    host.offset_ns += 20'000'000;
    ASSERT_TRUE(host.Publish()) << "frame " << i << ": no buffer";
    const Frame frame = client.wait_for_frame(nanoseconds(0));
    if (!frame) continue;
    ++taken;
    ASSERT_TRUE(IsFrame(frame.data(), frame.size(), frame.sequence()));
  }
  EXPECT_EQ(taken, 500u);
  EXPECT_EQ(host.Consumers().size(), 2u);
  ::munmap(memory, 4096);
}

// Connecting and leaving leaks descriptors, slots or memory.
TEST_F(HostileConsumerTest, ComingAndGoingLeavesNothing) {
  const size_t fds = OpenFds();
  for (int i = 0; i < 100; ++i) {
    RawConsumer raw(path);
    ASSERT_TRUE(raw.Subscribe(host)) << i;
    EXPECT_LE(OpenFds(), fds + 1 + 3 + 7 + 4) << "per consumer: socket, both ends of the doorbell";
  }
  EXPECT_TRUE(host.WaitForConsumers(0));
  EXPECT_EQ(OpenFds(), fds);
  ExpectService();
}

}  // namespace
}  // namespace videostream::test

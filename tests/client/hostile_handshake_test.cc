// SPDX-License-Identifier: Apache-2.0
// A host that lies, breaks off or runs us out of descriptors between hello and the first buffer set.
#include <atomic>
#include <functional>
#include <thread>

#include "client/session.h"
#include "tests/client/fake_producer.h"
#include "videostream/backend.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;

constexpr int kReadOnly = FakeProducer::kSeals | FakeProducer::kFutureWrite;

struct HostileHandshakeTest : ::testing::Test {
  HostileHandshakeTest() { ::alarm(60); }
  ~HostileHandshakeTest() override { ::alarm(0); }
  std::string Said(const Client& client) const {
    const std::string prefix = "socket '" + producer.path + "': ";
    return client.error().rfind(prefix, 0) == 0 ? client.error().substr(prefix.size()) : client.error();
  }
  // What the client says to this answer to its subscription: for good, and with nothing left open.
  std::string AfterSubscribed(const std::function<void()>& change, std::vector<int> more = {}) {
    producer.MakePages();
    change();
    producer.Disconnect();
    Client client(producer.path);
    const size_t before = OpenFiles();
    producer.Greet(client);
    std::vector<int> fds = {producer.stream_fd, producer.client_fd, producer.bell_fd};
    fds.insert(fds.end(), more.begin(), more.end());
    producer.Send(producer.subscribed, fds);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), Client::State::kFailed);
    EXPECT_EQ(client.error_code(), VSTREAM_E_IO);
    producer.Disconnect();
    EXPECT_EQ(OpenFiles(), before) << Said(client);
    return Said(client);
  }
  FakeProducer producer;
};

// Would catch: a host that ends in mid-handshake taken for a final failure, or a client that hangs or leaks.
TEST_F(HostileHandshakeTest, ClosedAtEveryStep) {
  const auto closed = [](const std::string& awaited) {
    return "the connection was closed while waiting for the " + awaited +
           "; the producer is about to end, or this is no VideoStream host";
  };
  producer.MakePages();
  Client client(producer.path);
  const size_t before = OpenFiles();
  for (int step = 0; step < 7; ++step) {
    client.wait_for_frame(nanoseconds(0));
    while (!producer.Accept()) client.wait_for_frame(std::chrono::milliseconds(5));
    if (step >= 1) producer.Receive<wire::Hello>();
    if (step >= 2) producer.Send(FakeProducer::Welcome());
    if (step >= 3) client.wait_for_frame(nanoseconds(0));
    if (step >= 4) producer.Receive<wire::Subscribe>();
    if (step == 5) producer.SendRaw("", 0);  // an empty message is an end, too
    if (step == 6) producer.Send(wire::Make<wire::Goodbye>());
    if (step != 5) producer.Disconnect();
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), Client::State::kConnecting) << step;
    EXPECT_EQ(Said(client), closed(step < 2 ? "welcome" : "subscription")) << step;
    EXPECT_EQ(client.error_code(), VSTREAM_E_IO) << step;
    producer.Disconnect();
    EXPECT_LE(OpenFiles(), before + 1) << step << ": more than the watch on the folder is open";
  }
  while (!producer.Accept()) client.wait_for_frame(std::chrono::milliseconds(5));
  producer.Receive<wire::Hello>();
  producer.Send(FakeProducer::Welcome());
  client.wait_for_frame(nanoseconds(0));
  producer.Receive<wire::Subscribe>();
  producer.Send(producer.subscribed, {producer.stream_fd, producer.client_fd, producer.bell_fd});
  EXPECT_TRUE(client.connect(nanoseconds(0))) << "and in the end it works";
  EXPECT_EQ(client.error(), "");
}

// Would catch: a host of the future misread, or refused without what to do.
TEST_F(HostileHandshakeTest, TheFutureIsToldFromThePresent) {
  const auto said = [&](auto message) {
    Client client(producer.path);
    client.wait_for_frame(nanoseconds(0));
    EXPECT_TRUE(producer.Accept());
    producer.Send(message);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), Client::State::kFailed);
    EXPECT_EQ(client.error_code(), VSTREAM_E_UNSUPPORTED);
    return Said(client);
  };
  auto welcome = FakeProducer::Welcome();
  welcome.header.major = 7;
  welcome.header.minor = 3;
  EXPECT_EQ(said(welcome),
            "the producer speaks protocol version 7.3, expected 1.0; use a client library of its version");
  auto refused = wire::Make<wire::Refused>();
  refused.reason = static_cast<uint32_t>(wire::Reason::kVersion);
  wire::SetText(refused.text, "protocol version 1.0, expected 2.0; use a client library of the producer's version");
  EXPECT_EQ(said(refused),
            "refused: protocol version 1.0, expected 2.0; use a client library of the producer's version");
  // The page has a version of its own.
  EXPECT_EQ(AfterSubscribed([&] {
              void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                                    producer.stream_fd = producer.Memfd(producer.subscribed.stream_page_bytes, 0), 0);
              auto* header = static_cast<wire::StreamHeader*>(memory);
              header->magic.store(wire::kStreamMagic);
              header->version.store(2 << 16 | 1);
              ::munmap(memory, 4096);
              ::fcntl(producer.stream_fd, F_ADD_SEALS, kReadOnly);
            }),
            "stream page: version 2.1, this library knows 1.0");
}

// Would catch: a message that is due later or never, taken as it comes.
TEST_F(HostileHandshakeTest, MessagesOutOfTurnAreFinal) {
  const auto said = [&](const auto& message, bool greeted) {
    Client client(producer.path);
    if (greeted) {
      producer.Greet(client);
    } else {
      client.wait_for_frame(nanoseconds(0));
      EXPECT_TRUE(producer.Accept());
    }
    producer.Send(message);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), Client::State::kFailed);
    return Said(client);
  };
  auto leases = FakeProducer::Welcome();
  leases.leases = 33;
  auto size = FakeProducer::Welcome();
  size.header.size = 65;
  producer.MakePages();
  EXPECT_EQ(said(wire::Make<wire::Hello>(), false), "welcome of the producer: message of another type than was due");
  EXPECT_EQ(said(leases, false), "welcome of the producer: grants 33 leases");
  size.header.size = 64;
  size.header.type = 99;
  EXPECT_EQ(said(size, false), "the producer sent a message of unknown type 99");
  EXPECT_EQ(said(FakeProducer::Welcome(), true),
            "answer of the producer to the subscription: message of another type than was due");
  EXPECT_EQ(said(producer.subscribed, true), "the producer sent a message type 5 with 0 descriptors, expected 3");
  auto refused = wire::Make<wire::Refused>();
  wire::SetText(refused.text, "no\x1b[31m");
  EXPECT_EQ(said(refused, true), "refused: no?[31m") << "no control characters on a terminal";
}

// Would catch: descriptors of the wrong kind or number mapped, waited on or leaked.
TEST_F(HostileHandshakeTest, DescriptorsAreWhatTheyShouldBe) {
  const uint32_t bytes = wire::StreamPage::Bytes(FakeProducer::kConsumers);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  EXPECT_EQ(AfterSubscribed([&] { producer.stream_fd = ends[0]; }), "stream page: not a memfd");
  EXPECT_EQ(AfterSubscribed([&] { producer.client_fd = ends[0]; }), "client page: not a memfd");
  EXPECT_EQ(AfterSubscribed([&] { producer.bell_fd = producer.client_fd; }), "doorbell: not a pipe");
  EXPECT_EQ(AfterSubscribed([&] { producer.bell_fd = ends[1]; }), "doorbell: not the end of a pipe that can be read");
  EXPECT_EQ(AfterSubscribed([] {}, {ends[0], ends[1], ends[0]}),
            "the producer sent a message type 5 with 6 descriptors, expected 3");
  EXPECT_EQ(AfterSubscribed([&] { producer.stream_fd = producer.Memfd(bytes, F_SEAL_GROW); }),
            "stream page: not sealed against a change of its size");
  EXPECT_EQ(AfterSubscribed([&] { producer.stream_fd = producer.Memfd(bytes, FakeProducer::kSeals); }),
            "stream page: not sealed against writing");
  EXPECT_EQ(AfterSubscribed([&] { producer.stream_fd = producer.Memfd(4096, kReadOnly); }),
            "stream page: has 4096 bytes, said to have " + std::to_string(bytes));
  EXPECT_EQ(AfterSubscribed([&] { producer.subscribed.stream_page_bytes = 4096; }),
            "stream page: mapped 4096 bytes, says " + std::to_string(bytes) + ", expected " + std::to_string(bytes));
  EXPECT_EQ(AfterSubscribed([&] { producer.subscribed.stream_page_bytes = 0; }),
            "stream page: map of 0 bytes: Invalid argument");
  EXPECT_EQ(AfterSubscribed([&] { producer.client_fd = producer.Memfd(4095, FakeProducer::kSeals); }),
            "client page: has 4095 bytes, said to have 4096");
  EXPECT_EQ(AfterSubscribed([&] { producer.client_fd = producer.Memfd(4096, F_SEAL_SHRINK); }),
            "client page: not sealed against a change of its size");
  EXPECT_EQ(AfterSubscribed([&] { producer.subscribed.consumer = 4; }), "slot 4 of 4");
  EXPECT_EQ(AfterSubscribed([&] { producer.subscribed.stream = 1; }),
            "the producer subscribed us to something else than was asked for");
  ::close(ends[0]);
  ::close(ends[1]);
}

// Would catch: lost descriptors taken for a lie of the host, a leak of those that came, a client that does not recover.
TEST_F(HostileHandshakeTest, RunningOutOfDescriptorsNamesTheLimit) {
  const auto text = [](const FdLimit& limit) {
    return "descriptors of a message were lost: no descriptor left: this process has reached its limit of " +
           std::to_string(limit.limit) + " open files (RLIMIT_NOFILE); raise it with 'ulimit -n', or close some";
  };
  producer.MakePages();
  Client client(producer.path);
  producer.Greet(client);
  const size_t before = OpenFiles();
  // Sent before the limit is lowered, which also counts what others of this user have in flight.
  producer.Send(producer.subscribed, {producer.stream_fd, producer.client_fd, producer.bell_fd});
  {
    const FdLimit limit(2);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(Said(client), text(limit));
    EXPECT_EQ(client.error_code(), VSTREAM_E_NO_MEMORY);
    EXPECT_EQ(client.state(), Client::State::kConnecting);
  }
  EXPECT_EQ(OpenFiles(), before - 1) << "its socket is closed, the two descriptors that came as well";
  while (!producer.Accept()) client.wait_for_frame(std::chrono::milliseconds(5));
  producer.Receive<wire::Hello>();
  producer.Send(FakeProducer::Welcome());
  client.wait_for_frame(nanoseconds(0));
  producer.Receive<wire::Subscribe>();
  producer.Send(producer.subscribed, {producer.stream_fd, producer.client_fd, producer.bell_fd});
  ASSERT_TRUE(client.connect(nanoseconds(0))) << client.error();
  const int fd = producer.Memfd(4096, kReadOnly);
  producer.Send(producer.Set(), {fd});
  {
    const FdLimit limit(0);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(Said(client), text(limit));
    EXPECT_EQ(client.error_code(), VSTREAM_E_NO_MEMORY);
  }
}

// Would catch: an empty message taken for the end, and the descriptors that it brought forgotten.
TEST_F(HostileHandshakeTest, AnEmptyMessageBringsNothing) {
  producer.MakePages();
  for (const bool subscribed : {false, true}) {
    Client client(producer.path, {.reconnect = false});
    if (subscribed) {
      producer.Subscribe(client);
    } else {
      producer.Greet(client);
    }
    const size_t before = OpenFiles();
    producer.SendRaw("", 0, {producer.stream_fd, producer.client_fd, producer.bell_fd});
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_NE(client.state(), Client::State::kConnected);
    EXPECT_LE(OpenFiles(), before) << "its socket is closed, instead of which it may watch the folder";
  }
}

// Would catch: a client whose event loop hangs in the doorbell, since the host took O_NONBLOCK away from it.
TEST_F(HostileHandshakeTest, ABlockingDoorbellBlocksNobody) {
  producer.MakePages();
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  producer.bell_fd = ends[0];
  Client client(producer.path);
  ASSERT_GE(client.poll_fd(), 0);
  producer.Subscribe(client);
  ASSERT_EQ(client.state(), Client::State::kConnected) << client.error();
  for (const size_t rings : {size_t{0}, size_t{1}, size_t{64}, size_t{65}, size_t{60000}}) {
    const std::vector<char> noise(rings, 'x');
    ASSERT_EQ(::write(ends[1], noise.data(), noise.size()), static_cast<ssize_t>(rings));
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  }
  char c;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  EXPECT_EQ(::read(ends[0], &c, 1), -1) << "it has been emptied";
  ::close(ends[0]);
  ::close(ends[1]);
}

// Would catch: a wait that never returns, since the host changes `head` all the time.
TEST_F(HostileHandshakeTest, AHeadThatNeverStandsStillKeepsNobody) {
  producer.MakePages();
  Client client(producer.path);
  ASSERT_GE(client.poll_fd(), 0);
  producer.Subscribe(client);
  std::atomic<bool> end{false};
  std::thread restless([&] {
    while (!end.load()) wire::AdvanceHead(producer.page);
  });
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  end.store(true);
  restless.join();
  EXPECT_EQ(client.state(), Client::State::kConnected) << client.error();
}

// Would catch: a producer's sparse file that becomes our memory as a whole.
TEST_F(HostileHandshakeTest, SparseBuffersAreNotFilledByUs) {
  producer.MakePages();
  Client client(producer.path);
  producer.Subscribe(client);
  const int fd = producer.Memfd(uint64_t{256} << 20, kReadOnly);
  wire::BufferSet set = producer.Set();
  set.buffers[0].fd_size[0] = uint64_t{256} << 20;
  producer.Send(set, {fd});
  producer.Publish(producer.Frame());
  const Frame frame = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(frame) << client.error();
  EXPECT_EQ(frame.data()[63], 0);
  struct stat file {};
  ASSERT_EQ(::fstat(fd, &file), 0);
  EXPECT_LE(file.st_blocks * 512, 4 << 20) << "no more than what was read, and the pages around it";
}

}  // namespace
}  // namespace videostream::test

// SPDX-License-Identifier: Apache-2.0
// A consumer believes nothing that a producer says about its memory.
#include <functional>

#include "tests/client/fake_producer.h"
#include "videostream/backend.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;

struct HostileProducerTest : ::testing::Test {
  HostileProducerTest() { ::alarm(60); }
  ~HostileProducerTest() override { ::alarm(0); }
  // What the client says to a set; it must have left, with nothing mapped or open.
  std::string AfterSet(const wire::BufferSet& set, const std::vector<int>& fds) {
    Client client(producer.path, {.reconnect = false});
    producer.Subscribe(client);
    EXPECT_EQ(client.state(), Client::State::kConnected) << client.error();
    const size_t before = OpenFiles();
    producer.Send(set, fds);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_LE(OpenFiles(), before) << "received descriptors are kept open";
    return client.state() == Client::State::kEnded ? client.error() : "";
  }
  FakeProducer producer;
};

// The fake is wrong about the protocol: then the other tests prove nothing.
TEST_F(HostileProducerTest, AnHonestOneIsAccepted) {
  producer.MakePages();
  Client client(producer.path);
  producer.Subscribe(client);
  producer.Send(producer.Set(), {producer.Memfd(4096, FakeProducer::kSeals | FakeProducer::kFutureWrite)});
  producer.Publish(producer.Frame());
  const Frame frame = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(frame) << client.error();
  EXPECT_EQ(frame.size(), 64u);
}

// A frame that shrinks under its reader is a SIGBUS.
TEST_F(HostileProducerTest, UnsealedFramesAreRefused) {
  producer.MakePages();
  EXPECT_NE(AfterSet(producer.Set(), {producer.Memfd(4096, 0)}).find("not sealed against a change of its size"),
            std::string::npos);
  EXPECT_NE(AfterSet(producer.Set(), {producer.Memfd(4096, F_SEAL_GROW | FakeProducer::kFutureWrite)}), "");
  EXPECT_NE(AfterSet(producer.Set(), {producer.Memfd(4096, FakeProducer::kSeals)}).find("not sealed against writing"),
            std::string::npos);
  EXPECT_NE(AfterSet(producer.Set(), {producer.Memfd(4096, 0, false)}), "");
  EXPECT_NE(AfterSet(producer.Set(), {STDIN_FILENO}), "");
}

// A memfd passes as a dma-buf, which has no seals to check.
TEST_F(HostileProducerTest, DmaBufsMustBeDmaBufs) {
  producer.MakePages();
  wire::BufferSet set = producer.Set();
  set.memory = VSTREAM_MEMORY_DMABUF;
  EXPECT_NE(AfterSet(set, {producer.Memfd(4096, 0)}).find("not a dma-buf"), std::string::npos);
}

// Sizes that lie: a mapping is read past the end of its file.
TEST_F(HostileProducerTest, SizesAreCheckedAgainstTheFile) {
  producer.MakePages();
  wire::BufferSet set = producer.Set();
  set.buffers[0].fd_size[0] = 8192;
  EXPECT_NE(AfterSet(set, {producer.Memfd(4096, FakeProducer::kSeals | FakeProducer::kFutureWrite)})
                .find("has 4096 bytes, said to have 8192"),
            std::string::npos);
  set = producer.Set();
  set.layout.planes[0].size = 5000;
  EXPECT_NE(AfterSet(set, {producer.Memfd(8192, FakeProducer::kSeals | FakeProducer::kFutureWrite)}), "");
}

// Would catch: a layout that is believed where it contradicts itself or its files.
TEST_F(HostileProducerTest, SetsMustFitTogether) {
  producer.MakePages();
  const int fd = producer.Memfd(4096, FakeProducer::kSeals | FakeProducer::kFutureWrite);
  const struct {
    std::string error;
    std::function<void(wire::BufferSet&)> change;
    std::vector<int> fds;
  } kinds[] = {
      {"buffer set: buffers 0 + 1 of 65", [](auto& s) { s.total = 65; }, {fd}},
      {"buffer set: buffers 0 + 17 of 17", [](auto& s) { s.total = s.count = 17; }, {fd}},
      {"buffer set: buffers 0 + 0 of 1", [](auto& s) { s.count = 0; }, {}},
      {"buffer set: buffers 4294967295 + 1 of 2", [](auto& s) { s.first = 0xffffffff, s.total = 2; }, {fd}},
      {"buffer set: 5 fds per buffer", [](auto& s) { s.fds_per_buffer = 5; }, {fd}},
      {"buffer set: neither memfd nor dma-buf", [](auto& s) { s.memory = 0; }, {fd}},
      {"buffer set: cpu_sync 9", [](auto& s) { s.cpu_sync = 9; }, {fd}},
      {"buffer set: buffer id 1024", [](auto& s) { s.buffers[0].id = 1024; }, {fd}},
      {"buffer set of stream 1", [](auto& s) { s.stream = 1; }, {fd}},
      {"buffer set: stream 2", [](auto& s) { s.stream = 2; }, {fd}},
      {"buffer set: 0 descriptors, expected 1", [](auto&) {}, {}},
      {"buffer set: 3 descriptors, expected 1", [](auto&) {}, {fd, fd, fd}},
      {"buffer set: 5 planes", [](auto& s) { s.layout.plane_count = 5; }, {fd}},
      {"buffer set: plane 0: in descriptor 1", [](auto& s) { s.layout.planes[0].fd_index = 1; }, {fd}},
      {"buffer set: plane 0: bytes 4095 + 64 of 4096", [](auto& s) { s.layout.planes[0].offset = 4095; }, {fd}},
      {"buffer set: plane 0: bytes 18446744073709551615 + 64 of 4096",
       [](auto& s) { s.layout.planes[0].offset = ~uint64_t{0}; },
       {fd}},
      {"buffer set: plane 0: stride 7, a row has 8 bytes", [](auto& s) { s.layout.planes[0].stride = 7; }, {fd}},
      {"buffer set: plane 0: 64 bytes, its rows take 30064771073",
       [](auto& s) { s.layout.planes[0].stride = 0xffffffff; },
       {fd}},
      {"buffer set: 65536x8 pixels, at most 16384", [](auto& s) { s.layout.width = 65536; }, {fd}},
      {"buffer set: layout without pixels", [](auto& s) { s.layout.height = 0; }, {fd}},
      {"buffer set: descriptor of 1073741825 bytes, expected 1 to 1073741824",
       [](auto& s) { s.buffers[0].fd_size[0] = (1u << 30) + 1; },
       {fd}},
      {"buffer set 1: its parts do not fit together", [](auto& s) { s.total = 2, s.first = 1; }, {fd}},
      {"buffer set 1: a buffer id is in use",
       [](auto& s) {
         s.total = s.count = 2;
         s.buffers[1] = s.buffers[0];
       },
       {fd, fd}},
  };
  for (const auto& kind : kinds) {
    wire::BufferSet set = producer.Set();
    kind.change(set);
    EXPECT_EQ(AfterSet(set, kind.fds), "socket '" + producer.path + "': " + kind.error);
  }
}

// Would catch: sets without end, each of which is mapped.
TEST_F(HostileProducerTest, SetsAreLimited) {
  producer.MakePages();
  const int fd = producer.Memfd(4096, FakeProducer::kSeals | FakeProducer::kFutureWrite);
  Client client(producer.path, {.reconnect = false});
  producer.Subscribe(client);
  for (uint32_t i = 1; i <= 9; ++i) {
    wire::BufferSet set = producer.Set();
    set.epoch = i;
    set.buffers[0].id = i;
    producer.Send(set, {fd});
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), i <= 8 ? Client::State::kConnected : Client::State::kEnded) << i;
  }
  EXPECT_EQ(client.error(), "socket '" + producer.path + "': more than 8 buffer sets");
}

// Descriptors in the ring that point outside of the buffer.
TEST_F(HostileProducerTest, FramesThatDoNotFitEndTheSession) {
  producer.MakePages();
  for (int kind = 0; kind < 2; ++kind) {
    producer.MakePages();
    Client client(producer.path, {.reconnect = false});
    producer.Subscribe(client);
    producer.Send(producer.Set(), {producer.Memfd(4096, FakeProducer::kSeals | FakeProducer::kFutureWrite)});
    wire::Descriptor d = producer.Frame();
    if (kind == 0) d.bytes_used[0] = 65;
    if (kind == 1) d.visible = {4, 4, 5, 4};
    producer.Publish(d);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), Client::State::kEnded);
    EXPECT_EQ(client.error_code(), VSTREAM_E_IO) << client.error();
  }
}

// A frame of a buffer that was never announced: no memory behind it.
TEST_F(HostileProducerTest, UnknownBuffersAreNotTouched) {
  producer.MakePages();
  Client client(producer.path);
  producer.Subscribe(client);
  producer.Publish(producer.Frame());
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  wire::Descriptor d = producer.Frame();
  d.buffer = 7;
  producer.Publish(d);
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_EQ(client.state(), Client::State::kConnected);
}

// Pages that are too small, of the wrong shape or unsealed.
TEST_F(HostileProducerTest, PagesAreChecked) {
  const auto refused = [&](auto change) {
    producer.MakePages();
    change();
    Client client(producer.path);
    producer.Subscribe(client);
    EXPECT_EQ(client.state(), Client::State::kFailed);
    return client.error();
  };
  constexpr int kAll = FakeProducer::kSeals | FakeProducer::kFutureWrite;
  const uint32_t bytes = wire::StreamPage::Bytes(FakeProducer::kConsumers);
  EXPECT_NE(refused([&] { producer.stream_fd = producer.Memfd(bytes, FakeProducer::kSeals); }).find("writing"),
            std::string::npos);
  EXPECT_NE(refused([&] { producer.stream_fd = producer.Memfd(4096, kAll); }).find("has 4096 bytes"),
            std::string::npos);
  EXPECT_NE(refused([&] { producer.stream_fd = producer.Memfd(bytes, kAll); }).find("no magic number"),
            std::string::npos);
  EXPECT_NE(refused([&] { producer.client_fd = producer.Memfd(4096, 0); }).find("client page"), std::string::npos);
  EXPECT_NE(refused([&] { producer.client_fd = producer.Memfd(100, FakeProducer::kSeals); }).find("client page"),
            std::string::npos);
  EXPECT_NE(refused([&] { producer.subscribed.consumer = FakeProducer::kConsumers; }).find("slot 4 of 4"),
            std::string::npos);
  EXPECT_NE(refused([&] { producer.subscribed.stream = 1; }), "");
  EXPECT_NE(refused([&] { producer.subscribed.leases = 33; }), "");
}

// A producer of another version is waited for, or misread.
TEST_F(HostileProducerTest, OtherVersionFailsNamingBoth) {
  Client client(producer.path);
  client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(producer.Accept());
  auto refused = wire::Make<wire::Refused>();
  refused.header.major = 2;
  producer.Send(refused);
  EXPECT_FALSE(client.wait_for_frame(std::chrono::seconds(10)));
  EXPECT_EQ(client.state(), Client::State::kFailed);
  EXPECT_EQ(client.error_code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_NE(client.error().find("protocol version 2.0, expected 1.0"), std::string::npos) << client.error();
}

// Garbage, an over-long message, a flood of descriptors.
TEST_F(HostileProducerTest, GarbageEndsTheSession) {
  for (const size_t size : {size_t{1}, size_t{40}, wire::kMaxMessageBytes, size_t{20000}}) {
    producer.MakePages();
    Client client(producer.path, {.reconnect = false});
    producer.Subscribe(client);
    const std::vector<char> garbage(size, 'x');
    producer.SendRaw(garbage.data(), garbage.size());
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), Client::State::kEnded) << size;
  }
  producer.MakePages();
  Client client(producer.path, {.reconnect = false});
  producer.Subscribe(client);
  const size_t before = OpenFiles();
  producer.Send(producer.Set(), std::vector<int>(100, STDIN_FILENO));
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_EQ(client.state(), Client::State::kEnded);
  EXPECT_NE(client.error().find("descriptors of a message were lost: more than 64"), std::string::npos)
      << client.error();
  EXPECT_LE(OpenFiles(), before);
}

// Refusals that may pass are waited out; those that will not end in kFailed with the producer's words.
TEST_F(HostileProducerTest, RefusalsAreFinalOrNot) {
  Client client(producer.path);
  client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(producer.Accept());
  auto refused = wire::Make<wire::Refused>();
  refused.reason = static_cast<uint32_t>(wire::Reason::kFull);
  refused.retry = 1;
  wire::SetText(refused.text, "all taken");
  producer.Send(refused);
  client.wait_for_frame(nanoseconds(0));
  EXPECT_EQ(client.state(), Client::State::kConnecting);
  EXPECT_NE(client.error().find("refused: all taken"), std::string::npos) << client.error();
  producer.Disconnect();
  while (!producer.Accept()) client.wait_for_frame(std::chrono::milliseconds(5));
  refused.reason = static_cast<uint32_t>(wire::Reason::kQueue);
  refused.retry = 0;
  producer.Send(refused);
  client.wait_for_frame(nanoseconds(0));
  EXPECT_EQ(client.state(), Client::State::kFailed);
  EXPECT_EQ(client.error_code(), VSTREAM_E_INVALID);
}

}  // namespace
}  // namespace videostream::test

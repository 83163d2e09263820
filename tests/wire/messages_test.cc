// SPDX-License-Identifier: Apache-2.0
#include "wire/messages.h"

#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace videostream::wire {
namespace {

template <class M>
std::span<const std::byte> Bytes(const M& m) {
  return std::as_bytes(std::span(&m, 1));
}
template <class M>
std::string Why(const M& m, size_t fds = 0) {
  return Parse<M>(Bytes(m), fds).why;
}

BufferSet ValidSet() {
  auto m = Make<BufferSet>();
  m.total = 20;
  m.first = 16;
  m.count = 4;
  m.fds_per_buffer = 1;
  m.memory = VSTREAM_MEMORY_MEMFD;
  m.layout.fourcc = VSTREAM_FORMAT_GREY;
  m.layout.plane_count = 1;
  m.layout.width = m.layout.height = 8;
  m.layout.planes[0] = {0, 8, 0, 64};
  for (uint32_t i = 0; i < m.count; ++i) m.buffers[i] = {.id = i, .fd_size = {64}};
  return m;
}

Subscribed ValidSubscribed() {
  auto m = Make<Subscribed>();
  m.leases = 2;
  m.client_page_bytes = kClientPageBytes;
  m.stream_page_bytes = StreamPage::Bytes(8);
  return m;
}

// A message that the other side makes is not understood by this one.
TEST(MessagesTest, ValidOnesPass) {
  auto hello = Make<Hello>();
  SetText(hello.name, "detector");
  const auto parsed = Parse<Hello>(Bytes(hello), 0);
  ASSERT_TRUE(parsed.ok()) << parsed.why;
  EXPECT_STREQ(parsed.message.name, "detector");
  auto welcome = Make<Welcome>();
  welcome.leases = 2;
  EXPECT_EQ(Why(welcome), "");
  EXPECT_EQ(Why(Make<Refused>()), "");
  EXPECT_EQ(Why(Make<Subscribe>()), "");
  EXPECT_EQ(Why(ValidSubscribed(), 3), "");
  EXPECT_EQ(Why(ValidSet(), 4), "");
  EXPECT_EQ(Why(Make<SetRemoved>()), "");
  EXPECT_EQ(Why(Make<KeyWanted>()), "");
  EXPECT_EQ(Why(Make<Goodbye>()), "");
}

// Short, long and foreign bytes are read as a message.
TEST(MessagesTest, FramingIsChecked) {
  auto m = Make<Hello>();
  EXPECT_NE(CheckHeader(Bytes(m).first(15), 0).why, "");
  EXPECT_NE(CheckHeader({}, 0).why, "");
  EXPECT_EQ(CheckHeader(Bytes(m).first(79), 0).why, "message of 79 bytes that says 80");
  std::vector<std::byte> huge(kMaxMessageBytes + 1);
  EXPECT_NE(CheckHeader(huge, 0).why, "");
  EXPECT_NE(CheckHeader(Bytes(m), 1).why, "") << "a descriptor too many";
  m.header.magic = 7;
  EXPECT_EQ(CheckHeader(Bytes(m), 0).why, "message of another protocol");
  auto other = Make<KeyWanted>();
  other.header.type = 99;
  EXPECT_EQ(CheckHeader(Bytes(other), 0).why, "message of unknown type 99");
  EXPECT_NE(Parse<Hello>(Bytes(Make<KeyWanted>()), 0).why, "") << "another type";
}

// Another major version is talked to, or refused without saying which it is.
TEST(MessagesTest, OtherMajorVersionIsNamed) {
  auto m = Make<Hello>();
  m.header.major = 3;
  m.header.minor = 4;
  const Arrived arrived = CheckHeader(Bytes(m), 0);
  EXPECT_TRUE(arrived.version);
  EXPECT_EQ(arrived.why, "protocol version 3.4, expected 1.0");
}

// A newer minor version cannot join.
TEST(MessagesTest, NewerMinorMayAppendAndInvent) {
  struct Longer {
    KeyWanted base = Make<KeyWanted>();
    uint64_t more = 5;
  } longer;
  longer.base.header.size = sizeof longer;
  EXPECT_NE(CheckHeader(Bytes(longer), 0).why, "");
  longer.base.header.minor = kVersionMinor + 1;
  EXPECT_TRUE(CheckHeader(Bytes(longer), 0).known);
  EXPECT_TRUE(Parse<KeyWanted>(Bytes(longer), 0).ok());
  longer.base.header.type = 99;
  const Arrived arrived = CheckHeader(Bytes(longer), 0);
  EXPECT_TRUE(arrived.why.empty() && !arrived.known);
}

// Text from a peer reaches a log with control characters, or without an end.
TEST(MessagesTest, TextIsCleaned) {
  auto hello = Make<Hello>();
  std::memset(hello.name, 'x', sizeof hello.name);
  hello.name[1] = '\n';
  hello.name[2] = '\x1b';
  hello.name[3] = '\xff';
  const auto parsed = Parse<Hello>(Bytes(hello), 0);
  EXPECT_EQ(std::string(parsed.message.name), "x???" + std::string(27, 'x'));
}

// An index, count or size of a subscription that leads past its page.
TEST(MessagesTest, SubscribedIsBounded) {
  const auto with = [](auto change) {
    Subscribed m = ValidSubscribed();
    change(m);
    return Why(m, 3);
  };
  EXPECT_NE(with([](auto& m) { m.stream = 2; }), "");
  EXPECT_NE(with([](auto& m) { m.leases = 0; }), "");
  EXPECT_NE(with([](auto& m) { m.leases = kMaxLeases + 1; }), "");
  EXPECT_NE(with([](auto& m) { m.queue = kMaxQueue + 1; }), "");
  EXPECT_NE(with([](auto& m) { m.consumer = kMaxConsumers; }), "");
  EXPECT_NE(with([](auto& m) { m.client_page_bytes = 64; }), "");
  EXPECT_NE(with([](auto& m) { m.stream_page_bytes = 0xffffffff; }), "");
  EXPECT_NE(Why(ValidSubscribed(), 2), "");
  auto welcome = Make<Welcome>();
  EXPECT_NE(Why(welcome), "");
  welcome.leases = 1;
  welcome.max_queue[1] = kMaxQueue + 1;
  EXPECT_NE(Why(welcome), "");
  auto subscribe = Make<Subscribe>();
  subscribe.stream = 2;
  EXPECT_EQ(Why(subscribe), "stream 2, there are 2");
}

// A set that lies about its buffers, layout or descriptors.
TEST(MessagesTest, BufferSetIsBounded) {
  const auto with = [](auto change, size_t fds = 4) {
    BufferSet m = ValidSet();
    change(m);
    return Why(m, fds);
  };
  EXPECT_NE(with([](auto&) {}, 3), "");
  EXPECT_NE(with([](auto&) {}, 5), "");
  EXPECT_NE(with([](auto& m) { m.total = 65; }), "");
  EXPECT_NE(with([](auto& m) { m.total = 0; }), "");
  EXPECT_NE(with([](auto& m) { m.count = 5; }, 5), "");
  EXPECT_NE(with([](auto& m) { m.count = 0; }, 0), "");
  EXPECT_NE(with([](auto& m) { m.first = 0xfffffff0; }), "");
  EXPECT_NE(with([](auto& m) { m.fds_per_buffer = 0; }, 0), "");
  EXPECT_NE(with([](auto& m) { m.fds_per_buffer = 0x40000001; }), "");
  EXPECT_NE(with([](auto& m) { m.memory = VSTREAM_MEMORY_CPU_ACCESS; }), "");
  EXPECT_NE(with([](auto& m) { m.cpu_sync = 3; }), "");
  EXPECT_NE(with([](auto& m) { m.stream = 9; }), "");
  EXPECT_NE(with([](auto& m) { m.buffers[3].id = kMaxBuffers; }), "");
  EXPECT_NE(with([](auto& m) { m.buffers[3].fd_size[0] = 63; }), "");
  EXPECT_NE(with([](auto& m) { m.layout.planes[0].size = ~uint64_t{0}; }), "");
}

// Random damage gets through to a field out of range, or crashes a parser (the sanitizers watch).
TEST(MessagesTest, DamagedMessagesNeverLeaveTheirBounds) {
  constexpr uint32_t kSeed = 20240611;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    BufferSet m = ValidSet();
    auto* bytes = reinterpret_cast<unsigned char*>(&m);
    for (int j = 0; j < 3; ++j) bytes[16 + random() % (sizeof m - 16)] ^= static_cast<unsigned char>(random());
    const auto parsed = Parse<BufferSet>(Bytes(m), random() % 65);
    if (!parsed.ok()) continue;
    ASSERT_LE(parsed.message.first + parsed.message.count, parsed.message.total) << "seed " << kSeed;
    ASSERT_LE(parsed.message.total, kMaxSetBuffers);
    ASSERT_LE(parsed.message.layout.plane_count, uint32_t{VSTREAM_MAX_PLANES});
    for (uint32_t b = 0; b < parsed.message.count; ++b) ASSERT_LT(parsed.message.buffers[b].id, kMaxBuffers);
  }
}

}  // namespace
}  // namespace videostream::wire

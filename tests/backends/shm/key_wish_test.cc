// SPDX-License-Identifier: Apache-2.0
// Wishes for key frames: everybody is served, nobody can drive the encoder.
#include "tests/backends/shm/raw_consumer.h"

namespace videostream::test {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kFrameNs = 1'000'000'000 / 30;

struct KeyWishTest : ::testing::Test {
  KeyWishTest() { ::alarm(100); }
  ~KeyWishTest() override { ::alarm(0); }
  void SetUp() override {
    ASSERT_TRUE(host.ok() && host.AddPool(7) && host.AddPool(7, VSTREAM_STREAM_PACKETS, 1000)) << host.error.message;
    host.frozen_ns = 1'000'000 * kMs;
  }
  std::unique_ptr<RawConsumer> Join(uint32_t stream = VSTREAM_STREAM_PACKETS) {
    auto raw = std::make_unique<RawConsumer>(path);
    EXPECT_TRUE(raw->Subscribe(host, stream));
    return raw;
  }
  void Ask(const RawConsumer& raw) {
    raw.Send(wire::Make<wire::KeyWanted>());
    host.Service();
  }
  size_t Passed() { return host.CountEvents(VSTREAM_EVENT_KEY_WANTED); }
  // Some turns of the transport's own timer.
  void TurnTheWheel() {
    for (int i = 0; i < 3; ++i) {
      int32_t fd = -1;
      TestHost::ops.poll_fd(host.self(), &fd, &host.error);
      pollfd p{fd, POLLIN, 0};
      ::poll(&p, 1, 1000);
      host.Service();
    }
  }
  TempDir dir;
  std::string path = dir / "s";
  TestHost host{{{"socket", path}, {"clients", "64"}}};
};

// A wish shortly after somebody else's is forgotten: its owner waits for the next group of pictures, or asks again.
TEST_F(KeyWishTest, AnEarlyOneIsPassedOnLater) {
  const auto first = Join();
  const auto second = Join();
  Ask(*first);
  EXPECT_EQ(Passed(), 1u);
  ASSERT_TRUE(host.Publish(VSTREAM_STREAM_PACKETS, VSTREAM_FRAME_KEY));
  host.offset_ns = 50 * kMs;
  Ask(*second);
  TurnTheWheel();
  EXPECT_EQ(Passed(), 1u) << "too early";
  host.offset_ns = 200 * kMs;
  EXPECT_TRUE(host.ServeUntil([&] { return Passed() == 2; }));
  TurnTheWheel();
  EXPECT_EQ(Passed(), 2u) << "once";
  EXPECT_NE(std::string(host.seen_events().back().detail).find("pid"), std::string::npos);
}

// A wish that a key frame has fulfilled meanwhile costs another one.
TEST_F(KeyWishTest, WhatHasComeIsNotAskedForAgain) {
  const auto first = Join();
  const auto second = Join();
  Ask(*first);
  Ask(*second);
  ASSERT_TRUE(host.Publish(VSTREAM_STREAM_PACKETS));
  ASSERT_TRUE(host.Publish(VSTREAM_STREAM_PACKETS, VSTREAM_FRAME_KEY));
  host.offset_ns = 5000 * kMs;
  TurnTheWheel();
  EXPECT_EQ(Passed(), 1u);
}

// Several that ask at the same time get a key frame each.
TEST_F(KeyWishTest, ThoseOfTheSameTimeAreOne) {
  const auto first = Join();
  std::vector<std::unique_ptr<RawConsumer>> others;
  others.reserve(20);
  for (int i = 0; i < 20; ++i) others.emplace_back(Join());
  Ask(*first);
  host.offset_ns = 100 * kMs;
  for (const auto& other : others) Ask(*other);
  host.offset_ns = 250 * kMs;
  EXPECT_TRUE(host.ServeUntil([&] { return Passed() == 2; }));
  host.offset_ns = 5000 * kMs;
  TurnTheWheel();
  EXPECT_EQ(Passed(), 2u);
}

// A consumer that asks all the time makes every frame a key frame, or keeps the wishes of others from being heard.
TEST_F(KeyWishTest, OneCannotDriveTheEncoder) {
  const auto hostile = Join();
  const auto honest = Join();
  for (int frame = 0; frame < 300; ++frame) {  // ten seconds
    host.offset_ns = frame * kFrameNs;
    for (int i = 0; i < 3; ++i) Ask(*hostile);
    if (frame == 150) Ask(*honest);
    const size_t before = Passed();
    ASSERT_TRUE(host.Publish(VSTREAM_STREAM_PACKETS, before % 2 == 0 ? 0 : VSTREAM_FRAME_KEY));
  }
  EXPECT_LE(Passed(), 10u + 1u) << "one a second, and that of the other";
  EXPECT_GE(Passed(), 9u);
}

// Many of them: a bound for all together.
TEST_F(KeyWishTest, NorCanMany) {
  std::vector<std::unique_ptr<RawConsumer>> hostile;
  hostile.reserve(30);
  for (int i = 0; i < 30; ++i) hostile.emplace_back(Join());
  for (int frame = 0; frame < 150; ++frame) {  // five seconds
    host.offset_ns = frame * kFrameNs;
    for (const auto& one : hostile) Ask(*one);
    Passed();
  }
  EXPECT_LE(Passed(), 5u * 5u);
  EXPECT_GE(Passed(), 20u);
}

// Wishes for the frame stream, which has no key frames.
TEST_F(KeyWishTest, FramesHaveNone) {
  const auto one = Join(VSTREAM_STREAM_FRAMES);
  Ask(*one);
  host.offset_ns = 5000 * kMs;
  Ask(*one);
  EXPECT_EQ(Passed(), 0u);
}

// The one event that matters is pushed out by a flood of refusals.
TEST_F(KeyWishTest, IsNotLostInAFloodOfEvents) {
  const auto honest = Join();
  Ask(*honest);
  for (int i = 0; i < 200; ++i) {
    RawConsumer raw(path);
    raw.SendRaw("garbage", 7);
    host.Service();
  }
  EXPECT_EQ(Passed(), 1u);
}

}  // namespace
}  // namespace videostream::test

// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `transport` (transport.h): with real consumers, by the client library of the settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/consumer.h"
#include "tests/conformance/resources.h"
#include "tests/conformance/settings.h"
#include "tests/conformance/transport_session.h"

namespace videostream::conformance {
namespace {

constexpr uint32_t kA = TransportSession::kFirstId, kFrames = VSTREAM_STREAM_FRAMES;

class TransportConsumerConformance : public BorderTest {
 protected:
  void SetUp() override {
    if (TheSettings().client.empty()) GTEST_SKIP() << "no --client: nobody to hand frames to";
  }
  // Not started yet by anybody else; connected when this returns.
  std::unique_ptr<Consumer> Connect(ConsumerWish wish = {}) {
    wish.address = sut_.socket;
    auto consumer = MakeConsumer(TheSettings().client, wish);
    EXPECT_NE(consumer, nullptr) << "this program has no client '" << TheSettings().client << "'";
    if (consumer == nullptr) return consumer;
    const bool connected = sut_.Serve([&] { return consumer->connected(); });
    EXPECT_TRUE(connected) << "no connection: " << consumer->error();
    return consumer;
  }
  vstream_consumer OnlyConsumer() {
    const auto all = sut_.transport->Consumers();
    EXPECT_TRUE(all) << Why(all);
    EXPECT_EQ(all ? all->size() : 0, 1u);
    return all && !all->empty() ? all->front() : vstream_consumer{};
  }
  bool WaitForSequence(const Consumer& consumer, uint64_t sequence) {
    return sut_.Serve([&] {
      const auto seen = consumer.seen();
      return !seen.empty() && seen.back().sequence >= sequence;
    });
  }
  bool WaitForEvent(uint32_t type, std::vector<vstream_transport_event>* all) {
    return sut_.Serve([&] {
      for (const auto& event : sut_.Events()) all->push_back(event);
      return std::any_of(all->begin(), all->end(), [&](const auto& event) { return event.type == type; });
    });
  }
  // Publishes frames first..last, as the runtime would, the first byte of each being its number. The number of frames
  // for which no buffer was to be had.
  uint64_t PublishRange(uint64_t first, uint64_t last) {
    uint64_t dropped = 0;
    for (uint64_t sequence = first; sequence <= last; ++sequence) {
      if (free_.empty()) free_ = sut_.Reclaim(published_, 1);
      if (free_.empty()) {
        ++dropped;
        continue;
      }
      const uint32_t id = free_.back();
      free_.pop_back();
      std::erase(published_, id);
      sut_.buffers[id - kA]->Fill(static_cast<uint8_t>(sequence));
      VS_EXPECT_OK(sut_.Publish(id, sequence));
      published_.push_back(id);
    }
    return dropped;
  }
  void PrepareBuffers(size_t count, OptionList options = {}) {
    // A loaded machine is no reason to take a lease back, unless the test wants that.
    for (const char* name : {"lease-time", "lease_time", "hold-time", "hold_time"}) {
      if (Subject::Get().HasOption(VSTREAM_KIND_TRANSPORT, name)) options.emplace_back(name, "60000000000");
    }
    sut_.Prepare(count, options);
    for (size_t i = 0; i < count; ++i) free_.push_back(kA + static_cast<uint32_t>(i));
  }

  TransportSession sut_{[](const BackendCreateArgs& args) { return MakeTransport(args); }};
  std::vector<uint32_t> free_, published_;
};
VS_CONFORMANCE_SUITE(TransportConsumerConformance);

// Would catch fields that get lost on the way, and pictures that are not those that were published.
TEST_P(TransportConsumerConformance, AConsumerSeesWhatWasPublished) {
  PrepareBuffers(6);
  const auto consumer = Connect();
  ASSERT_FALSE(HasFailure());
  for (const uint64_t sequence : {1, 2, 5, 6, 9}) {
    PublishRange(sequence, sequence);
    ASSERT_TRUE(WaitForSequence(*consumer, sequence)) << sequence << ": " << consumer->error();
  }
  const auto seen = consumer->seen();
  ASSERT_EQ(seen.size(), 5u);
  for (const SeenFrame& frame : seen) {
    SCOPED_TRACE(frame.sequence);
    const vstream_frame expected = sut_.Frame(kA, frame.sequence);
    EXPECT_EQ(frame.pts_ns, expected.pts_ns);
    EXPECT_EQ(frame.flags, expected.flags);
    EXPECT_EQ(frame.fourcc, uint32_t{VSTREAM_FORMAT_GREY});
    EXPECT_EQ(frame.width, TransportSession::kWidth);
    EXPECT_EQ(frame.height, TransportSession::kHeight);
    EXPECT_THAT(frame.bytes_used, testing::ElementsAre(expected.bytes_used[0]));
    EXPECT_EQ(frame.first_byte, static_cast<uint8_t>(frame.sequence));
    EXPECT_EQ(frame.last_byte, static_cast<uint8_t>(frame.sequence));
    EXPECT_TRUE(frame.valid);
  }
}

// Would catch a transport that hands a late consumer nothing until the next frame, or a set only to those who were
// there when it was announced.
TEST_P(TransportConsumerConformance, SetsReachEarlyAndLateConsumers) {
  sut_.Create();
  const auto early = Connect();
  ASSERT_FALSE(HasFailure());
  VS_ASSERT_OK(sut_.transport->AddSet(sut_.MakeSet(1, 3, kA)));
  VS_ASSERT_OK(sut_.Publish(kA, 1));
  ASSERT_TRUE(WaitForSequence(*early, 1)) << early->error();
  const auto late = Connect();
  VS_ASSERT_OK(sut_.Publish(kA + 1, 2));
  EXPECT_TRUE(WaitForSequence(*early, 2)) << early->error();
  EXPECT_TRUE(WaitForSequence(*late, 2)) << late->error();
}

// Would catch consumers that go on with memory of a set that has ended, or never learn of the new one.
TEST_P(TransportConsumerConformance, AConsumerFollowsFromSetToSet) {
  sut_.Prepare(2);
  const auto consumer = Connect();
  ASSERT_FALSE(HasFailure());
  uint64_t sequence = 0;
  for (uint32_t epoch = 2; epoch < 12; ++epoch) {
    VS_ASSERT_OK(sut_.Publish(kA, ++sequence));
    ASSERT_TRUE(WaitForSequence(*consumer, sequence)) << "epoch " << epoch << ": " << consumer->error();
    VS_ASSERT_OK(sut_.transport->RemoveSet(epoch - 1));
    VS_ASSERT_OK(sut_.transport->AddSet(sut_.MakeSet(epoch, 2, kA)));
  }
}

// Would catch numbers that are made up: who is there, since when, and how much of it was taken.
TEST_P(TransportConsumerConformance, ConsumersAreCounted) {
  PrepareBuffers(6);
  PublishRange(1, 3);  // before anybody came
  ConsumerWish wish;
  wish.name = "counted";
  const auto consumer = Connect(wish);
  ASSERT_FALSE(HasFailure());
  for (uint64_t sequence = 4; sequence <= 8; ++sequence) {
    PublishRange(sequence, sequence);
    ASSERT_TRUE(WaitForSequence(*consumer, sequence));
  }
  // The count of frames taken is the consumer's own, and may come a moment later.
  EXPECT_TRUE(sut_.Serve([&] { return OnlyConsumer().taken + OnlyConsumer().skipped[VSTREAM_DROP_OVERRUN] >= 5; }));
  const vstream_consumer record = OnlyConsumer();
  EXPECT_NE(record.id, 0u);
  EXPECT_EQ(record.stream, kFrames);
  EXPECT_EQ(record.policy, uint32_t{VSTREAM_CONSUMER_POLICY_LATEST});
  EXPECT_EQ(record.pid, ::getpid());
  EXPECT_EQ(record.uid, ::getuid());
  EXPECT_EQ(record.gid, ::getgid());
  EXPECT_STREQ(record.name, "counted");
  EXPECT_EQ(record.first_sequence, 4u);
  EXPECT_EQ(record.published, 5u);
  EXPECT_EQ(record.revocations, 0u);
  const auto info = sut_.transport->Info();
  ASSERT_TRUE(info) << Why(info);
  EXPECT_EQ(info->connected, 1u);
}

// Would catch a consumer that comes or goes without a word.
TEST_P(TransportConsumerConformance, ComingAndGoingAreEvents) {
  PrepareBuffers(3);
  auto consumer = Connect();
  ASSERT_FALSE(HasFailure());
  std::vector<vstream_transport_event> events;
  ASSERT_TRUE(WaitForEvent(VSTREAM_EVENT_CONNECTED, &events));
  const uint32_t id = OnlyConsumer().id;
  EXPECT_EQ(events.back().consumer, id);
  EXPECT_NE(events.back().detail[0], '\0') << "who";
  consumer.reset();
  events.clear();
  ASSERT_TRUE(WaitForEvent(VSTREAM_EVENT_DISCONNECTED, &events));
  EXPECT_EQ(events.back().consumer, id);
  EXPECT_NE(events.back().detail[0], '\0') << "why";
  const auto all = sut_.transport->Consumers();
  ASSERT_TRUE(all) << Why(all);
  EXPECT_TRUE(all->empty());
}

// Would catch a picture that changes under a valid lease (INV-8).
TEST_P(TransportConsumerConformance, ReclaimLeavesWhatAConsumerHolds) {
  PrepareBuffers(4);
  ConsumerWish wish;
  wish.hold = 1;
  const auto consumer = Connect(wish);
  ASSERT_FALSE(HasFailure());
  PublishRange(1, 1);
  ASSERT_TRUE(WaitForSequence(*consumer, 1));
  const uint32_t held = published_[0];
  for (uint64_t sequence = 2; sequence <= 30; ++sequence) {
    EXPECT_EQ(PublishRange(sequence, sequence), 0u) << "one of four is held";
    ASSERT_TRUE(WaitForSequence(*consumer, sequence));
    EXPECT_NE(published_.back(), held) << "frame " << sequence << " was written over the one that is held";
  }
  EXPECT_THAT(consumer->held_valid(), testing::ElementsAre(true));
  consumer->ReleaseHeld();
  EXPECT_TRUE(sut_.Serve([&] { return !sut_.Reclaim({held}, 1).empty(); })) << "never given back";
}

// Would catch buffers that are lost with the consumer that held them.
TEST_P(TransportConsumerConformance, WhatAConsumerHeldComesBackWhenItGoes) {
  PrepareBuffers(4);
  ConsumerWish wish;
  wish.hold = 1;
  auto consumer = Connect(wish);
  ASSERT_FALSE(HasFailure());
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
    PublishRange(sequence, sequence);
    ASSERT_TRUE(WaitForSequence(*consumer, sequence));
  }
  consumer.reset();
  size_t back = 0;
  EXPECT_TRUE(sut_.Serve([&] { return (back += sut_.Reclaim(published_, 3).size()) == 2; })) << back << " came back";
}

// Would catch a producer that waits for a consumer (INV-9): one that takes nothing costs it no frame.
TEST_P(TransportConsumerConformance, AConsumerThatStandsStillHoldsNobodyUp) {
  PrepareBuffers(6);
  for (const uint32_t queue : {0U, 2U}) {
    SCOPED_TRACE("queue " + std::to_string(queue));
    ConsumerWish wish;
    wish.queue = queue;
    const auto still = Connect(wish);
    const auto other = Connect();
    ASSERT_FALSE(HasFailure());
    still->Pause();
    const uint64_t first = queue * 1000 + 1;
    EXPECT_EQ(PublishRange(first, first + 499), 0u) << "frames dropped for its sake";
    EXPECT_TRUE(WaitForSequence(*other, first + 499)) << "the other one sees the newest";
  }
}

// Would catch a queue that drops while there is room.
TEST_P(TransportConsumerConformance, AQueueConsumerSeesEveryFrame) {
  PrepareBuffers(8, {{"buffers", "8"}});
  ConsumerWish wish;
  wish.queue = 4;
  const auto consumer = Connect(wish);
  ASSERT_FALSE(HasFailure());
  for (uint64_t sequence = 1; sequence <= 40; sequence += 2) {
    PublishRange(sequence, sequence + 1);
    ASSERT_TRUE(WaitForSequence(*consumer, sequence + 1)) << consumer->error();
  }
  const auto seen = consumer->seen();
  ASSERT_EQ(seen.size(), 40u);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].sequence, i + 1);
  EXPECT_EQ(OnlyConsumer().policy, uint32_t{VSTREAM_CONSUMER_POLICY_QUEUE});
  EXPECT_EQ(OnlyConsumer().queue_depth, 4u);
}

// Would catch consumers that wait for ever for a producer that has said goodbye, and such as hear of it from nobody.
TEST_P(TransportConsumerConformance, TheEndReachesConsumers) {
  PrepareBuffers(3);
  const auto consumer = Connect();
  ASSERT_FALSE(HasFailure());
  PublishRange(1, 1);
  ASSERT_TRUE(WaitForSequence(*consumer, 1));
  VS_EXPECT_OK(sut_.transport->SetState(kFrames, VSTREAM_TRANSPORT_STATE_CLOSING));
  sut_.transport.reset();
  for (int i = 0; i < 2000 && !consumer->ended(); ++i) ::usleep(10'000);
  EXPECT_TRUE(consumer->ended()) << consumer->error();
}

// Would catch descriptors and mappings that stay for each consumer that ever was.
TEST_P(TransportConsumerConformance, ConsumersLeaveNothingBehind) {
  PrepareBuffers(4);
  const auto visit = [this](uint64_t sequence) {
    auto consumer = Connect();
    PublishRange(sequence, sequence);
    EXPECT_TRUE(WaitForSequence(*consumer, sequence));
    consumer.reset();
    EXPECT_TRUE(sut_.Serve([&] {
      const auto all = sut_.transport->Consumers();
      return all && all->empty();
    }));
  };
  visit(1);
  ASSERT_FALSE(HasFailure());
  const Resources before = Resources::Count();
  for (uint64_t sequence = 2; sequence < 12; ++sequence) visit(sequence);
  EXPECT_EQ(LeftBehind(before), "");
}

}  // namespace
}  // namespace videostream::conformance

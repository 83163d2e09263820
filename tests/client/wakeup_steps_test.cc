// SPDX-License-Identifier: Apache-2.0
// Frames that come between two steps of a client that is about to wait: each of them must be told by poll_fd, whichever
// step it is.
#include <poll.h>

#include <functional>
#include <utility>

#include "tests/client/fake_producer.h"
#include "videostream/client.hpp"

namespace videostream {
namespace {

std::function<void(wire::Step)> at_step;

}  // namespace

namespace wire {
void FaultPoint(Step step) {
  if (at_step) at_step(step);
}
}  // namespace wire

namespace test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

bool Readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

struct WakeupStepsTest : ::testing::TestWithParam<wire::Step> {
  WakeupStepsTest() {
    ::alarm(60);
    producer.MakePages();
    memory_ = ::mmap(nullptr, wire::kClientPageBytes, PROT_READ, MAP_SHARED, producer.client_fd, 0);
    fd = client.poll_fd();
    producer.Subscribe(client);
    wire::BufferSet set = producer.Set();
    set.total = set.count = 4;
    std::vector<int> fds;
    for (uint32_t i = 0; i < 4; ++i) {
      set.buffers[i] = {.id = 5 + i, .fd_size = {4096}};
      fds.push_back(producer.Memfd(4096, FakeProducer::kSeals | FakeProducer::kFutureWrite));
    }
    producer.Send(set, fds);
    while (Readable(fd)) EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  }
  ~WakeupStepsTest() override {
    at_step = nullptr;
    ::munmap(memory_, wire::kClientPageBytes);
    ::alarm(0);
  }
  // As a producer does it, the doorbell included.
  void Publish() {
    wire::Descriptor d = producer.Frame();
    d.buffer = 5 + static_cast<uint32_t>(d.sequence % 4);
    const uint32_t before = producer.page.header().head.load();
    producer.Publish(d);
    if (!wire::WantsRing(*static_cast<const wire::ClientPage*>(memory_), before)) return;
    EXPECT_EQ(::write(producer.ring_fd, "", 1), 1);
  }
  // Publishes so many frames when the client next comes to the step.
  void PublishAtStep(int frames) {
    at_step = [this, frames](wire::Step step) {
      if (step != GetParam()) return;
      at_step = nullptr;
      for (int i = 0; i < frames; ++i) Publish();
    };
  }
  // All but the first `taken` of `frames` are still to come: one for each time that poll_fd is readable.
  void ExpectRest(int taken, int frames) {
    for (int i = taken; i < frames; ++i) {
      ASSERT_TRUE(Readable(fd)) << "frame " << i + 1 << " of " << frames << " is not told";
      ASSERT_TRUE(client.wait_for_frame(nanoseconds(0))) << i;
    }
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_FALSE(Readable(fd)) << "there is nothing more to do";
  }

  FakeProducer producer;
  Client client{producer.path, {.queue = 4}};
  int fd = -1;

 private:
  void* memory_ = nullptr;
};

struct EventLoopStepsTest : WakeupStepsTest {};
struct WaitStepsTest : WakeupStepsTest {};

// A frame is there, the doorbell has been emptied and does not ring again: the application sleeps on it.
TEST_P(EventLoopStepsTest, FramesThatComeMeanwhileAreTold) {
  for (int frames = 1; frames <= 3; ++frames) {
    for (int round = 0; round < 3; ++round) {
      PublishAtStep(frames);
      const bool taken = static_cast<bool>(client.wait_for_frame(nanoseconds(0)));
      ASSERT_EQ(at_step, nullptr) << "it has not come to this step";
      ExpectRest(taken ? 1 : 0, frames);
    }
  }
}

// The same for a wait in the client itself, after which the application goes back to its event loop.
TEST_P(WaitStepsTest, FramesThatComeMeanwhileAreTold) {
  for (int frames = 1; frames <= 3; ++frames) {
    for (int round = 0; round < 3; ++round) {
      PublishAtStep(frames);
      ASSERT_TRUE(client.wait_for_frame(seconds(30))) << frames;
      ASSERT_EQ(at_step, nullptr) << "it has not come to this step";
      ExpectRest(1, frames);
    }
  }
}

const char* NameOf(const ::testing::TestParamInfo<wire::Step>& step) {
  return step.param == wire::Step::kWoken ? "Woken" : step.param == wire::Step::kArmed ? "Armed" : "Waiting";
}

INSTANTIATE_TEST_SUITE_P(Steps, EventLoopStepsTest, ::testing::Values(wire::Step::kWoken, wire::Step::kArmed), NameOf);
INSTANTIATE_TEST_SUITE_P(Steps, WaitStepsTest,
                         ::testing::Values(wire::Step::kWoken, wire::Step::kArmed, wire::Step::kWaiting), NameOf);

}  // namespace
}  // namespace test
}  // namespace videostream

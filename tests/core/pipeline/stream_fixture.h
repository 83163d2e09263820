// SPDX-License-Identifier: Apache-2.0
// A stream whose stations are fakes: plan, parts and control of each output, and what every test of it needs.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/pipeline/fakes.h"

namespace videostream::fake {

// One output's controls; the parts of the plan are what the test says.
struct OutputControl {
  OutputPlan plan;
  std::shared_ptr<JobControl> converter = std::make_shared<JobControl>();
  std::shared_ptr<JobControl> encoder = std::make_shared<JobControl>();
  std::shared_ptr<TransportControl> transport = std::make_shared<TransportControl>();

  explicit OutputControl(std::string name) { plan.name = std::move(name); }
  OutputControl& Convert() {
    plan.converter = Choice{"fake", "", {}};
    plan.published = {.fourcc = VSTREAM_FORMAT_GREY, .width = 32, .height = 32, .rate = plan.published.rate};
    converter->allowed = 1 << 30;
    return *this;
  }
  OutputControl& Encode() {
    plan.encoder = Choice{"fake", "", {}};
    plan.codec = VSTREAM_FORMAT_H264;
    plan.encoding = EncoderSpec{};
    return *this;
  }
  OutputControl& Rate(uint32_t num, uint32_t den = 1) {
    plan.published.rate = {num, den};
    return *this;
  }

  size_t Published(uint32_t stream = VSTREAM_STREAM_FRAMES) const {
    const std::lock_guard lock(transport->mutex);
    return transport->published[stream].size();
  }

  OutputParts Parts() const {
    OutputParts parts;
    parts.allocator = [] { return Result<std::unique_ptr<Allocator>>(std::make_unique<MemfdAllocator>()); };
    parts.converter = [c = converter] {
      return Result<std::unique_ptr<Converter>>(std::make_unique<FakeConverter>(c));
    };
    parts.encoder = [c = encoder] { return Result<std::unique_ptr<Encoder>>(std::make_unique<FakeEncoder>(c)); };
    parts.transport = [c = transport] {
      return Result<std::unique_ptr<Transport>>(std::make_unique<FakeTransport>(c));
    };
    return parts;
  }
};

class StreamFixture : public testing::Test {
 protected:
  void SetUp() override { alarm(60); }  // a stream that hangs is a failure, not a stuck build
  void TearDown() override { alarm(0); }

  OutputControl& Add(std::string name) {
    return *outputs_.emplace_back(std::make_unique<OutputControl>(std::move(name)));
  }

  Result<std::unique_ptr<StreamRunner>> Open(StreamLimits limits = {}) {
    StreamPlan plan;
    plan.name = "front";
    plan.capture.backend = "fake";
    StreamParts parts;
    parts.capture = [c = capture_] { return Result<std::unique_ptr<Capture>>(std::make_unique<FakeCapture>(c)); };
    parts.on_event = [this](RuntimeEvent event) {
      const std::lock_guard lock(events_mutex_);
      events_.push_back(std::move(event));
    };
    for (const auto& output : outputs_) {
      plan.outputs.push_back(output->plan);
      parts.outputs.push_back(output->Parts());
    }
    return StreamRunner::Open(std::move(plan), std::move(parts), limits);
  }

  std::unique_ptr<StreamRunner> Start(StreamLimits limits = {}) {
    auto stream = Open(limits);
    if (!stream) {
      ADD_FAILURE() << stream.error().message;
      return nullptr;
    }
    EXPECT_TRUE((*stream)->Start(0, std::chrono::seconds(10)));
    return std::move(*stream);
  }

  // One frame after the other, each when `each` has seen the one before.
  template <class F>
  void DeliverEach(int count, F each) {
    for (int i = 0; i < count; ++i) {
      capture_->Deliver(1);
      each();
    }
  }

  static void AwaitDone(const StreamRunner& stream) {
    pollfd fd{stream.done_fd(), POLLIN, 0};
    ASSERT_EQ(poll(&fd, 1, 30000), 1) << "the stream does not end";
  }

  // Until the stream's thread says so.
  template <class Predicate>
  static void Await(StreamRunner& stream, Predicate predicate) {
    while (!predicate(stream.Snapshot())) usleep(1000);
  }

  void EndAndStop(StreamRunner& stream) {
    capture_->End();
    AwaitDone(stream);
    const Status status = stream.Stop();
    EXPECT_TRUE(status) << status.error().message;
  }

  static void ExpectBooksBalance(const FlowStatus& flow) {
    uint64_t dropped = 0;
    for (const uint64_t count : flow.dropped) dropped += count;
    EXPECT_EQ(flow.in, flow.published + dropped);
    EXPECT_EQ(flow.in_flight, 0U);
  }
  static void ExpectBooksBalance(const std::vector<StreamStatus>& all) {
    for (const StreamStatus& status : all) {
      SCOPED_TRACE(status.output);
      ExpectBooksBalance(status.frames);
      ExpectBooksBalance(status.packets);
    }
  }

  // "type output" each.
  std::vector<std::string> Events() {
    const std::lock_guard lock(events_mutex_);
    std::vector<std::string> names;
    for (const RuntimeEvent& event : events_) {
      EXPECT_EQ(event.stream, "front");
      names.push_back(event.output.empty() ? event.type : event.type + " " + event.output);
    }
    return names;
  }

  std::shared_ptr<CaptureControl> capture_ = std::make_shared<CaptureControl>();
  std::vector<std::unique_ptr<OutputControl>> outputs_;
  std::mutex events_mutex_;
  std::vector<RuntimeEvent> events_;
};

}  // namespace videostream::fake

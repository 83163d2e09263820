// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `capture` (capture.h): frames, from start to stop.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/frame/layout.h"
#include "tests/conformance/capture_session.h"
#include "tests/conformance/resources.h"
#include "tests/conformance/settings.h"

namespace videostream::conformance {
namespace {

class CaptureStreamConformance : public BorderTest {
 protected:
  static CaptureSession::Make Maker() {
    return [](const BackendCreateArgs& args) { return MakeCapture(args); };
  }
  int PollFd() {
    const auto fd = sut_.capture->PollFd();
    EXPECT_TRUE(fd) << Why(fd);
    return fd ? *fd : -1;
  }
  // Dequeue has nothing to say.
  void ExpectNothing(const char* when) {
    const auto frame = sut_.capture->Dequeue();
    ASSERT_TRUE(frame) << when << ": " << Why(frame);
    EXPECT_FALSE(frame->has_value()) << when;
  }
  CaptureSession sut_{Maker()};
};
VS_CONFORMANCE_SUITE(CaptureStreamConformance);

// Would catch frames in buffers that the device was not given, and such that come twice (checked at each frame).
TEST_P(CaptureStreamConformance, DeliversQueuedBuffersOnly) {
  sut_.Prepare(4);
  const uint32_t kept = CaptureSession::kFirstId + 3;  // attached, never queued
  sut_.buffer(kept).Fill(0x77);
  const uint64_t before = sut_.buffer(kept).Checksum();
  for (const auto& [id, buffer] : sut_.buffers) {
    if (id != kept) sut_.Queue(id);
  }
  sut_.Start();
  sut_.Run(20);
  sut_.Stop();
  EXPECT_EQ(sut_.buffer(kept).Checksum(), before) << "the device has written to a buffer that was never queued";
}

// Would catch a device that loses a buffer, or gives one twice.
TEST_P(CaptureStreamConformance, EveryQueuedBufferComesBackOnce) {
  sut_.Prepare(4);
  sut_.QueueAll();
  sut_.Start();
  // A device that needs buffers to go on may keep as many.
  while (sut_.queued.size() > sut_.config.min_buffers - 1) ASSERT_TRUE(sut_.Next());
  sut_.Stop();
  ExpectNothing("after stop");
  sut_.QueueAll();  // each is the caller's again: none is refused as queued
}

// Would catch frames that wait for their dequeue after a stop has taken their buffers away.
TEST_P(CaptureStreamConformance, StopReturnsEveryQueuedBuffer) {
  sut_.Prepare();
  sut_.QueueAll();
  sut_.Start();
  ASSERT_TRUE(WaitReadable(PollFd())) << "no frame comes";  // one is ready, and is not taken
  sut_.Stop();
  ExpectNothing("after stop");
  EXPECT_FALSE(IsReadable(PollFd())) << "after stop";
  sut_.DetachAll();
}

// Would catch a second stop that fails, or one before the first start.
TEST_P(CaptureStreamConformance, StopIsIdempotent) {
  sut_.Prepare();
  VS_EXPECT_OK(sut_.capture->Stop());
  sut_.QueueAll();
  sut_.Start();
  for (int i = 0; i < 3; ++i) VS_EXPECT_OK(sut_.capture->Stop());
}

// Would catch a device that works once.
TEST_P(CaptureStreamConformance, StartsAgainAfterStop) {
  sut_.Prepare();
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    sut_.QueueAll();
    sut_.Start();
    sut_.Run(3);
    sut_.Stop();
    ASSERT_FALSE(HasFailure());
  }
}

// Would catch buffers that are lost when queued after start rather than before.
TEST_P(CaptureStreamConformance, BuffersMayBeQueuedAfterStart) {
  sut_.Prepare();
  sut_.Start();
  ExpectNothing("nothing queued");
  sut_.QueueAll();
  sut_.Run(3);
  sut_.Stop();
}

// Would catch counters that repeat or go back: drops could not be counted.
TEST_P(CaptureStreamConformance, SequenceAndTimeRise) {
  sut_.Prepare();
  constexpr int64_t kSlack = 2'000'000'000;
  const int64_t start = NowNs();
  sut_.QueueAll();
  sut_.Start();
  uint64_t sequence = 0;
  int64_t pts = INT64_MIN;
  for (int i = 0; i < 10; ++i) {
    const auto frame = sut_.Next();
    ASSERT_TRUE(frame);
    EXPECT_TRUE(i == 0 || frame->sequence > sequence) << frame->sequence << " after " << sequence;
    EXPECT_GE(frame->pts_ns, pts);
    EXPECT_GE(frame->pts_ns, start - kSlack) << "not CLOCK_MONOTONIC, or long ago";
    EXPECT_LE(frame->pts_ns, NowNs()) << "from the future";
    sequence = frame->sequence;
    pts = frame->pts_ns;
    sut_.Queue(frame->buffer_id);
  }
  sut_.Stop();
}

// Would catch half a picture passed off as a whole one.
TEST_P(CaptureStreamConformance, FramesAreFull) {
  sut_.Prepare();
  sut_.QueueAll();
  sut_.Start();
  const auto frame = sut_.Next();
  ASSERT_TRUE(frame);
  const vstream_layout& layout = sut_.config.layout;
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) {
    SCOPED_TRACE("plane " + std::to_string(i));
    const uint64_t rows = i < layout.plane_count ? PlaneRows(layout.fourcc, i, layout.height) : 0;
    const uint64_t stride = i < layout.plane_count ? layout.planes[i].stride : 0;
    const uint64_t least = rows == 0 ? 0 : stride * (rows - 1) + MinStride(layout.fourcc, i, layout.width);
    EXPECT_GE(frame->bytes_used[i], least);
    EXPECT_LE(frame->bytes_used[i], i < layout.plane_count ? layout.planes[i].size : 0);
  }
  EXPECT_EQ(frame->acquire_fence, -1);
  sut_.Stop();
}

// Would catch frames that are announced and not written: consumers would see what was there before.
TEST_P(CaptureStreamConformance, FramesAreWritten) {
  sut_.Prepare();
  for (const auto& [id, buffer] : sut_.buffers) buffer->Fill(0xEB);
  const uint64_t untouched = sut_.buffers.begin()->second->Checksum();
  sut_.QueueAll();
  sut_.Start();
  const auto frame = sut_.Next();
  ASSERT_TRUE(frame);
  EXPECT_NE(sut_.buffer(frame->buffer_id).Checksum(), untouched);
  sut_.Stop();
}

// Would catch a device that writes by its own idea of the stride, or whole pages.
TEST_P(CaptureStreamConformance, WritesNothingBeyondThePlanes) {
  for (const uint32_t odd : {0U, 1U}) {
    CaptureSession session(Maker());
    session.Create();
    auto request = CaptureSession::Wish();
    request.width += odd;
    request.height += odd;
    session.Configure(request);
    session.AttachBuffers();
    session.QueueAll();
    session.Start();
    session.Run(5);
    session.Stop();
    for (const auto& [id, buffer] : session.buffers) EXPECT_EQ(buffer->Damage(), "") << "buffer " << id;
  }
}

// Would catch a picture that changes while consumers look at it.
TEST_P(CaptureStreamConformance, WritesNothingToABufferThatWasGivenBack) {
  sut_.Prepare(4);
  sut_.QueueAll();
  sut_.Start();
  const auto held = sut_.Next();
  ASSERT_TRUE(held);
  const uint64_t before = sut_.buffer(held->buffer_id).Checksum();
  sut_.Run(12);
  EXPECT_EQ(sut_.buffer(held->buffer_id).Checksum(), before) << "while others are filled";
  std::map<uint32_t, uint64_t> after_stop;
  sut_.Stop();
  for (const auto& [id, buffer] : sut_.buffers) after_stop[id] = buffer->Checksum();
  sut_.Queue(CaptureSession::kFirstId == held->buffer_id ? held->buffer_id + 1 : CaptureSession::kFirstId);
  sut_.Start();
  const auto more = sut_.config.min_buffers == 1 ? sut_.Next() : std::nullopt;
  sut_.Stop();
  for (const auto& [id, buffer] : sut_.buffers) {
    const bool was_queued = more ? id == more->buffer_id : id != held->buffer_id;
    EXPECT_TRUE(was_queued || buffer->Checksum() == after_stop[id]) << "buffer " << id << " after stop";
  }
}

// Would catch a poll fd that is made anew, or never: an event loop would wait for the wrong one.
TEST_P(CaptureStreamConformance, PollFdIsConstant) {
  sut_.Create();
  const int fd = PollFd();
  sut_.Configure(CaptureSession::Wish());
  sut_.AttachBuffers();
  sut_.QueueAll();
  sut_.Start();
  sut_.Run(2);
  EXPECT_EQ(PollFd(), fd);
  sut_.Stop();
  EXPECT_EQ(PollFd(), fd);
}

// Would catch a poll fd that is always readable (a busy loop) or not when it should be (a stream that stands still:
// checked at each frame).
TEST_P(CaptureStreamConformance, PollFdIsReadableOnlyWithSomethingToTake) {
  sut_.Prepare();
  EXPECT_FALSE(IsReadable(PollFd())) << "before start";
  sut_.Start();
  EXPECT_FALSE(IsReadable(PollFd())) << "nothing queued";
  sut_.QueueAll();
  for (int round = 0; round < 5; ++round) {
    // Two of min_buffers + 1 at most: a device that keeps some gives no more.
    for (int i = 0; i < 2; ++i) {
      if (sut_.queued.size() < sut_.config.min_buffers) continue;
      ASSERT_TRUE(sut_.Next());
    }
    ExpectNothing("everything taken");
    EXPECT_FALSE(IsReadable(PollFd())) << "everything taken, round " << round;
    sut_.QueueAll();
  }
  sut_.Stop();
}

// Would catch a dequeue that waits: it would hold up every other stream of the process (see the watchdog).
TEST_P(CaptureStreamConformance, DequeueNeverBlocks) {
  sut_.Create();
  ExpectNothing("before configure");
  sut_.Configure(CaptureSession::Wish());
  sut_.AttachBuffers();
  ExpectNothing("before start");
  sut_.Start();
  ExpectNothing("nothing queued");
  sut_.QueueAll();
  for (int i = 0; i < 100; ++i) {
    const auto frame = sut_.capture->Dequeue();
    ASSERT_TRUE(frame) << Why(frame);
    if (!frame->has_value()) continue;
    sut_.queued.erase((*frame)->record.buffer_id);
    sut_.Queue((*frame)->record.buffer_id);
  }
  sut_.Stop();
}

// Would catch state shared between instances: the same ids in both name different buffers.
TEST_P(CaptureStreamConformance, InstancesDoNotMix) {
  CaptureSession other(Maker());
  const auto device = Subject::Get().Device(VSTREAM_KIND_CAPTURE);
  if (device && device->instances == 1) GTEST_SKIP() << "the device can be opened once";
  sut_.Prepare();
  other.Prepare();
  if (HasFailure()) return;
  for (const auto& [id, buffer] : other.buffers) buffer->Fill(0x42);
  const uint64_t before = other.buffers.begin()->second->Checksum();
  sut_.QueueAll();
  other.QueueAll();  // not started
  sut_.Start();
  sut_.Run(6);
  for (const auto& [id, buffer] : other.buffers) EXPECT_EQ(buffer->Checksum(), before) << "buffer " << id;
  other.Start();
  for (int i = 0; i < 6; ++i) {
    sut_.Run(1);
    other.Run(1);
  }
  sut_.Stop();
  other.Run(2);
  other.Stop();
}

// Would catch an end that comes and goes, or that takes queued buffers with it.
TEST_P(CaptureStreamConformance, TheEndStays) {
  const OptionList& options = TheSettings().end_options[VSTREAM_KIND_CAPTURE];
  if (options.empty()) GTEST_SKIP() << "no --end-option: the source never ends";
  sut_.Create(CheckOptions(Subject::Get().plugin().options(), VSTREAM_KIND_CAPTURE, options).options);
  sut_.Configure(CaptureSession::Wish());
  sut_.AttachBuffers();
  sut_.QueueAll();
  sut_.Start();
  bool ended = false;
  for (int i = 0; i < 1000 && !ended; ++i) {
    const auto frame = sut_.Next(&ended);
    if (frame) sut_.Queue(frame->buffer_id);
    ASSERT_FALSE(HasFailure());
  }
  ASSERT_TRUE(ended) << "no end in 1000 frames";
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(IsReadable(PollFd())) << "the end is something to say";
    VS_EXPECT_CODE(sut_.capture->Dequeue(), Code::kEndOfStream);
  }
  sut_.Stop();
  sut_.DetachAll();
}

// Would catch a thread that outlives its instance and writes into memory that belongs to others by then.
TEST_P(CaptureStreamConformance, MayBeDestroyedWhileStarted) {
  const Resources before = Resources::Count();
  std::map<uint32_t, std::shared_ptr<TestBuffer>> buffers;
  std::map<uint32_t, uint64_t> sums;
  {
    CaptureSession session(Maker());
    session.Prepare();
    buffers = session.buffers;
    session.QueueAll();
    session.Start();
    session.Run(2);
    session.capture.reset();
    for (const auto& [id, buffer] : buffers) sums[id] = buffer->Checksum();
  }
  sut_.Prepare();
  sut_.QueueAll();
  sut_.Start();
  sut_.Run(3);  // time enough for a stray write
  sut_.Stop();
  for (const auto& [id, buffer] : buffers) EXPECT_EQ(buffer->Checksum(), sums[id]) << "buffer " << id;
  buffers.clear();
  sut_.capture.reset();
  sut_.buffers.clear();
  EXPECT_EQ(LeftBehind(before), "");
}

// Would catch what a stream costs each time that it is switched off and on.
TEST_P(CaptureStreamConformance, AWholeLifeLeavesNothingBehind) {
  const auto live = [] {
    CaptureSession session(Maker());
    session.Prepare();
    session.QueueAll();
    session.Start();
    session.Run(2);
    session.Stop();
    session.DetachAll();
  };
  live();  // what a library does on first use may stay
  const Resources before = Resources::Count();
  for (int i = 0; i < 3; ++i) live();
  EXPECT_EQ(LeftBehind(before), "");
}

}  // namespace
}  // namespace videostream::conformance

// SPDX-License-Identifier: Apache-2.0
// A stream over stations under the test's control: what is published, what is dropped, and that the books balance.
#include "core/pipeline/stream.h"

#include "tests/core/pipeline/stream_fixture.h"

namespace videostream {
namespace {

// One output, which publishes what is captured unless the test asks for a converter or an encoder.
class StreamTest : public fake::StreamFixture {
 protected:
  std::unique_ptr<StreamRunner> Start(bool encode = false, bool convert = false, StreamLimits limits = {}) {
    if (convert) output_.Convert();
    if (encode) output_.Encode();
    return StreamFixture::Start(limits);
  }
  static StreamStatus Now(StreamRunner& stream) { return stream.Snapshot().at(0); }

  fake::OutputControl& output_ = Add("full");
  std::shared_ptr<fake::JobControl> converter_ = output_.converter;
  std::shared_ptr<fake::JobControl> encoder_ = output_.encoder;
  std::shared_ptr<fake::TransportControl> transport_ = output_.transport;
};

// Bug: frames reordered, renumbered or lost between the device's thread and the stream's.
TEST_F(StreamTest, PublishesEveryFrameInOrder) {
  auto sut = Start();
  for (int i = 0; i < 200; ++i) capture_->Deliver(1);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  ASSERT_EQ(transport_->published[0].size(), 200u);
  for (size_t i = 0; i < 200; ++i) EXPECT_EQ(transport_->published[0][i].sequence, i + 1);
  const StreamStatus status = Now(*sut);
  EXPECT_EQ(status.state, StreamState::kEnded);
  EXPECT_EQ(status.frames.in, 200u);
  ExpectBooksBalance(status.frames);
  EXPECT_EQ(transport_->state, unsigned{VSTREAM_TRANSPORT_STATE_CLOSING});
}

// Bug: a consumer that holds everything starves the device, or the producer waits for it.
TEST_F(StreamTest, DropsTheNewFrameWhenEveryBufferIsHeld) {
  transport_->hold_all = true;
  auto sut = Start();
  for (int i = 0; i < 50; ++i) capture_->Deliver(1);  // each needs a buffer at the device: it is never left without
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  const FlowStatus flow = Now(*sut).frames;
  EXPECT_EQ(flow.in, 50u);
  EXPECT_GT(flow.published, 0u);
  EXPECT_GT(flow.dropped[VSTREAM_DROP_NO_FREE_BUFFER], 0u);
  ExpectBooksBalance(flow);
}

// Bug: frames that the device lost by its own counter appear in no book.
TEST_F(StreamTest, CountsTheDevicesGapsAndMarksTheNextFrame) {
  auto sut = Start();
  capture_->Deliver(1);
  capture_->Deliver(1, /*lost=*/3);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  const FlowStatus flow = Now(*sut).frames;
  EXPECT_EQ(flow.in, 5u);
  EXPECT_EQ(flow.published, 2u);
  EXPECT_EQ(flow.dropped[VSTREAM_DROP_DEVICE_GAP], 3u);
  ExpectBooksBalance(flow);
  EXPECT_EQ(transport_->published[0][0].flags & VSTREAM_FRAME_DISCONTINUITY, 0u);
  EXPECT_NE(transport_->published[0][1].flags & VSTREAM_FRAME_DISCONTINUITY, 0u);
}

// Bug: a counter that begins at 0, as V4L2's does, is taken for none, and what is lost behind it appears in no book.
TEST_F(StreamTest, CountsGapsOfACounterThatBeginsAtZero) {
  capture_->sequence = UINT64_MAX;  // before the first
  auto sut = Start();
  capture_->Deliver(1);
  capture_->Deliver(1, /*lost=*/2);
  EndAndStop(*sut);
  const FlowStatus flow = Now(*sut).frames;
  EXPECT_EQ(flow.in, 4u);
  EXPECT_EQ(flow.dropped[VSTREAM_DROP_DEVICE_GAP], 2u);
  ExpectBooksBalance(flow);
}

// Bug: what the device says of the sequence is lost with the frame that said it.
TEST_F(StreamTest, ADroppedFrameHandsItsDiscontinuityOn) {
  auto sut = Start();
  capture_->Deliver(1);
  capture_->Deliver(1, 0, VSTREAM_FRAME_CORRUPTED | VSTREAM_FRAME_DISCONTINUITY);
  capture_->Deliver(2);
  EndAndStop(*sut);
  ASSERT_EQ(output_.Published(), 3U);
  const auto marked = [this](size_t i) {
    return (transport_->published[0][i].flags & VSTREAM_FRAME_DISCONTINUITY) != 0;
  };
  EXPECT_FALSE(marked(0));
  EXPECT_TRUE(marked(1));
  EXPECT_FALSE(marked(2));
}

// Bug: a source that ended in order has failed, since it refuses a buffer that was on its way to it.
TEST_F(StreamTest, ABufferThatComesAfterTheEndIsNoFailure) {
  for (int i = 0; i < 50; ++i) {
    capture_ = std::make_shared<fake::CaptureControl>();
    transport_->visible[VSTREAM_STREAM_FRAMES].clear();
    auto sut = Start();
    capture_->Deliver(3);
    EndAndStop(*sut);
    EXPECT_EQ(Now(*sut).state, StreamState::kEnded);
  }
}

// Bug: a transport that gives nothing back makes every frame a dropped one, and nobody is told why.
TEST_F(StreamTest, ATransportThatCannotReclaimIsAFailure) {
  transport_->fail_reclaim = true;
  auto sut = Start();
  for (int i = 0; i < 4; ++i) capture_->Deliver(1);  // what the pool has
  AwaitDone(*sut);
  const Status status = sut->Stop();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "slot 'front.full.transport': pool: reclaim from transport 0: it gives nothing back");
  ExpectBooksBalance(Now(*sut).frames);
}

// Bug: the same, where the buffers are the output's own.
TEST_F(StreamTest, ATransportThatCannotReclaimConvertedFramesIsAFailure) {
  transport_->fail_reclaim = true;
  auto sut = Start(/*encode=*/false, /*convert=*/true);
  const size_t pool = sut->Snapshot().at(0).frames.buffers;
  for (size_t n = 1; n <= pool; ++n) {
    capture_->Deliver(1);
    transport_->WaitForPublished(VSTREAM_STREAM_FRAMES, n);
  }
  capture_->Deliver(1);
  AwaitDone(*sut);
  const Status status = sut->Stop();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("it gives nothing back"), std::string::npos) << status.error().message;
  ExpectBooksBalance(Now(*sut).frames);
}

// Bug: a transport whose events are garbage is asked for ever, and consumers come and go unseen.
TEST_F(StreamTest, ATransportThatCannotTellItsEventsIsAFailure) {
  auto sut = Start();
  {
    const std::lock_guard lock(transport_->mutex);
    transport_->fail_events = true;
  }
  transport_->Raise(VSTREAM_EVENT_CONNECTED);
  AwaitDone(*sut);
  const Status status = sut->Stop();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "slot 'front.full.transport': events are garbage");
}

// Bug: an encoder that keeps more frames than it is ever given never gives a packet, without a word.
TEST_F(StreamTest, AnEncoderThatKeepsTooManyFramesIsRefused) {
  output_.Encode();
  encoder_->max_jobs = 40;
  encoder_->latency_frames = 16;
  auto refused = Open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnsupported);
  EXPECT_TRUE(refused.error().message.starts_with("slot 'front.full.encoder': it keeps 16 frames "))
      << refused.error().message;
  encoder_->latency_frames = 15;
  EXPECT_TRUE(Open());
}

// Bug: a picture that the device calls damaged reaches consumers.
TEST_F(StreamTest, DropsFramesThatTheDeviceReportsAsDamaged) {
  auto sut = Start();
  capture_->Deliver(1);
  capture_->Deliver(2, 0, VSTREAM_FRAME_CORRUPTED);
  capture_->Deliver(1);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  const FlowStatus flow = Now(*sut).frames;
  EXPECT_EQ(flow.published, 2u);
  EXPECT_EQ(flow.dropped[VSTREAM_DROP_DEVICE_ERROR], 2u);
  ExpectBooksBalance(flow);
}

// Bug: a slow encoder holds up raw frames, or its lost frames are not counted.
TEST_F(StreamTest, SlowEncoderCostsPacketsNotFrames) {
  auto sut = Start(/*encode=*/true);
  for (int i = 0; i < 20; ++i) capture_->Deliver(1);  // two jobs go in, nothing comes out
  transport_->WaitForPublished(VSTREAM_STREAM_FRAMES, 20);
  encoder_->WaitForJobs(2);
  encoder_->Allow(2);
  transport_->WaitForPublished(VSTREAM_STREAM_PACKETS, 2);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  const StreamStatus status = Now(*sut);
  EXPECT_EQ(status.frames.published, 20u);
  EXPECT_EQ(status.packets.in, 20u);
  EXPECT_EQ(status.packets.published, 2u);
  EXPECT_EQ(status.packets.dropped[VSTREAM_DROP_ENCODER_BUSY], 18u);
  ExpectBooksBalance(status.frames);
  ExpectBooksBalance(status.packets);
}

// Bug: the last frames of a file never become packets.
TEST_F(StreamTest, EndOfTheSourceDrainsTheEncoder) {
  encoder_->max_jobs = 4;
  auto sut = Start(/*encode=*/true);
  capture_->Deliver(1);
  capture_->Deliver(1);
  capture_->Deliver(1);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  const StreamStatus status = Now(*sut);
  EXPECT_EQ(status.packets.published, 3u);
  ExpectBooksBalance(status.packets);
}

// Bug: an encoder that dies takes the raw frames with it, or keeps the buffers it had.
TEST_F(StreamTest, FramesGoOnWithoutAnEncoderThatFails) {
  auto sut = Start(/*encode=*/true);
  capture_->Deliver(1);
  encoder_->WaitForJobs(1);
  encoder_->FailNow();
  for (int i = 0; i < 40; ++i) capture_->Deliver(1);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  const StreamStatus status = Now(*sut);
  EXPECT_EQ(status.frames.published, 41u);
  EXPECT_EQ(status.packets.published, 0u);
  EXPECT_EQ(status.error, "slot 'front.full.encoder': encoder is gone; frames go on without packets");
  ExpectBooksBalance(status.frames);
  ExpectBooksBalance(status.packets);
}

// Bug: after a packet was lost, the next ones refer to it.
TEST_F(StreamTest, AsksForAKeyFrameAfterALostPacketAndOnDemand) {
  auto sut = Start(/*encode=*/true);
  {
    const std::lock_guard lock(encoder_->mutex);
    encoder_->status = VSTREAM_E_IO;
  }
  encoder_->Allow(1);
  capture_->Deliver(1);
  while (Now(*sut).packets.dropped[VSTREAM_DROP_DEVICE_ERROR] == 0) usleep(1000);
  {
    const std::lock_guard lock(encoder_->mutex);
    encoder_->status = VSTREAM_OK;
  }
  encoder_->Allow(2);
  capture_->Deliver(1);
  transport_->WaitForPublished(VSTREAM_STREAM_PACKETS, 1);
  transport_->Raise(VSTREAM_EVENT_KEY_WANTED);
  for (bool drained = false; !drained; usleep(1000)) {
    const std::lock_guard lock(transport_->mutex);
    drained = transport_->events.empty();
  }
  (void)Now(*sut);  // answered by the stream's thread after it has seen the event
  capture_->Deliver(1);
  transport_->WaitForPublished(VSTREAM_STREAM_PACKETS, 2);
  EXPECT_TRUE(sut->Stop());
  ASSERT_EQ(encoder_->flags.size(), 3u);
  EXPECT_EQ(encoder_->flags[0], 0u);
  EXPECT_EQ(encoder_->flags[1], unsigned{VSTREAM_ENCODE_FORCE_KEY});
  EXPECT_EQ(encoder_->flags[2], unsigned{VSTREAM_ENCODE_FORCE_KEY});
}

// Bug: converted frames keep the source's buffer, or a failed conversion leaks one.
TEST_F(StreamTest, ConvertsBeforePublishing) {
  auto sut = Start(/*encode=*/false, /*convert=*/true);
  for (int i = 0; i < 30; ++i) {
    capture_->Deliver(1);
    transport_->WaitForPublished(VSTREAM_STREAM_FRAMES, static_cast<size_t>(i) + 1);
  }
  {
    const std::lock_guard lock(converter_->mutex);
    converter_->status = VSTREAM_E_IO;
  }
  capture_->Deliver(1);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
  const FlowStatus flow = Now(*sut).frames;
  EXPECT_EQ(flow.width, 32u);
  EXPECT_EQ(flow.published, 30u);
  EXPECT_EQ(flow.dropped[VSTREAM_DROP_CONVERT_ERROR], 1u);
  ExpectBooksBalance(flow);
}

// Bug: Stop in the middle leaves frames unaccounted for, or a device running.
TEST_F(StreamTest, StopInTheMiddleBalancesAndClosesEverything) {
  auto sut = Start(/*encode=*/true);
  for (int i = 0; i < 10; ++i) capture_->Deliver(1);
  EXPECT_TRUE(sut->Stop());
  const StreamStatus status = Now(*sut);
  EXPECT_EQ(status.state, StreamState::kStopped);
  ExpectBooksBalance(status.frames);
  ExpectBooksBalance(status.packets);
  EXPECT_EQ(capture_->alive, 0);
  EXPECT_EQ(transport_->alive, 0);
}

// Bug: an unplugged camera goes unnoticed, or its error text is lost.
TEST_F(StreamTest, FailureOfTheDeviceEndsTheStreamWithItsCause) {
  auto sut = Start();
  capture_->Deliver(3);
  transport_->WaitForPublished(VSTREAM_STREAM_FRAMES, 3);
  capture_->Fail();
  AwaitDone(*sut);
  const Status status = sut->Stop();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "slot 'front.capture': unplugged");
  EXPECT_EQ(Now(*sut).state, StreamState::kFailed);
}

// Bug: a backend that never returns hangs the stream, its status or its end.
TEST_F(StreamTest, HangingBackendIsAbandonedAndReported) {
  auto sut = Start(false, false, {.call = std::chrono::milliseconds(200)});
  capture_->Deliver(1);
  transport_->WaitForPublished(VSTREAM_STREAM_FRAMES, 1);
  capture_->hang = true;
  capture_->Deliver(1);
  AwaitDone(*sut);
  const StreamStatus status = Now(*sut);
  ASSERT_EQ(status.stuck.size(), 1u);
  EXPECT_EQ(status.stuck[0].slot, "front.capture");
  EXPECT_EQ(status.stuck[0].call, "collect");
  EXPECT_FALSE(sut->Stop());
  sut.reset();
  capture_->hang = false;  // the abandoned thread may end now, after everything it knew is gone
  while (capture_->alive != 0) usleep(1000);
}

// Bug: a frame of an abandoned device that arrives during the goodbye is in no book (INV-11), or in an encoder that
// nobody drains any more.
TEST_F(StreamTest, AFrameThatComesDuringTheGoodbyeIsCountedAsDropped) {
  transport_->consumers = transport_->lag = 1;  // the goodbye lasts
  auto sut =
      Start(/*encode=*/true, false, {.call = std::chrono::milliseconds(200), .deliver = std::chrono::minutes(1)});
  capture_->hang = true;
  capture_->Deliver(1);
  const auto closing = [this] {
    const std::lock_guard lock(transport_->mutex);
    return transport_->state == VSTREAM_TRANSPORT_STATE_CLOSING;
  };
  while (!closing()) usleep(1000);
  capture_->hang = false;
  Await(*sut, [](const auto& status) { return status[0].frames.in == 1; });
  {
    const std::lock_guard lock(transport_->mutex);
    transport_->lag = 0;
  }
  AwaitDone(*sut);
  EXPECT_FALSE(sut->Stop());
  const StreamStatus status = Now(*sut);
  EXPECT_EQ(status.frames.dropped[VSTREAM_DROP_DEVICE_ERROR], 1U);
  ExpectBooksBalance(status.frames);
  ExpectBooksBalance(status.packets);
}

// Bug: several streams that end one after the other, each with its own patience for its consumers.
TEST_F(StreamTest, EndsOnRequestWithoutBeingWaitedFor) {
  auto sut = Start();
  sut->RequestStop();
  AwaitDone(*sut);
  EXPECT_EQ(Now(*sut).state, StreamState::kStopped);
  EXPECT_TRUE(sut->Stop());
}

// Bug: an open that fails half-way leaves a device or a socket behind.
TEST_F(StreamTest, FailedOpenClosesWhatWasOpen) {
  transport_->fail_add_set = true;
  output_.Encode();
  auto sut = Open();
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().message, "slot 'front.full.transport': no room for the set");
  EXPECT_EQ(capture_->alive, 0);
  EXPECT_EQ(transport_->alive, 0);
}

// Bug: the first frames of a file are gone before anybody is there.
TEST_F(StreamTest, WaitsForConsumersBeforeItCaptures) {
  auto opened = Open();
  ASSERT_TRUE(opened);
  auto& sut = *opened;
  ASSERT_TRUE(sut->Start(2, std::chrono::seconds(30)));
  EXPECT_EQ(Now(*sut).state, StreamState::kStarting);
  {
    const std::lock_guard lock(capture_->mutex);
    EXPECT_FALSE(capture_->started);
  }
  {
    const std::lock_guard lock(transport_->mutex);
    transport_->consumers = 2;
  }
  transport_->Raise(VSTREAM_EVENT_CONNECTED);
  capture_->Deliver(1);  // waits for the start
  transport_->WaitForPublished(VSTREAM_STREAM_FRAMES, 1);
  EXPECT_TRUE(sut->Stop());
}

// Bug: the transport goes while a queue consumer still has frames to take, and they are lost to it.
TEST_F(StreamTest, ConsumersMayTakeTheLastFramesBeforeTheEnd) {
  transport_->consumers = 1;
  transport_->lag = 3;
  auto sut = Start(false, false, {.deliver = std::chrono::seconds(50)});
  capture_->Deliver(1);
  capture_->End();
  for (bool closing = false; !closing; usleep(1000)) {
    const std::lock_guard lock(transport_->mutex);
    closing = transport_->state == VSTREAM_TRANSPORT_STATE_CLOSING;
  }
  pollfd fd{sut->done_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&fd, 1, 0), 0) << "the stream ends with frames that nobody has taken";
  {
    const std::lock_guard lock(transport_->mutex);
    transport_->lag = 0;
  }
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
}

// Bug: the transport goes while a consumer still reads its last frame, which becomes void under its eyes.
TEST_F(StreamTest, AFrameThatIsStillReadIsNotTakenBackByTheEnd) {
  transport_->consumers = 1;
  transport_->leases = 1;
  auto sut = Start(false, false, {.deliver = std::chrono::seconds(50)});
  capture_->Deliver(1);
  capture_->End();
  for (bool closing = false; !closing; usleep(1000)) {
    const std::lock_guard lock(transport_->mutex);
    closing = transport_->state == VSTREAM_TRANSPORT_STATE_CLOSING;
  }
  pollfd fd{sut->done_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&fd, 1, 0), 0) << "the stream ends while a frame is read";
  {
    const std::lock_guard lock(transport_->mutex);
    transport_->leases = 0;
  }
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
}

// Bug: a consumer that has stopped keeps the stream from ending.
TEST_F(StreamTest, ConsumersThatDoNotTakeTheLastFramesDoNotHoldUpTheEnd) {
  transport_->consumers = 1;
  transport_->lag = 3;
  auto sut = Start(false, false, {.deliver = std::chrono::milliseconds(20)});
  capture_->Deliver(1);
  capture_->End();
  AwaitDone(*sut);
  EXPECT_TRUE(sut->Stop());
}

// Bug: consumers that never come leave a stream waiting for ever.
TEST_F(StreamTest, ConsumersThatDoNotComeAreAnError) {
  auto opened = Open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE((*opened)->Start(2, std::chrono::milliseconds(1)));
  AwaitDone(**opened);
  const Status status = (*opened)->Stop();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kTimeout);
  EXPECT_EQ(status.error().message, "stream 'front': 0 of 2 consumers subscribed in time");
}

}  // namespace
}  // namespace videostream

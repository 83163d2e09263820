// SPDX-License-Identifier: Apache-2.0
// The capture devices: pacing, accounting, readiness of the poll fd, and stops at every moment.
#include "backends/sw-fallback/capture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/backends/sw-fallback/fake_host.h"
#include "videostream/pattern.hpp"

namespace videostream::sw_fallback {
namespace {

constexpr uint32_t kWidth = 64, kHeight = 64;

class CaptureTest : public testing::Test {
 protected:
  backend::Status Open(const std::string& device, CreateInfo::Pairs options) {
    sut_ = std::make_unique<Capture>();
    sut_->SetHost(host_.handle());
    const CreateInfo info(device, std::move(options));
    return sut_->Open(info.options());
  }
  void Configure(uint32_t buffers, vstream_ratio rate = {1000, 1}) {
    vstream_capture_request request{};
    request.fourcc = VSTREAM_FORMAT_I420;
    request.width = kWidth;
    request.height = kHeight;
    request.rate = rate;
    ASSERT_TRUE(sut_->Configure(request, &config_).ok());
    for (uint32_t id = 0; id < buffers; ++id) {
      ASSERT_TRUE(sut_->Attach(id, host_.Add(id, config_.layout)).ok());
    }
    ASSERT_TRUE(sut_->PollFd(&fd_).ok());
  }
  // Waits until the device speaks.
  backend::Status Next(vstream_frame* frame) {
    *frame = {};
    EXPECT_TRUE(Readable(fd_, 30'000));
    return sut_->Dequeue(frame);
  }
  pattern::Reading ReadFrame(const vstream_frame& frame) {
    return pattern::Read(VSTREAM_FORMAT_I420, host_.Plane(frame.buffer_id, 0), kWidth, kWidth, kHeight);
  }
  std::string WriteY4m(int frames, const std::string& rate = "1000:1") {
    std::string path = dir_.File("a.y4m");
    std::ofstream out(path, std::ios::binary);
    out << "YUV4MPEG2 W64 H64 F" << rate << "\n";
    for (int i = 1; i <= frames; ++i) {
      std::string picture(64 * 64 * 3 / 2, '\x80');
      pattern::Draw({static_cast<uint64_t>(i), 0}, reinterpret_cast<uint8_t*>(picture.data()), 64, 64, 64);
      out << "FRAME\n" << picture;
    }
    return path;
  }
  Fd MakeFifo(std::string* path) {
    *path = dir_.File("step");
    EXPECT_EQ(::mkfifo(path->c_str(), 0600), 0);
    return Fd(::open(path->c_str(), O_RDWR | O_CLOEXEC));
  }

  Watchdog watchdog_;
  TempDir dir_;
  FakeHost host_;
  vstream_capture_config config_{};
  int32_t fd_ = -1;
  std::unique_ptr<Capture> sut_;
};

// Frames out of order, a stamp that is not the sequence, a time that goes back, bytes that do not add up.
TEST_F(CaptureTest, MaxGivesEveryFrameOnce) {
  ASSERT_TRUE(Open("pattern", {{"pace", "max"}}).ok());
  Configure(4);
  EXPECT_EQ(config_.rate.num, 0u) << "not paced";
  ASSERT_TRUE(sut_->Start().ok());
  EXPECT_FALSE(Readable(fd_)) << "no buffer, nothing to say";
  for (uint32_t id = 0; id < 4; ++id) ASSERT_TRUE(sut_->Queue(id).ok());
  int64_t last = 0;
  for (uint64_t i = 1; i <= 200; ++i) {
    vstream_frame frame;
    ASSERT_TRUE(Next(&frame).ok());
    EXPECT_EQ(frame.sequence, i);
    EXPECT_GE(frame.pts_ns, last);
    last = frame.pts_ns;
    EXPECT_EQ(frame.timestamp_source, VSTREAM_TIMESTAMP_SYNTHETIC);
    EXPECT_EQ(frame.bytes_used[0], 64u * 64);
    EXPECT_EQ(frame.bytes_used[2], 32u * 32);
    const pattern::Reading reading = ReadFrame(frame);
    ASSERT_TRUE(reading.is_pattern && !reading.torn);
    EXPECT_EQ(reading.stamp.frame, i);
    EXPECT_EQ(reading.stamp.time_ns, frame.pts_ns);
    ASSERT_TRUE(sut_->Queue(frame.buffer_id).ok());
  }
  ASSERT_TRUE(sut_->Stop().ok());
  EXPECT_EQ(host_.mapped(), 0);
}

// A step that releases two frames or none, or that needs its buffer to be there first.
TEST_F(CaptureTest, StepReleasesExactlyAsManyAsBytes) {
  std::string path;
  const Fd fifo = MakeFifo(&path);
  ASSERT_TRUE(Open("pattern", {{"pace", "step"}, {"step-fifo", path}}).ok());
  Configure(3);
  ASSERT_EQ(::write(fifo.get(), "xx", 2), 2);  // before there is a buffer
  ASSERT_TRUE(sut_->Start().ok());
  for (uint32_t id = 0; id < 3; ++id) ASSERT_TRUE(sut_->Queue(id).ok());
  vstream_frame frame;
  for (uint64_t i = 1; i <= 2; ++i) {
    ASSERT_TRUE(Next(&frame).ok());
    EXPECT_EQ(frame.sequence, i);
    ASSERT_TRUE(sut_->Queue(frame.buffer_id).ok());
  }
  EXPECT_FALSE(Readable(fd_, 20)) << "a frame without a byte";
  EXPECT_EQ(sut_->Dequeue(&frame).code(), VSTREAM_E_AGAIN);
  for (uint64_t i = 3; i <= 30; ++i) {
    ASSERT_EQ(::write(fifo.get(), "x", 1), 1);
    ASSERT_TRUE(Next(&frame).ok());
    EXPECT_EQ(frame.sequence, i);
    EXPECT_EQ(ReadFrame(frame).stamp.frame, i);
    ASSERT_TRUE(sut_->Queue(frame.buffer_id).ok());
  }
  EXPECT_FALSE(Readable(fd_, 20));
}

// In real time the numbers of the frames are those of the ticks: with the times they tell of every lost one.
TEST_F(CaptureTest, RealtimeCountsTicksAndLosesThoseWithoutABuffer) {
  ASSERT_TRUE(Open("pattern", {}).ok());
  Configure(2, {500, 1});
  EXPECT_EQ(config_.rate.num, 500u);
  ASSERT_TRUE(sut_->Start().ok());
  vstream_frame first;
  ASSERT_TRUE(sut_->Queue(0).ok());
  ASSERT_TRUE(Next(&first).ok());
  EXPECT_EQ(first.sequence, 1u);
  EXPECT_EQ(first.duration_ns, 2'000'000);
  uint64_t last = 1;
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(Readable(fd_, 7)) << "no buffer: nothing to say, while ticks pass";
    ASSERT_TRUE(sut_->Queue(0).ok());
    vstream_frame frame;
    ASSERT_TRUE(Next(&frame).ok());
    EXPECT_GT(frame.sequence, last + 1) << "ticks passed without a buffer";
    EXPECT_EQ(frame.pts_ns, first.pts_ns + static_cast<int64_t>(frame.sequence - 1) * 2'000'000);
    EXPECT_LE(frame.pts_ns, host_.handle().NowNs()) << "released before its time";
    EXPECT_EQ(ReadFrame(frame).stamp.frame, frame.sequence);
    last = frame.sequence;
  }
}

// With buffers always there no tick is lost, however the machine is loaded.
TEST_F(CaptureTest, RealtimeLosesNothingWhileBuffersWait) {
  ASSERT_TRUE(Open("pattern", {{"frames", "24"}}).ok());
  Configure(24, {500, 1});
  for (uint32_t id = 0; id < 24; ++id) ASSERT_TRUE(sut_->Queue(id).ok()) << "before start, too";
  ASSERT_TRUE(sut_->Start().ok());
  vstream_frame frame;
  for (uint64_t i = 1; i <= 24; ++i) {
    ASSERT_TRUE(Next(&frame).ok());
    EXPECT_EQ(frame.sequence, i);
  }
  EXPECT_EQ(Next(&frame).code(), VSTREAM_E_END_OF_STREAM) << "at once, without a buffer";
  EXPECT_EQ(Next(&frame).code(), VSTREAM_E_END_OF_STREAM) << "for good";
  EXPECT_EQ(sut_->Dequeue(&frame).message(), "the stream has ended after 24 frames");
}

// In real time file frames keep the file's cadence to the nanosecond, else they are stamped with their release; and
// none is skipped when buffers are late.
TEST_F(CaptureTest, FileKeepsItsCadenceAndSkipsNothing) {
  for (const char* pace : {"realtime", "max"}) {
    ASSERT_TRUE(Open("file", {{"path", WriteY4m(30, "30000:1001")}, {"pace", pace}}).ok());
    Configure(2);
    EXPECT_EQ(config_.rate.num, 30000u);
    ASSERT_TRUE(sut_->Start().ok());
    int64_t start = 0;
    vstream_frame frame;
    for (uint64_t i = 1; i <= 30; ++i) {
      ASSERT_TRUE(sut_->Queue(i % 2).ok());
      ASSERT_TRUE(Next(&frame).ok());
      if (i == 1) start = frame.pts_ns;
      EXPECT_EQ(frame.sequence, i);
      EXPECT_EQ(frame.duration_ns, 33'366'666);
      EXPECT_LE(frame.pts_ns, host_.handle().NowNs()) << "released early";
      if (*pace == 'r') {
        EXPECT_EQ(frame.pts_ns, start + static_cast<int64_t>(i - 1) * 1001 * 1'000'000'000 / 30000);
      }
      EXPECT_GE(frame.pts_ns, start);
      EXPECT_EQ(ReadFrame(frame).stamp.frame, i);
    }
    ASSERT_TRUE(sut_->Queue(0).ok());
    EXPECT_EQ(Next(&frame).code(), VSTREAM_E_END_OF_STREAM);
    EXPECT_EQ(Next(&frame).code(), VSTREAM_E_END_OF_STREAM);
    host_.Add(0, config_.layout);
  }
}

// Frames that were read ahead are lost at a stop, or a stop is charged as a gap.
TEST_F(CaptureTest, StopAndStartLoseNoFrame) {
  for (const char* device : {"file", "pattern"}) {
    CreateInfo::Pairs options{{"pace", "max"}};
    if (*device == 'f') options.push_back({"path", WriteY4m(100)});
    ASSERT_TRUE(Open(device, options).ok());
    Configure(4);
    uint64_t expected = 1;
    for (int round = 0; round < 20; ++round) {
      ASSERT_TRUE(sut_->Start().ok());
      for (uint32_t id = 0; id < 4; ++id) ASSERT_TRUE(sut_->Queue(id).ok()) << device;
      for (int i = 0; i < round % 4; ++i) {
        vstream_frame frame;
        ASSERT_TRUE(Next(&frame).ok());
        EXPECT_EQ(frame.sequence, expected) << device;
        EXPECT_EQ(ReadFrame(frame).stamp.frame, expected) << device;
        ++expected;
      }
      ASSERT_TRUE(sut_->Stop().ok());
      ASSERT_TRUE(sut_->Stop().ok());
      EXPECT_FALSE(Readable(fd_)) << "stopped";
      vstream_frame frame;
      EXPECT_EQ(sut_->Dequeue(&frame).code(), VSTREAM_E_AGAIN);
    }
  }
}

// A pipe whose writer hangs must not hang Stop or the destructor; nor a step that never comes, nor a far tick.
TEST_F(CaptureTest, StopsWhileTheSourceIsSilent) {
  const std::string fifo = dir_.File("pipe");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Fd writer(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const std::string begun = "YUV4MPEG2 W64 H64 F25:1\nFRAME\nxxxxxxxx";
  ASSERT_EQ(::write(writer.get(), begun.data(), begun.size()), static_cast<ssize_t>(begun.size()));
  std::string step;
  const Fd step_fd = MakeFifo(&step);
  const std::pair<const char*, CreateInfo::Pairs> devices[] = {
      {"file", {{"path", fifo}}},
      {"pattern", {{"pace", "step"}, {"step-fifo", step}}},
      {"pattern", {}},
  };
  for (const auto& [device, options] : devices) {
    ASSERT_TRUE(Open(device, options).ok());
    Configure(2, {1, 1000});
    ASSERT_TRUE(sut_->Start().ok());
    ASSERT_TRUE(sut_->Queue(0).ok());
    ASSERT_TRUE(sut_->Queue(1).ok());
    ASSERT_TRUE(sut_->Stop().ok());
    EXPECT_TRUE(sut_->Detach(0).ok()) << "stop gives the buffers back";
    ASSERT_TRUE(sut_->Start().ok());
    ASSERT_TRUE(sut_->Queue(1).ok());
    sut_.reset();
    EXPECT_EQ(host_.mapped(), 0);
  }
}

// The end by `frames` and the end of the file, whichever is first.
TEST_F(CaptureTest, EndsAfterFrames) {
  for (const auto& [limit, expected] : {std::pair{"3", 3}, {"9", 5}}) {
    ASSERT_TRUE(Open("file", {{"path", WriteY4m(5)}, {"pace", "max"}, {"frames", limit}}).ok());
    Configure(8);
    ASSERT_TRUE(sut_->Start().ok());
    for (uint32_t id = 0; id < 8; ++id) ASSERT_TRUE(sut_->Queue(id).ok());
    vstream_frame frame;
    int frames = 0;
    backend::Status status;
    while ((status = Next(&frame)).ok()) ++frames;
    EXPECT_EQ(frames, expected);
    EXPECT_EQ(status.code(), VSTREAM_E_END_OF_STREAM);
  }
}

// A source that fails must say so each time, and not look like one that has nothing yet.
TEST_F(CaptureTest, ReportsAFailedSource) {
  const std::string path = WriteY4m(1);
  std::ofstream(path, std::ios::app) << "JUNK\n";
  ASSERT_TRUE(Open("file", {{"path", path}, {"pace", "max"}}).ok());
  Configure(2);
  ASSERT_TRUE(sut_->Start().ok());
  ASSERT_TRUE(sut_->Queue(0).ok());
  ASSERT_TRUE(sut_->Queue(1).ok());
  vstream_frame frame;
  ASSERT_TRUE(Next(&frame).ok());
  for (int i = 0; i < 2; ++i) {
    const backend::Status status = Next(&frame);
    EXPECT_EQ(status.code(), VSTREAM_E_IO);
    EXPECT_EQ(status.message(), "y4m '" + path + "': byte 6176: expected 'FRAME', found 'JUNK'");
  }
}

// Wrong use and wrong options: refused in words.
TEST_F(CaptureTest, RefusesMisuse) {
  EXPECT_EQ(Open("camera", {}).message(), "device 'camera': no such device, expected 'pattern' or 'file'");
  EXPECT_EQ(Open("file", {}).message(),
            "device 'file': option 'path' is not set: name a Y4M or MJPEG file, or - for standard input");
  EXPECT_EQ(Open("pattern", {{"path", "x"}}).message(),
            "option 'path' is for device 'file', and the device is 'pattern'");
  EXPECT_EQ(Open("pattern", {{"pace", "step"}}).message(), "option 'pace' is step, and option 'step-fifo' is not set");
  EXPECT_EQ(Open("pattern", {{"pace", "step"}, {"step-fifo", "/nonexistent/x"}}).message(),
            "step-fifo '/nonexistent/x': open: No such file or directory");
  const std::string plain = WriteY4m(0);
  EXPECT_EQ(Open("pattern", {{"pace", "step"}, {"step-fifo", plain}}).message(),
            "step-fifo '" + plain + "': is no FIFO: make one with mkfifo");

  ASSERT_TRUE(Open("", {{"pace", "max"}}).ok());
  EXPECT_EQ(sut_->Start().code(), VSTREAM_E_INVALID);
  Configure(2);
  EXPECT_EQ(sut_->Attach(0, host_.Add(0, config_.layout)).message(), "attach buffer 0: the id is in use");
  vstream_layout narrow = config_.layout;
  narrow.planes[0].stride = 63;
  EXPECT_EQ(sut_->Attach(7, host_.Add(7, narrow)).message(),
            "attach buffer 7: I420 plane 0: stride is 63 bytes, expected at least 64");
  vstream_layout small = config_.layout;
  small.planes[2].size = 1023;
  EXPECT_EQ(sut_->Attach(7, host_.Add(7, small)).message(),
            "attach buffer 7: I420 plane 2: size is 1023 bytes, expected at least 1024");
  EXPECT_EQ(sut_->Queue(7).code(), VSTREAM_E_NOT_FOUND);
  EXPECT_EQ(sut_->Detach(7).code(), VSTREAM_E_NOT_FOUND);
  ASSERT_TRUE(sut_->Queue(0).ok());
  EXPECT_EQ(sut_->Queue(0).code(), VSTREAM_E_BUSY);
  EXPECT_EQ(sut_->Detach(0).code(), VSTREAM_E_BUSY);
  ASSERT_TRUE(sut_->Start().ok());
  EXPECT_EQ(sut_->Configure({}, &config_).code(), VSTREAM_E_BUSY);
}

}  // namespace
}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// The converter device: jobs in order, bounds, buffers in use, and an end with jobs in flight.
#include "backends/sw-fallback/converter.h"

#include "tests/backends/sw-fallback/fake_host.h"
#include "videostream/pattern.hpp"

namespace videostream::sw_fallback {
namespace {

class ConverterTest : public testing::Test {
 protected:
  ConverterTest() {
    sut_ = std::make_unique<Converter>();
    sut_->SetHost(host_.handle());
    EXPECT_TRUE(sut_->Open(CreateInfo("", {}).options()).ok());
    EXPECT_TRUE(sut_->PollFd(&fd_).ok());
    config_.source = MinimalLayout(VSTREAM_FORMAT_NV12, 128, 96);
    config_.target = MinimalLayout(VSTREAM_FORMAT_I420, 128, 96);
    EXPECT_TRUE(sut_->Configure(config_, &needs_).ok());
    for (uint32_t id = 0; id < 8; ++id) {
      const vstream_layout& layout = id < 4 ? config_.source : config_.target;
      EXPECT_TRUE(sut_->Attach(id, host_.Add(id, layout)).ok());
      if (id < 4) pattern::Draw({id, 0}, host_.Plane(id, 0), 128, 128, 96);
    }
  }
  backend::Status Submit(uint32_t source, uint32_t target, uint64_t cookie) {
    vstream_converter_job job{};
    job.source.buffer_id = source;
    job.target_id = target;
    job.cookie = cookie;
    return sut_->Submit(job);
  }
  vstream_converter_result Next() {
    vstream_converter_result result{};
    result.struct_size = sizeof result;
    EXPECT_TRUE(Readable(fd_, 30'000));
    const backend::Status status = sut_->Collect(&result);
    EXPECT_TRUE(status.ok()) << status.message();
    return result;
  }

  Watchdog watchdog_;
  FakeHost host_;
  vstream_converter_config config_{};
  vstream_converter_needs needs_{};
  int32_t fd_ = -1;
  std::unique_ptr<Converter> sut_;
};

// Results that belong to other jobs.
TEST_F(ConverterTest, JobsComeBackInOrderWithTheirPictures) {
  EXPECT_GE(needs_.max_jobs, 1u);
  for (uint64_t round = 0; round < 50; ++round) {
    for (uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(Submit(i, 4 + i, 100 * round + i).ok());
    for (uint32_t i = 0; i < 4; ++i) {
      const vstream_converter_result result = Next();
      EXPECT_EQ(result.status, VSTREAM_OK);
      EXPECT_EQ(result.cookie, 100 * round + i);
      EXPECT_EQ(result.bytes_used[0], 128u * 96);
      EXPECT_EQ(result.bytes_used[1], 64u * 48);
      EXPECT_EQ(result.bytes_used[2], 64u * 48);
      const pattern::Reading reading = pattern::Read(VSTREAM_FORMAT_I420, host_.Plane(4 + i, 0), 128, 128, 96);
      EXPECT_TRUE(reading.is_pattern && !reading.torn && reading.stamp.frame == i);
      std::fill_n(host_.Plane(4 + i, 0), 128 * 96, uint8_t{0});
    }
  }
  EXPECT_FALSE(Readable(fd_));
  vstream_converter_result result{};
  EXPECT_EQ(sut_->Collect(&result).code(), VSTREAM_E_AGAIN);
  EXPECT_EQ(host_.mapped(), 0);
}

// A queue without a bound; a buffer that is taken away under a job.
TEST_F(ConverterTest, BoundsJobsAndHoldsBuffers) {
  for (uint32_t i = 0; i < needs_.max_jobs; ++i) ASSERT_TRUE(Submit(0, 4, i).ok());
  const backend::Status busy = Submit(0, 4, 99);
  EXPECT_EQ(busy.code(), VSTREAM_E_BUSY);
  EXPECT_EQ(busy.message(), "submit: 4 jobs are in flight");
  EXPECT_EQ(sut_->Detach(0).code(), VSTREAM_E_BUSY);
  EXPECT_EQ(sut_->Detach(4).code(), VSTREAM_E_BUSY);
  EXPECT_TRUE(sut_->Detach(1).ok());
  EXPECT_EQ(sut_->Configure(config_, &needs_).code(), VSTREAM_E_BUSY);
  for (uint32_t i = 0; i < needs_.max_jobs; ++i) Next();
  EXPECT_TRUE(sut_->Detach(0).ok());
  EXPECT_TRUE(sut_->Detach(4).ok());
}

// Destroying waits for the jobs: a buffer that is written to afterwards.
TEST_F(ConverterTest, EndsWithJobsInFlight) {
  for (uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(Submit(i, 4 + i, i).ok());
  sut_.reset();
  EXPECT_EQ(host_.mapped(), 0);
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(pattern::Read(VSTREAM_FORMAT_I420, host_.Plane(4 + i, 0), 128, 128, 96).stamp.frame, i) << "not finished";
  }
}

// One bad mapping must not take the other jobs with it.
TEST_F(ConverterTest, AJobFailsAlone) {
  host_.LimitMapping(4, 100);
  ASSERT_TRUE(Submit(0, 4, 1).ok());
  EXPECT_EQ(Next().status, VSTREAM_E_IO);
  host_.LimitMapping(4, UINT64_MAX);
  ASSERT_TRUE(Submit(0, 4, 2).ok());
  EXPECT_EQ(Next().status, VSTREAM_OK);
}

// Fields of the configuration that are lost on the way: each of these would leave the pattern unreadable or elsewhere.
TEST_F(ConverterTest, PassesOnWhatIsAskedFor) {
  // The picture upside down and mirrored, turned twice: as it was. Of its lower right part, the lower right pixel.
  config_.target = MinimalLayout(VSTREAM_FORMAT_GREY, 128, 96);
  config_.transform =
      VSTREAM_TRANSFORM_FLIP_HORIZONTAL | VSTREAM_TRANSFORM_FLIP_VERTICAL | VSTREAM_TRANSFORM_ROTATE_180;
  ASSERT_TRUE(sut_->Configure(config_, &needs_).ok());
  ASSERT_TRUE(sut_->Attach(10, host_.Add(10, config_.target)).ok());
  ASSERT_TRUE(Submit(3, 10, 1).ok());
  ASSERT_EQ(Next().status, VSTREAM_OK);
  EXPECT_EQ(pattern::Read(VSTREAM_FORMAT_GREY, host_.Plane(10, 0), 128, 128, 96).stamp.frame, 3u);

  config_.target = MinimalLayout(VSTREAM_FORMAT_GREY, 1, 1);
  config_.transform = VSTREAM_TRANSFORM_ROTATE_180;
  config_.crop = {127 - 30, 95 - 30, 31, 31};
  config_.filter = VSTREAM_FILTER_BOX;
  config_.target_color.range = VSTREAM_RANGE_FULL;
  ASSERT_TRUE(sut_->Configure(config_, &needs_).ok());
  ASSERT_TRUE(sut_->Attach(11, host_.Add(11, config_.target)).ok());
  for (uint32_t y = 0; y < 96; ++y) {
    for (uint32_t x = 0; x < 128; ++x)
      host_.Plane(0, 0)[y * 128 + x] = x < 97 || y < 65 ? 16 : (x + y) % 2 != 0 ? 16 : 235;
  }
  ASSERT_TRUE(Submit(0, 11, 2).ok());
  ASSERT_EQ(Next().status, VSTREAM_OK);
  EXPECT_NEAR(host_.Plane(11, 0)[0], 128, 2) << "the mean of a checkerboard of full range";
}

// Buffers that do not fit the conversion.
TEST_F(ConverterTest, RefusesMisuse) {
  EXPECT_EQ(Submit(0, 99, 0).message(), "submit buffer 99: it is not attached");
  EXPECT_EQ(Submit(0, 1, 0).message(), "submit buffer 1: buffer is NV12 128x96, expected I420 128x96");
  config_.target = MinimalLayout(VSTREAM_FORMAT_NV12, 128, 96);
  ASSERT_TRUE(sut_->Configure(config_, &needs_).ok());
  EXPECT_EQ(Submit(0, 0, 0).message(), "submit: source and target are the same buffer");
  config_.target.fourcc = VSTREAM_FORMAT_H264;
  EXPECT_EQ(sut_->Configure(config_, &needs_).code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(Submit(0, 1, 0).message(), "submit: the converter is not configured");
  Converter other;
  other.SetHost(host_.handle());
  EXPECT_EQ(other.Open(CreateInfo("gpu", {}).options()).message(), "device 'gpu': no such device, expected 'libyuv'");
}

// Catches planes whose rows lie further apart than libyuv, which counts in int, can step.
TEST_F(ConverterTest, RefusesPlanesThatDoNotFitAnInt) {
  vstream_buffer buffer{};
  buffer.memory = VSTREAM_MEMORY_CPU_ACCESS;
  for (const uint32_t stride : {uint32_t{1} << 25, uint32_t{INT32_MAX}, UINT32_MAX}) {
    buffer.layout = MinimalLayout(VSTREAM_FORMAT_GREY, 128, 96);
    buffer.layout.planes[0].stride = stride;
    buffer.layout.planes[0].size = UINT64_MAX;
    const backend::Status status = sut_->Attach(50, buffer);
    EXPECT_EQ(status.code(), VSTREAM_E_INVALID);
    EXPECT_EQ(status.message(), "attach buffer 50: GREY plane 0: rows of stride " + std::to_string(stride) + " take " +
                                    std::to_string(uint64_t{stride} * 96) + " bytes, expected at most 2147483647");
  }
}

}  // namespace
}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-record/mp4_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/apps/videostream-record/h264_packets.h"
#include "tests/apps/videostream-record/probe.h"

namespace videostream::record {
namespace {

constexpr uint32_t kWidth = 176, kHeight = 144, kGop = 10;

class Mp4WriterTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(240);
    char name[] = "/tmp/vs-mp4-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr) << errno;
    folder_ = name;
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(folder_);
  }

  static Mp4Format Format() {
    Mp4Format format;
    format.fourcc = VSTREAM_FORMAT_H264;
    format.rate = {30, 1};
    format.timescale = 90000;
    format.fragment = std::chrono::milliseconds(500);
    return format;
  }
  Mp4Packet Packet(uint32_t index) const { return {packets_[index].bytes, int64_t{index} * 3000, packets_[index].key}; }
  Result<std::unique_ptr<Mp4Writer>> Create(const Mp4Format& format = Format()) {
    return Mp4Writer::Create(Path(), false, format, Packet(0));
  }
  std::string Path() const { return folder_ + "/a.mp4"; }

  std::string folder_;
  std::vector<test::H264Packet> packets_ = test::MakeH264(kWidth, kHeight, 50, kGop);
};

// Catches packets lost in the muxer, timestamps off the grid, a size or a codec that players would misread, and a head
// without parameter sets: ffmpeg has to decode every frame.
TEST_F(Mp4WriterTest, AFinishedFileHasEveryFrameOnTheGrid) {
  auto created = Create();
  ASSERT_TRUE(created.has_value()) << created.error().message;
  Mp4Writer& sut = **created;
  for (uint32_t i = 0; i < packets_.size(); ++i) ASSERT_TRUE(sut.Add(Packet(i)).has_value());
  ASSERT_TRUE(sut.Finish(3000).has_value());
  EXPECT_EQ(sut.frames(), 50u);
  EXPECT_EQ(sut.fragments(), 5u) << "10 frames between key frames, 15 in half a second";
  EXPECT_DOUBLE_EQ(sut.duration_s(), 50.0 / 30);
  EXPECT_EQ(sut.bytes(), std::filesystem::file_size(Path()));
  const test::Probed probed = test::Probe(Path());
  EXPECT_EQ(probed.codec, "h264");
  EXPECT_EQ(probed.width, kWidth);
  EXPECT_EQ(probed.height, kHeight);
  ASSERT_EQ(probed.times.size(), 50u);
  for (uint32_t i = 0; i < 50; ++i) EXPECT_NEAR(probed.times[i], i / 30.0, 1e-6) << i;
  EXPECT_EQ(probed.decoded, 50u);
  EXPECT_EQ(probed.errors, "");
}

// Catches a file that needs its end: what is on disk without Finish has to play up to the last closed fragment.
TEST_F(Mp4WriterTest, AnUnfinishedFilePlaysUpToTheLastFragment) {
  auto created = Create();
  ASSERT_TRUE(created.has_value()) << created.error().message;
  for (uint32_t i = 0; i < 35; ++i) ASSERT_TRUE((*created)->Add(Packet(i)).has_value());
  EXPECT_EQ((*created)->fragments(), 3u);
  const test::Probed probed = test::Probe(Path());  // while the writer still lives, as after kill -9
  EXPECT_EQ(probed.times.size(), 30u);
  EXPECT_EQ(probed.decoded, 30u);
}

// Catches fragments that wait for a key frame for ever when key frames are far apart.
TEST_F(Mp4WriterTest, FragmentsEndWithoutKeyFramesToo) {
  packets_ = test::MakeH264(kWidth, kHeight, 50, 0);
  auto created = Create();
  ASSERT_TRUE(created.has_value()) << created.error().message;
  for (uint32_t i = 0; i < packets_.size(); ++i) ASSERT_TRUE((*created)->Add(Packet(i)).has_value());
  ASSERT_TRUE((*created)->Finish(0).has_value());
  EXPECT_EQ((*created)->fragments(), 4u) << "15 + 15 + 15 + 5 frames";
  EXPECT_EQ(test::Probe(Path()).decoded, 50u);
}

// Catches a gap that the muxer closes up: the frame before it lasts until the one behind it.
TEST_F(Mp4WriterTest, AGapInTimeStaysInTheFile) {
  auto created = Create();
  ASSERT_TRUE(created.has_value()) << created.error().message;
  for (uint32_t i = 0; i < 20; ++i) {
    Mp4Packet packet = Packet(i);
    if (i >= kGop) packet.time += 90000;
    ASSERT_TRUE((*created)->Add(std::move(packet)).has_value());
  }
  ASSERT_TRUE((*created)->Finish(3000).has_value());
  const test::Probed probed = test::Probe(Path());
  ASSERT_EQ(probed.times.size(), 20u);
  EXPECT_NEAR(probed.times[kGop - 1], 9 / 30.0, 1e-6);
  EXPECT_NEAR(probed.times[kGop], 10 / 30.0 + 1, 1e-6);
}

// Catches a file made for a stream that cannot be recorded: nothing may be left behind.
TEST_F(Mp4WriterTest, AStreamThatCannotBeRecordedLeavesNoFile) {
  packets_[0].bytes = {0, 0, 0, 1, 0x65, 1, 2, 3};
  Mp4Format format = Format();
  format.width = kWidth;
  format.height = kHeight;
  auto created = Create(format);
  ASSERT_FALSE(created.has_value());
  EXPECT_EQ(created.error().message, "the first key frame carries no parameter sets; the encoder has to repeat them");
  EXPECT_FALSE(std::filesystem::exists(Path()));
  format.fourcc = VSTREAM_FORMAT_VP8;
  created = Create(format);
  ASSERT_FALSE(created.has_value());
  EXPECT_EQ(created.error().code, Code::kUnsupported);
  EXPECT_EQ(created.error().message,
            "packets of format VP8 cannot be recorded as MP4, which holds H264, HEVC and MJPEG");
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

// Catches an error of the disk that is reported as one of libavformat's, or not at all.
TEST_F(Mp4WriterTest, AFullDiskIsNamed) {
  const auto created = Mp4Writer::Create("/dev/full", false, Format(), Packet(0));
  ASSERT_FALSE(created.has_value());
  EXPECT_EQ(created.error().message, "write '/dev/full': No space left on device");
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

}  // namespace
}  // namespace videostream::record

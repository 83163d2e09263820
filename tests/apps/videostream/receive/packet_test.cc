// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream/receive/packet.h"

#include <gtest/gtest.h>

namespace videostream::receive {
namespace {

// Catches a file that begins with packets no decoder can start with.
TEST(PacketGateTest, OpensWithTheFirstKeyFrame) {
  PacketGate sut;
  EXPECT_FALSE(sut.Admits(false));
  EXPECT_TRUE(sut.Admits(true));
  EXPECT_TRUE(sut.Admits(false));
}

// Catches packets written after a lost one, which refer to what is missing.
TEST(PacketGateTest, ClosesWithALostPacketUntilTheNextKeyFrame) {
  PacketGate sut;
  EXPECT_TRUE(sut.Admits(true));
  EXPECT_TRUE(sut.Admits(false));
  sut.Lost();
  EXPECT_FALSE(sut.Admits(false));
  EXPECT_TRUE(sut.Admits(true));
}

// Catches VP8 written bare, which nothing could read.
TEST(PacketTest, OnlySelfDelimitingFormatsHaveARawForm) {
  EXPECT_TRUE(HasRawForm(VSTREAM_FORMAT_H264));
  EXPECT_TRUE(HasRawForm(VSTREAM_FORMAT_HEVC));
  EXPECT_TRUE(HasRawForm(VSTREAM_FORMAT_MJPEG));
  EXPECT_FALSE(HasRawForm(VSTREAM_FORMAT_VP8));
  EXPECT_FALSE(HasRawForm(VSTREAM_FORMAT_NV12));
  const Status refused = NoRawForm(VSTREAM_FORMAT_VP8);
  EXPECT_EQ(refused.error().message,
            "packets of format VP8 mean nothing without a container; H264, HEVC and MJPEG can be written as they are");
}

}  // namespace
}  // namespace videostream::receive

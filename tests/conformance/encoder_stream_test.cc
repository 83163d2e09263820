// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `encoder` (encoder.h): the packets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/frame/layout.h"
#include "tests/conformance/encoder_session.h"

namespace videostream::conformance {
namespace {

class EncoderStreamConformance : public BorderTest {
 protected:
  // All of frames 0..count, drained.
  std::vector<EncodedPacket> EncodeAll(int count) {
    std::vector<EncodedPacket> packets;
    sut_.Encode(0, count, &packets);
    if (!HasFatalFailure()) sut_.Drain(&packets);
    EXPECT_EQ(packets.size(), static_cast<size_t>(count));
    for (const EncodedPacket& packet : packets) EXPECT_EQ(packet.status, VSTREAM_OK) << "frame " << packet.cookie;
    return packets;
  }
  static std::vector<uint64_t> Keys(const std::vector<EncodedPacket>& packets) {
    std::vector<uint64_t> keys;
    for (const EncodedPacket& packet : packets) {
      if (packet.key()) keys.push_back(packet.cookie);
    }
    return keys;
  }
  // Exactly these are key frames; but every picture of Motion JPEG is one.
  void ExpectKeys(const std::vector<EncodedPacket>& packets, std::vector<uint64_t> expected) const {
    if (sut_.config.codec == VSTREAM_FORMAT_MJPEG) {
      expected.clear();
      for (const EncodedPacket& packet : packets) expected.push_back(packet.cookie);
    }
    EXPECT_THAT(Keys(packets), testing::ElementsAreArray(expected));
  }
  EncoderSession sut_{[](const BackendCreateArgs& args) { return MakeEncoder(args); }};
};
VS_CONFORMANCE_SUITE(EncoderStreamConformance);

// Would catch a stream whose first seconds nobody can decode.
TEST_P(EncoderStreamConformance, TheFirstPacketIsAKeyFrameWithParameterSets) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const auto packets = EncodeAll(2);
  ASSERT_FALSE(packets.empty());
  EXPECT_TRUE(packets[0].key());
  if (sut_.config.codec != VSTREAM_FORMAT_H264 && sut_.config.codec != VSTREAM_FORMAT_HEVC) return;
  EXPECT_TRUE(packets[0].parameter_sets());
}

// Would catch flags that say what is not in the packet: a late consumer would start where it cannot.
TEST_P(EncoderStreamConformance, FlagsSayWhatIsInThePacket) {
  sut_.Prepare(3);
  ASSERT_FALSE(HasFailure());
  if (sut_.config.codec != VSTREAM_FORMAT_H264) GTEST_SKIP() << "H.264 only";
  for (const EncodedPacket& packet : EncodeAll(7)) {
    SCOPED_TRACE("frame " + std::to_string(packet.cookie));
    ASSERT_GE(packet.bytes.size(), 5u);
    const bool annex_b = packet.bytes[0] == 0 && packet.bytes[1] == 0 &&
                         (packet.bytes[2] == 1 || (packet.bytes[2] == 0 && packet.bytes[3] == 1));
    EXPECT_TRUE(annex_b) << "no start code at its beginning";
    const std::vector<int> types = NalTypes(sut_.config.codec, packet.bytes);
    constexpr int kSlice = 1, kIdr = 5, kSps = 7, kPps = 8;
    const auto has = [&](int type) { return std::count(types.begin(), types.end(), type) > 0; };
    EXPECT_EQ(packet.key(), has(kIdr));
    EXPECT_EQ(packet.parameter_sets(), has(kSps) && has(kPps));
    EXPECT_TRUE(!packet.key() || packet.parameter_sets()) << "a key frame that nobody can start at";
    EXPECT_NE(has(kSlice), has(kIdr)) << "one access unit, all of it";
  }
}

// Would catch key frames that come when they like: seeking and late joining would depend on luck.
TEST_P(EncoderStreamConformance, KeyFramesComeOncePerGop) {
  sut_.Prepare(4);
  ASSERT_FALSE(HasFailure());
  ExpectKeys(EncodeAll(10), {0, 4, 8});
}

// Would catch a gop of 1 that divides by zero somewhere, or is taken for "never".
TEST_P(EncoderStreamConformance, AGopOfOneIsAllKeyFrames) {
  sut_.Prepare(1);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(Keys(EncodeAll(4)).size(), 4u);
}

// Would catch a request for a key frame that is lost, or comes a frame too late.
TEST_P(EncoderStreamConformance, ForceKeyMakesAKeyFrame) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  std::vector<EncodedPacket> packets;
  sut_.Encode(0, 3, &packets);
  sut_.Encode(3, 3, &packets, VSTREAM_ENCODE_FORCE_KEY);
  sut_.Drain(&packets);
  ExpectKeys(packets, {0, 3});
}

// Would catch frames that are swallowed at the end (checked by Drain), and an encoder that ends for good.
TEST_P(EncoderStreamConformance, AfterDrainANewSequenceStartsWithAKeyFrame) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  std::vector<EncodedPacket> packets;
  sut_.Drain(&packets);  // nothing inside: the end comes all the same
  EXPECT_TRUE(packets.empty());
  for (uint64_t round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    packets.clear();
    sut_.Encode(round * 100, 3, &packets);
    sut_.Drain(&packets);
    ASSERT_FALSE(HasFailure());
    ASSERT_EQ(packets.size(), 3u);
    ExpectKeys(packets, {round * 100});
  }
}

// Would catch what no flag shows: damaged slices, frames missing, a picture of another size.
TEST_P(EncoderStreamConformance, ADecoderSeesEveryFrame) {
  sut_.Prepare(5);
  ASSERT_FALSE(HasFailure());
  const auto packets = EncodeAll(12);
  const auto decoded = Decode(sut_.config.codec, packets);
  if (!decoded && decoded.error().code == Code::kUnsupported) GTEST_SKIP() << Why(decoded);
  ASSERT_TRUE(decoded) << Why(decoded);
  EXPECT_EQ(decoded->frames, 12);
  EXPECT_EQ(decoded->width, sut_.config.input.width);
  EXPECT_EQ(decoded->height, sut_.config.input.height);
}

// Would catch key frames that need what was before them.
TEST_P(EncoderStreamConformance, DecodingCanStartAtEveryKeyFrame) {
  sut_.Prepare(4);
  ASSERT_FALSE(HasFailure());
  auto packets = EncodeAll(10);
  ASSERT_EQ(packets.size(), 10u);
  packets.erase(packets.begin(), packets.begin() + 4);
  ASSERT_TRUE(packets[0].key());
  const auto decoded = Decode(sut_.config.codec, packets);
  if (!decoded && decoded.error().code == Code::kUnsupported) GTEST_SKIP() << Why(decoded);
  ASSERT_TRUE(decoded) << Why(decoded);
  EXPECT_EQ(decoded->frames, 6);
}

// Would catch an encoder that keeps the size, or the references, of its first configuration.
TEST_P(EncoderStreamConformance, ConfiguresAgain) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  (void)EncodeAll(3);
  sut_.DetachAll();
  auto wish = sut_.Wish();
  const auto half =
      ComputeLayout(wish.input.fourcc, wish.input.width / 2, wish.input.height / 2, {sut_.needs.stride_alignment, 1});
  ASSERT_TRUE(half) << Why(half);
  wish.input = *half;
  sut_.Configure(wish);
  sut_.AttachBuffers();
  const auto packets = EncodeAll(3);
  ASSERT_EQ(packets.size(), 3u);
  EXPECT_TRUE(packets[0].key());
  const auto decoded = Decode(wish.codec, packets);
  if (!decoded && decoded.error().code == Code::kUnsupported) GTEST_SKIP() << Why(decoded);
  ASSERT_TRUE(decoded) << Why(decoded);
  EXPECT_EQ(decoded->width, half->width);
}

// Would catch state shared between instances.
TEST_P(EncoderStreamConformance, InstancesDoNotMix) {
  const auto device = Subject::Get().Device(VSTREAM_KIND_ENCODER);
  if (device && device->instances == 1) GTEST_SKIP() << "the device can be opened once";
  EncoderSession other([](const BackendCreateArgs& args) { return MakeEncoder(args); });
  sut_.Prepare(4);
  other.Prepare(3);
  ASSERT_FALSE(HasFailure());
  std::vector<EncodedPacket> mine, theirs;
  for (uint64_t i = 0; i < 6; ++i) {
    sut_.Encode(i, 1, &mine);
    other.Encode(i, 1, &theirs);
  }
  sut_.Drain(&mine);
  other.Drain(&theirs);
  ExpectKeys(mine, {0, 4});
  ExpectKeys(theirs, {0, 3});
}

// Would catch a capability that does nothing when called, or a call that ends the sequence.
TEST_P(EncoderStreamConformance, TheBitrateChangesWhileRunningOrIsUnsupported) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const bool promised = (Subject::Get().table().encoder->capabilities & VSTREAM_ENCODER_CAP_BITRATE) != 0;
  std::vector<EncodedPacket> packets;
  sut_.Encode(0, 2, &packets);
  if (!promised) {
    VS_EXPECT_CODE(sut_.encoder->SetBitrate(500'000), Code::kUnsupported);
  } else {
    VS_EXPECT_OK(sut_.encoder->SetBitrate(500'000));
    EXPECT_FALSE(sut_.encoder->SetBitrate(0)) << "no bits at all";
  }
  sut_.Encode(2, 3, &packets);
  sut_.Drain(&packets);
  EXPECT_EQ(packets.size(), 5u);
  ExpectKeys(packets, {0});
}

}  // namespace
}  // namespace videostream::conformance

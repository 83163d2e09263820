// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `encoder` (encoder.h): configuring, jobs, records of other sizes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "tests/conformance/encoder_session.h"
#include "tests/conformance/resources.h"

namespace videostream::conformance {
namespace {

constexpr uint32_t kNoFormat = VSTREAM_FOURCC('n', 'o', 'n', 'e');

class EncoderConformance : public BorderTest {
 protected:
  static EncoderSession::Make Maker() {
    return [](const BackendCreateArgs& args) { return MakeEncoder(args); };
  }
  int PollFd() {
    const auto fd = sut_.encoder->PollFd();
    EXPECT_TRUE(fd) << Why(fd);
    return fd ? *fd : -1;
  }
  void ExpectNothing() {
    const auto result = sut_.encoder->Collect();
    ASSERT_TRUE(result) << Why(result);
    EXPECT_FALSE(result->has_value());
  }
  EncoderSession sut_{Maker()};
};
VS_CONFORMANCE_SUITE(EncoderConformance);

// Would catch needs that no pool can be made by, and a latency that keeps the first packet for ever.
TEST_P(EncoderConformance, NeedsAreSane) {
  sut_.Prepare();
  EXPECT_GE(sut_.needs.max_jobs, 1u);
  EXPECT_LT(sut_.needs.latency_frames, sut_.needs.max_jobs);
  EXPECT_GT(sut_.needs.max_packet_bytes, 0u);
  EXPECT_LE(sut_.needs.max_packet_bytes, kMaxPacketBytes);
  EXPECT_TRUE(std::has_single_bit(sut_.needs.stride_alignment)) << sut_.needs.stride_alignment;
}

// Would catch a refusal that leaves the integrator guessing what would do.
TEST_P(EncoderConformance, UnsupportedNamesWhatItWas) {
  sut_.Create();
  auto wish = sut_.Wish();
  wish.codec = VSTREAM_FORMAT_VP8;
  if (const auto needs = sut_.encoder->Configure(wish); !needs) {
    VS_EXPECT_CODE(needs, Code::kUnsupported);
    EXPECT_THAT(needs.error().message, testing::HasSubstr(FormatName(sut_.Wish().codec))) << "what would be taken";
  }
  int refused = 0;
  for (const Format& format : AllFormats()) {
    if (format.coded || refused == 2) continue;
    wish = sut_.Wish();
    const auto layout = ComputeLayout(format.fourcc, wish.input.width, wish.input.height);
    ASSERT_TRUE(layout);
    wish.input = *layout;
    const auto needs = sut_.encoder->Configure(wish);
    if (needs) continue;
    ++refused;
    VS_EXPECT_CODE(needs, Code::kUnsupported);
    EXPECT_THAT(needs.error().message, testing::HasSubstr(std::string(format.name)));
  }
  wish = sut_.Wish();
  wish.codec = kNoFormat;
  VS_EXPECT_CODE(sut_.encoder->Configure(wish), Code::kUnsupported);
}

// Would catch sizes that are taken and end in a crash, and limits that are not said.
TEST_P(EncoderConformance, SizesOutOfReachAreUnsupportedAndTheLimitIsNamed) {
  sut_.Create();
  for (const uint32_t size : {VSTREAM_MAX_DIMENSION, 1U}) {
    auto wish = sut_.Wish();
    const auto layout = ComputeLayout(wish.input.fourcc, size, size);
    ASSERT_TRUE(layout) << Why(layout);
    wish.input = *layout;
    const auto needs = sut_.encoder->Configure(wish);
    if (needs) continue;
    VS_EXPECT_CODE(needs, Code::kUnsupported);
    EXPECT_THAT(needs.error().message, testing::HasSubstr(std::to_string(size)));
  }
  sut_.Prepare();  // and the usual is still possible
}

// Would catch an odd size that is cut or read beyond its end.
TEST_P(EncoderConformance, OddSizesWorkOrAreUnsupported) {
  sut_.Create();
  auto wish = sut_.Wish();
  const auto layout = ComputeLayout(wish.input.fourcc, wish.input.width + 1, wish.input.height - 1);
  ASSERT_TRUE(layout) << Why(layout);
  wish.input = *layout;
  const auto needs = sut_.encoder->Configure(wish);
  if (!needs) {
    VS_EXPECT_CODE(needs, Code::kUnsupported);
    EXPECT_THAT(needs.error().message, testing::HasSubstr(std::to_string(layout->width)));
    return;
  }
  sut_.Configure(wish);
  sut_.AttachBuffers();
  std::vector<EncodedPacket> packets;
  sut_.Encode(0, 3, &packets);
  sut_.Drain(&packets);
  const auto decoded = Decode(wish.codec, packets);
  if (!decoded && decoded.error().code == Code::kUnsupported) GTEST_SKIP() << Why(decoded);
  ASSERT_TRUE(decoded) << Why(decoded);
  EXPECT_EQ(decoded->width, layout->width);
  EXPECT_EQ(decoded->height, layout->height);
}

// Would catch a division by the gop, or a stream without key frames.
TEST_P(EncoderConformance, AGopOfZeroIsInvalid) {
  sut_.Create();
  auto wish = sut_.Wish();
  wish.gop = 0;
  VS_EXPECT_CODE(sut_.encoder->Configure(wish), Code::kInvalidArgument);
}

// Would catch results out of order, lost or doubled (checked at each), and a limit that is not kept.
TEST_P(EncoderConformance, TakesMaxJobsAndNoMore) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  for (uint32_t i = 0; i < sut_.needs.max_jobs; ++i) VS_ASSERT_OK(sut_.Submit(i));
  // Even in buffers that would be free.
  auto input = TestBuffer::Make({sut_.config.input, sut_.needs.input_memory, false, 0});
  auto layout = PacketLayout(sut_.config.codec, sut_.needs.max_packet_bytes);
  ASSERT_TRUE(input && layout);
  auto packet = TestBuffer::Make({*layout, sut_.needs.packet_memory, false, 0});
  ASSERT_TRUE(packet) << Why(packet);
  VS_ASSERT_OK(sut_.encoder->Attach(900, (*input)->buffer()));
  VS_ASSERT_OK(sut_.encoder->Attach(901, (*packet)->buffer()));
  RawFrame frame{EmptyRecord<vstream_frame>()};
  frame.record.buffer_id = 900;
  frame.record.acquire_fence = frame.record.release_fence = -1;
  SetBytesUsed(sut_.config.input, &frame.record);
  VS_EXPECT_CODE(sut_.encoder->Submit(frame, 901, 99, 0), Code::kBusy);
  std::vector<EncodedPacket> packets;
  sut_.Drain(&packets);
  EXPECT_EQ(packets.size(), sut_.needs.max_jobs);
  sut_.encoder.reset();
}

// Would catch a fd that is always readable, or stays so after the last result.
TEST_P(EncoderConformance, PollFdIsReadableOnlyWithAResult) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const int fd = PollFd();
  EXPECT_FALSE(IsReadable(fd)) << "no job";
  ExpectNothing();
  std::vector<EncodedPacket> packets;
  for (int i = 0; i < 3; ++i) {
    sut_.Encode(static_cast<uint64_t>(i), 1, &packets);
    sut_.Drain(&packets);
    EXPECT_FALSE(IsReadable(fd)) << "everything collected, the end included";
    ExpectNothing();
    EXPECT_EQ(PollFd(), fd);
  }
}

// Would catch jobs on memory that nobody attached.
TEST_P(EncoderConformance, SubmitRefusesUnknownBuffers) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  RawFrame frame{EmptyRecord<vstream_frame>()};
  frame.record.acquire_fence = frame.record.release_fence = -1;
  SetBytesUsed(sut_.config.input, &frame.record);
  frame.record.buffer_id = 4711;
  VS_EXPECT_CODE(sut_.encoder->Submit(frame, EncoderSession::kPacket, 1, 0), Code::kNotFound);
  frame.record.buffer_id = EncoderSession::kInput;
  VS_EXPECT_CODE(sut_.encoder->Submit(frame, 4711, 1, 0), Code::kNotFound);
  ExpectNothing();
}

// Would catch packets written behind a buffer that is too small for them.
TEST_P(EncoderConformance, APacketBufferThatIsTooSmallIsInvalid) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  const auto layout = PacketLayout(sut_.config.codec, sut_.needs.max_packet_bytes / 2);
  ASSERT_TRUE(layout) << Why(layout);
  auto small = TestBuffer::Make({*layout, sut_.needs.packet_memory, false, 0});
  ASSERT_TRUE(small) << Why(small);
  VS_EXPECT_CODE(sut_.encoder->Attach(950, (*small)->buffer()), Code::kInvalidArgument);
}

// Would catch an id that silently gets another buffer, and one that is taken away from a job.
TEST_P(EncoderConformance, AttachAndDetachKeepTheBooks) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_EXPECT_CODE(sut_.encoder->Attach(EncoderSession::kInput, sut_.inputs[0]->buffer()), Code::kInvalidArgument);
  VS_EXPECT_CODE(sut_.encoder->Attach(UINT32_MAX, sut_.inputs[0]->buffer()), Code::kInvalidArgument);
  VS_EXPECT_CODE(sut_.encoder->Detach(4711), Code::kNotFound);
  std::vector<EncodedPacket> packets;
  sut_.Encode(0, 1, &packets);
  VS_EXPECT_CODE(sut_.encoder->Detach(EncoderSession::kInput), Code::kBusy);
  VS_EXPECT_CODE(sut_.encoder->Detach(EncoderSession::kPacket), Code::kBusy);
  sut_.Drain(&packets);
  sut_.DetachAll();
}

// Would catch an encoder that is reset under its jobs.
TEST_P(EncoderConformance, ConfigureIsRefusedWithJobsInFlight) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  std::vector<EncodedPacket> packets;
  sut_.Encode(0, 1, &packets);
  EXPECT_FALSE(sut_.encoder->Configure(sut_.config));
  sut_.Drain(&packets);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(packets[0].status, VSTREAM_OK);
}

// Would catch an encoder that writes to its input, or beyond its packets, however hard the picture is.
TEST_P(EncoderConformance, WritesNothingButPackets) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  std::vector<EncodedPacket> packets;
  for (uint32_t i = 0; i < 4; ++i) {
    sut_.Encode(uint64_t{2} * i, 1, &packets);
    sut_.Drain(&packets);
    for (const auto& input : sut_.inputs) input->FillNoise(i);
    std::vector<uint64_t> sums;
    for (const auto& input : sut_.inputs) sums.push_back(input->Checksum());
    RawFrame frame{EmptyRecord<vstream_frame>()};  // noise: the largest packets there are
    frame.record.buffer_id = EncoderSession::kInput;
    frame.record.pts_ns = EncoderSession::kPts + (2 * i + 1) * EncoderSession::kFrameNs;
    frame.record.acquire_fence = frame.record.release_fence = -1;
    SetBytesUsed(sut_.config.input, &frame.record);
    VS_ASSERT_OK(sut_.encoder->Submit(frame, EncoderSession::kPacket, 2 * i + 1, VSTREAM_ENCODE_FORCE_KEY));
    VS_ASSERT_OK(sut_.encoder->Drain());
    for (bool ended = false; !ended;) {
      ASSERT_TRUE(WaitReadable(PollFd()));
      const auto result = sut_.encoder->Collect();
      ended = !result && result.error().code == Code::kEndOfStream;
      ASSERT_TRUE(ended || (result && result->has_value())) << Why(result);
      EXPECT_TRUE(ended || (*result)->status == VSTREAM_OK) << "noise is a picture, too";
    }
    for (size_t k = 0; k < sums.size(); ++k) EXPECT_EQ(sut_.inputs[k]->Checksum(), sums[k]) << "input " << k;
  }
  for (const EncodedPacket& packet : packets) EXPECT_EQ(packet.status, VSTREAM_OK) << "frame " << packet.cookie;
  for (const auto* side : {&sut_.inputs, &sut_.packets}) {
    for (const auto& buffer : *side) EXPECT_EQ(buffer->Damage(), "");
  }
}

// Would catch a thread that goes on writing after its instance is gone.
TEST_P(EncoderConformance, MayBeDestroyedWithJobsInFlight) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  for (uint32_t i = 0; i < sut_.needs.max_jobs; ++i) VS_ASSERT_OK(sut_.Submit(i));
  sut_.encoder.reset();
  std::vector<uint64_t> sums;
  for (const auto& packet : sut_.packets) sums.push_back(packet->Checksum());
  EncoderSession other(Maker());
  other.Prepare();
  std::vector<EncodedPacket> packets;
  other.Encode(0, 6, &packets);
  other.Drain(&packets);
  for (size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(sut_.packets[i]->Checksum(), sums[i]) << "packet buffer " << i;
}

// Would catch what a stream costs each time that it is switched off and on.
TEST_P(EncoderConformance, AWholeLifeLeavesNothingBehind) {
  const auto live = [] {
    EncoderSession session(Maker());
    session.Prepare();
    std::vector<EncodedPacket> packets;
    session.Encode(0, 3, &packets);
    session.Drain(&packets);
  };
  live();
  const Resources before = Resources::Count();
  for (int i = 0; i < 3; ++i) live();
  EXPECT_EQ(LeftBehind(before), "");
}

class EncoderBorder : public testing::Test {
 protected:
  void SetUp() override { VS_ASSERT_OK(sut_.Create(Subject::Get().Args(VSTREAM_KIND_ENCODER))); }
  const vstream_encoder_ops& ops_ = *Subject::Get().table().encoder;
  CInstance sut_{VSTREAM_KIND_ENCODER};
};

// Would catch a capability without its function, or a function that nobody may call.
TEST_F(EncoderBorder, FunctionsAndCapabilitiesAgree) {
  EXPECT_EQ(ops_.set_bitrate != nullptr, (ops_.capabilities & VSTREAM_ENCODER_CAP_BITRATE) != 0);
}

// Would catch records written by the size of the backend's header, and answers half written.
TEST_F(EncoderBorder, RecordsOfOtherSizesAreFine) {
  const EncoderSession session([](const BackendCreateArgs& args) { return MakeCEncoder(args); });
  auto wish = session.Wish();
  wish.codec = kNoFormat;
  SizedOutput<vstream_encoder_needs> refused(sizeof(vstream_encoder_needs));
  sut_.call("configure", ops_.configure, sut_.self, &wish, refused.get());
  EXPECT_NE(sut_.call.code(), VSTREAM_OK);
  EXPECT_TRUE(refused.Untouched());
  SizedOutput<vstream_encoder_result> result(sizeof(vstream_encoder_result));
  sut_.call("collect", ops_.collect, sut_.self, result.get());
  EXPECT_NE(sut_.call.code(), VSTREAM_OK);
  EXPECT_TRUE(result.Untouched());
  wish = session.Wish();
  std::memset(&wish.profile, 0x41, sizeof wish - offsetof(vstream_encoder_config, profile));
  wish.struct_size = offsetof(vstream_encoder_config, profile);  // an older runtime has no fields behind the gop
  const size_t older = offsetof(vstream_encoder_needs, codec_profile), newer = sizeof(vstream_encoder_needs) + 64;
  for (const size_t size : {older, newer}) {
    SizedOutput<vstream_encoder_needs> needs(size);
    sut_.call("configure", ops_.configure, sut_.self, &wish, needs.get());
    ASSERT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
    EXPECT_TRUE(needs.TailUntouched()) << "struct_size " << size;
    EXPECT_GE(needs.Read().max_jobs, 1u);
  }
}

}  // namespace
}  // namespace videostream::conformance

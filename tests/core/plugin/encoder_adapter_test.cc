// SPDX-License-Identifier: Apache-2.0
// An encoder that lies.
#include "core/plugin/encoder_adapter.h"

#include <gtest/gtest.h>

#include "tests/core/plugin/lying_backend.h"

namespace videostream {
namespace {

using testing::GreyBuffer;
using testing::kThunk;
using testing::Liar;
using testing::PacketBuffer;
using testing::Said;
using testing::Say;

vstream_encoder_ops Ops(bool bitrate = false) {
  auto ops = testing::BasicOps<vstream_encoder_ops>();
  ops.configure = kThunk<&Liar::configure_encoder>;
  ops.attach = kThunk<&Liar::attach>;
  ops.detach = kThunk<&Liar::detach>;
  ops.submit = kThunk<&Liar::submit_encoding>;
  ops.poll_fd = kThunk<&Liar::poll_fd>;
  ops.collect = kThunk<&Liar::collect_packet>;
  ops.drain = kThunk<&Liar::drain>;
  ops.set_bitrate = kThunk<&Liar::set_bitrate>;
  if (bitrate) ops.capabilities = VSTREAM_ENCODER_CAP_BITRATE;
  return ops;
}

class EncoderAdapterTest : public ::testing::Test {
 protected:
  EncoderAdapterTest() : sut_(MakeEncoderAdapter("liar", Ops(), {}).value()) {
    Needs([](vstream_encoder_needs&) {});
    EXPECT_TRUE(sut_->Configure({}));
    EXPECT_TRUE(sut_->Attach(1, GreyBuffer()));
    EXPECT_TRUE(sut_->Attach(10, PacketBuffer()));
    EXPECT_TRUE(sut_->Attach(11, PacketBuffer()));
  }

  void Needs(const std::function<void(vstream_encoder_needs&)>& spoil) {
    backend_.configure_encoder = [=](const vstream_encoder_config*, vstream_encoder_needs* out, vstream_error*) {
      out->max_jobs = 2;
      out->max_packet_bytes = 1000;
      out->stride_alignment = 16;
      spoil(*out);
      return VSTREAM_OK;
    };
  }
  Status Submit(uint64_t cookie, uint32_t packet_id = 10, int64_t pts = 500) {
    RawFrame input{};
    input.record.buffer_id = 1;
    input.record.pts_ns = pts;
    return sut_->Submit(input, packet_id, cookie, VSTREAM_ENCODE_FORCE_KEY);
  }
  Result<std::optional<Encoder::Done>> Collect(uint64_t cookie,
                                               const std::function<void(vstream_encoder_result&)>& spoil = {}) {
    backend_.collect_packet = [=](vstream_encoder_result* out, vstream_error*) {
      out->cookie = cookie;
      out->packet.buffer_id = 10;
      out->packet.bytes_used[0] = 100;
      out->packet.pts_ns = 500;
      out->packet.flags = VSTREAM_FRAME_KEY;
      if (spoil) spoil(*out);
      return VSTREAM_OK;
    };
    return sut_->Collect();
  }

  Liar backend_;
  std::unique_ptr<Encoder> sut_;
};

// Catches: a packet changed on its way.
TEST_F(EncoderAdapterTest, PassesAGoodPacketOn) {
  backend_.submit_encoding = [](const vstream_encoder_job* job, vstream_error*) {
    EXPECT_EQ(job->flags, VSTREAM_ENCODE_FORCE_KEY);
    EXPECT_EQ(job->packet_id, 10U);
    EXPECT_EQ(job->input.buffer_id, 1U);
    return VSTREAM_OK;
  };
  ASSERT_TRUE(Submit(1));
  const auto done = Collect(1);
  ASSERT_TRUE(done && done->has_value()) << Said(done);
  EXPECT_EQ((*done)->packet.record.buffer_id, 10U);
  EXPECT_EQ((*done)->packet.record.bytes_used[0], 100U);
  EXPECT_EQ((*done)->packet.record.flags, VSTREAM_FRAME_KEY);
}

// Catches: a packet published from a buffer that another job is still writing, or for another frame.
TEST_F(EncoderAdapterTest, RefusesAPacketOfAnotherJob) {
  ASSERT_TRUE(Submit(1));
  EXPECT_EQ(Said(Collect(2)),
            "internal: backend 'liar': collect: cookie 2 is not that of the oldest job in flight (BE-29)");
  EXPECT_EQ(
      Said(Collect(1, [](auto& r) { r.packet.buffer_id = 11; })),
      "internal: backend 'liar': collect: packet in buffer 11 with pts 500 found, buffer 10 with pts 500 expected "
      "(BE-29)");
  EXPECT_EQ(
      Said(Collect(1, [](auto& r) { r.packet.pts_ns = 499; })),
      "internal: backend 'liar': collect: packet in buffer 10 with pts 499 found, buffer 10 with pts 500 expected "
      "(BE-29)");
}

// Catches: a packet length beyond its buffer, by which a client reads somebody else's memory; and empty packets.
TEST_F(EncoderAdapterTest, RefusesAPacketThatDoesNotFit) {
  ASSERT_TRUE(Submit(1));
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1001}, UINT64_MAX}) {
    const std::string said = Said(Collect(1, [=](auto& r) { r.packet.bytes_used[0] = bytes; }));
    EXPECT_TRUE(said.starts_with("internal: backend 'liar': collect: buffer 10: ")) << said;
    EXPECT_TRUE(said.ends_with(" (BE-26)")) << said;
  }
  EXPECT_EQ(Said(Collect(1, [](auto& r) { r.packet.struct_size = 9999; })),
            "internal: backend 'liar': collect: struct_size 9999 in a record of 280 bytes (BE-21)");
  EXPECT_EQ(Said(Collect(1, [](auto& r) { r.struct_size = 9999; })),
            "internal: backend 'liar': collect: struct_size 9999 in a record of 296 bytes (BE-21)");
}

// Catches: one frame that cannot be coded taken for the end of the encoder.
TEST_F(EncoderAdapterTest, PassesTheStatusOfOneJobOn) {
  ASSERT_TRUE(Submit(1));
  const auto done = Collect(1, [](auto& r) { r.status = 12345, r.packet.buffer_id = 99; });
  ASSERT_TRUE(done && done->has_value()) << Said(done);
  EXPECT_EQ((*done)->status, VSTREAM_E_INTERNAL);
  EXPECT_EQ((*done)->packet.record.buffer_id, 0U) << "a packet that is not there must not be looked at";
}

// Catches: frames lost without a trace because the encoder says that everything is out.
TEST_F(EncoderAdapterTest, BelievesTheEndOnlyAfterDrainAndEveryJob) {
  const auto end = [](vstream_encoder_result*, vstream_error*) { return VSTREAM_E_END_OF_STREAM; };
  backend_.collect_packet = end;
  EXPECT_EQ(Said(sut_->Collect()), "internal: backend 'liar': collect: end of stream without drain (BE-29)");
  ASSERT_TRUE(Submit(1));
  ASSERT_TRUE(sut_->Drain());
  EXPECT_EQ(Said(sut_->Collect()), "internal: backend 'liar': collect: end of stream with jobs in flight (BE-29)");
  ASSERT_TRUE(Collect(1));
  backend_.collect_packet = end;
  EXPECT_EQ(Said(sut_->Collect()), "end_of_stream: backend 'liar': end of stream");
  EXPECT_EQ(Said(sut_->Collect()), "internal: backend 'liar': collect: end of stream without drain (BE-29)");
}

// Catches: more jobs than the encoder asked for.
TEST_F(EncoderAdapterTest, GivesNoMoreJobsThanItMay) {
  EXPECT_TRUE(Submit(1));
  EXPECT_TRUE(Submit(2, 11));
  EXPECT_EQ(Said(Submit(3)), "busy: backend 'liar': submit: 2 jobs are in flight");
  EXPECT_EQ(Said(sut_->Configure({})), "busy: backend 'liar': configure: jobs are in flight");
  ASSERT_TRUE(Collect(1));
  EXPECT_TRUE(Submit(3));
}

// Catches: needs that can never be met: the pipeline would wait for the first packet for ever.
TEST_F(EncoderAdapterTest, ChecksTheNeeds) {
  const auto configure = [&](const std::function<void(vstream_encoder_needs&)>& spoil) {
    Needs(spoil);
    return Said(sut_->Configure({}));
  };
  const std::string prefix = "internal: backend 'liar': configure: ";
  EXPECT_EQ(configure([](auto& n) { n.max_jobs = 0; }), prefix + "max_jobs 0 with latency_frames 0 (BE-24)");
  EXPECT_EQ(configure([](auto& n) { n.latency_frames = 2; }), prefix + "max_jobs 2 with latency_frames 2 (BE-24)");
  EXPECT_EQ(configure([](auto& n) { n.max_jobs = 900, n.latency_frames = 64; }),
            prefix + "max_jobs 900 with latency_frames 64 (BE-24)");
  EXPECT_EQ(configure([](auto& n) { n.max_packet_bytes = 0; }), prefix + "max_packet_bytes 0 (BE-24)");
  EXPECT_EQ(configure([](auto& n) { n.max_packet_bytes = UINT32_MAX; }),
            prefix + "max_packet_bytes 4294967295 (BE-24)");
  EXPECT_EQ(configure([](auto& n) { n.stride_alignment = 12; }), prefix + "stride_alignment 12 (BE-24)");
  EXPECT_EQ(configure([](auto& n) { n.packet_memory = 0x1000; }), prefix + "memory 0x0 and 0x1000 (BE-24)");
}

// Catches: a function called that is not promised.
TEST_F(EncoderAdapterTest, ChangesTheBitrateOnlyWhereItCan) {
  uint64_t set = 0;
  backend_.set_bitrate = [&](uint64_t bitrate, vstream_error*) { return set = bitrate, VSTREAM_OK; };
  EXPECT_EQ(Said(sut_->SetBitrate(5)),
            "unsupported: backend 'liar': set_bitrate: this encoder cannot change it while running");
  EXPECT_EQ(set, 0U);
  EXPECT_FALSE(sut_->CanSetBitrate());
  auto able = MakeEncoderAdapter("liar", Ops(true), {}).value();
  EXPECT_TRUE(able->CanSetBitrate());
  EXPECT_TRUE(able->SetBitrate(5));
  EXPECT_EQ(set, 5U);
}

// Catches: a first job before the encoder has said what it needs.
TEST_F(EncoderAdapterTest, WantsToBeConfiguredFirst) {
  auto fresh = MakeEncoderAdapter("liar", Ops(), {}).value();
  EXPECT_EQ(Said(fresh->Submit({}, 1, 1, 0)), "invalid_argument: backend 'liar': submit: not configured");
}

}  // namespace
}  // namespace videostream

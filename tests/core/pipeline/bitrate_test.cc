// SPDX-License-Identifier: Apache-2.0
// The bit rate of an encoder changes while frames flow, or it does not and nothing else changes either.
#include <gtest/gtest.h>

#include "tests/core/pipeline/stream_fixture.h"

namespace videostream::fake {
namespace {

using BitrateTest = StreamFixture;

// Bug: the wrong encoder gets the rate, or one that cannot is asked.
TEST_F(BitrateTest, ReachesTheEncoderOfTheOutputThatIsNamed) {
  OutputControl& full = Add("full").Encode();
  OutputControl& small = Add("small").Convert().Encode();
  Add("raw");
  full.encoder->takes_bitrate = small.encoder->takes_bitrate = true;
  auto sut = Start();
  ASSERT_TRUE(sut);
  EXPECT_TRUE(sut->TakesBitrate("full"));
  EXPECT_FALSE(sut->TakesBitrate("raw"));
  EXPECT_FALSE(sut->TakesBitrate("none"));
  EXPECT_TRUE(sut->SetBitrate("small", 7000));
  EXPECT_TRUE(full.encoder->bitrates.empty());
  EXPECT_EQ(small.encoder->bitrates, std::vector<uint64_t>{7000});
  EXPECT_EQ(sut->SetBitrate("none", 1).error().message, "stream 'front': there is no output 'none'");
  EXPECT_EQ(sut->SetBitrate("raw", 1).error().message,
            "slot 'front.raw.encoder': it cannot change its bit rate while it runs");
  EndAndStop(*sut);
}

// Bug: a refusal of the encoder ends the stream, or is taken for success.
TEST_F(BitrateTest, ARefusalChangesNothing) {
  OutputControl& full = Add("full").Encode();
  full.encoder->takes_bitrate = full.encoder->fail_bitrate = true;
  full.encoder->Allow(1000);
  auto sut = Start();
  ASSERT_TRUE(sut);
  const Status set = sut->SetBitrate("full", 1);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, Code::kInvalidArgument);
  EXPECT_EQ(set.error().message, "slot 'front.full.encoder': no such rate");
  capture_->Deliver(1);
  Await(*sut, [](const auto& all) { return all[0].packets.published == 1; });
  EndAndStop(*sut);
  ExpectBooksBalance(sut->Snapshot());
}

// Bug: an encoder that hangs over its bit rate holds the stream up, or is not given up.
TEST_F(BitrateTest, AnEncoderThatHangsIsGivenUpAndFramesGoOn) {
  OutputControl& full = Add("full").Encode();
  full.encoder->takes_bitrate = true;
  full.encoder->hang = true;
  auto sut = Start({.call = std::chrono::milliseconds(300)});
  ASSERT_TRUE(sut);
  const Status set = sut->SetBitrate("full", 1);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, Code::kTimeout);
  EXPECT_FALSE(sut->TakesBitrate("full"));
  Await(*sut, [](const auto& all) { return all[0].stuck.size() == 1; });
  EXPECT_EQ(sut->Snapshot()[0].stuck[0].call, "set_bitrate");
  DeliverEach(3, [&, n = size_t{0}]() mutable {
    ++n;
    Await(*sut, [&](const auto& all) { return all[0].frames.published == n; });
  });
  full.encoder->hang = false;
  EndAndStop(*sut);
  ExpectBooksBalance(sut->Snapshot());
}

}  // namespace
}  // namespace videostream::fake

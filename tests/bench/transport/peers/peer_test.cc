// SPDX-License-Identifier: Apache-2.0
// Whether a benchmark of other transports notices frames that are not what was published.
#include "bench/transport/peers/peer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace videostream::bench::transport {
namespace {

constexpr uint64_t kFrameBytes = 256;

// A board with one consumer, in the middle of measuring.
class FrameCheckTest : public testing::Test {
 protected:
  FrameCheckTest() {
    board_->settings.consumers = 1;
    board_->settings.frame_bytes = kFrameBytes;
    board_->phase = kMeasure;
  }

  std::vector<unsigned char> Frame(uint64_t number) const {
    std::vector<unsigned char> frame(kFrameBytes);
    MarkFrame(frame.data(), board_->settings, number);
    return frame;
  }
  static void SetEnd(std::vector<unsigned char>* frame, uint64_t number) {
    std::memcpy(frame->data() + kFrameBytes - sizeof number, &number, sizeof number);
  }
  static bool Take(FrameCheck& sut, const std::vector<unsigned char>& frame) {
    return sut.Take(frame.data(), frame.size());
  }

  const std::unique_ptr<Board> board_ = std::make_unique<Board>();
  ConsumerRecorder recorder_{board_.get(), 0};
};

// Catches a check that refuses good frames, or one that forgets to record them.
TEST_F(FrameCheckTest, FramesAsPublishedAreRecorded) {
  FrameCheck sut(recorder_, FrameCheck::kStrict);
  for (const uint64_t number : {1, 2, 3, 5}) EXPECT_TRUE(Take(sut, Frame(number))) << number;
  EXPECT_EQ(sut.Verdict(), 0);
  EXPECT_EQ(sut.wrong(), 0U);
  EXPECT_EQ(board_->consumers[0].seen, 4U);
  EXPECT_EQ(board_->consumers[0].frames, 3U) << "the first one starts the count";
  EXPECT_EQ(board_->consumers[0].skipped, 1U) << "number 4";
}

// Catches a copy that ends early, or a buffer that was reused while it was read, passing as a good frame.
TEST_F(FrameCheckTest, FrameWithAnotherEndIsWrong) {
  FrameCheck sut(recorder_, FrameCheck::kStrict);
  std::vector<unsigned char> frame = Frame(2);
  SetEnd(&frame, 1);
  EXPECT_FALSE(Take(sut, frame));
  EXPECT_NE(sut.Verdict(), 0);
}

// Catches a transport that gives the same frame twice being counted as the faster one.
TEST_F(FrameCheckTest, FrameThatComesTwiceIsWrong) {
  FrameCheck sut(recorder_, FrameCheck::kStrict);
  EXPECT_TRUE(Take(sut, Frame(7)));
  EXPECT_FALSE(Take(sut, Frame(7)));
  EXPECT_NE(sut.Verdict(), 0);
}

// Catches a cell of a transport without leases that is given up at its first late consumer, or whose torn frames nobody
// counts.
TEST_F(FrameCheckTest, TolerantCheckCountsAndGoesOn) {
  FrameCheck sut(recorder_, FrameCheck::kTolerant);
  std::vector<unsigned char> frame = Frame(1);
  SetEnd(&frame, 9);
  EXPECT_TRUE(Take(sut, frame));
  EXPECT_TRUE(Take(sut, Frame(2)));
  EXPECT_EQ(sut.wrong(), 1U);
  EXPECT_EQ(sut.Verdict(), 0);
}

// Catches reads behind the end of what a peer has mapped.
TEST_F(FrameCheckTest, ShortFrameEndsTheCellWithoutBeingRead) {
  FrameCheck sut(recorder_, FrameCheck::kTolerant);
  EXPECT_FALSE(sut.Take(nullptr, 0));
  EXPECT_FALSE(sut.Take(nullptr, kFrameBytes - 1));
  EXPECT_NE(sut.Verdict(), 0);
  EXPECT_EQ(board_->consumers[0].seen, 0U);
}

// Catches a consumer that goes on for ever after the driver has ended the cell.
TEST_F(FrameCheckTest, EndsWhenTheCellIsOver) {
  FrameCheck sut(recorder_, FrameCheck::kStrict);
  board_->phase = kExit;
  EXPECT_FALSE(Take(sut, Frame(1)));
  EXPECT_EQ(sut.Verdict(), 0);
}

// Catches a peer that runs without a role or a board and is taken for one that measures.
TEST(ParsePeerTest, RefusesWhatCannotBeRun) {
  std::string program = "peer", role = "producer", flag = "--board", none = "/nonexistent/board", other = "watcher";
  const std::vector<std::vector<char*>> lines = {
      {program.data()},
      {program.data(), role.data()},
      {program.data(), role.data(), flag.data()},
      {program.data(), role.data(), flag.data(), none.data()},
      {program.data(), other.data(), flag.data(), none.data()},
  };
  for (std::vector<char*> line : lines) {
    const auto count = static_cast<int>(line.size());
    EXPECT_EQ(ParsePeer(count, line.data()).board, nullptr) << count << " words";
  }
}

}  // namespace
}  // namespace videostream::bench::transport

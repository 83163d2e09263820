// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream/receive/pattern_check.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace videostream::receive {
namespace {

constexpr uint32_t kWidth = 128, kHeight = 96;

class PatternCheckTest : public testing::Test {
 protected:
  Picture Drawn(uint64_t frame) {
    luma_.assign(size_t{kWidth} * kHeight, 0);
    pattern::Draw({frame, static_cast<int64_t>(frame) * 1000}, luma_.data(), kWidth, kWidth, kHeight);
    return Luma();
  }
  // The lower half is of the next frame.
  Picture Torn(uint64_t frame) {
    Drawn(frame + 1);
    const std::vector<uint8_t> next = luma_;
    Drawn(frame);
    const size_t half = luma_.size() / 2;
    std::memcpy(luma_.data() + half, next.data() + half, half);
    return Luma();
  }
  Picture Blank() {
    luma_.assign(size_t{kWidth} * kHeight, 0x50);
    return Luma();
  }
  void Feed(const Picture& picture) { sut_.Count(PatternCheck::Read(picture)); }

  PatternCheck sut_;

 private:
  Picture Luma() const {
    Picture picture;
    picture.format = VSTREAM_FORMAT_GREY;
    picture.width = kWidth;
    picture.height = kHeight;
    picture.visible = {0, 0, kWidth, kHeight};
    picture.plane_count = 1;
    picture.planes[0] = {luma_.data(), kWidth, luma_.size()};
    return picture;
  }
  std::vector<uint8_t> luma_;
};

// Catches false alarms: an unbroken run of frames.
TEST_F(PatternCheckTest, WholeFramesInOrderAreClean) {
  for (uint64_t frame = 7; frame < 40; ++frame) Feed(Drawn(frame));
  EXPECT_EQ(sut_.result(), (PatternResult{0, 0, 0}));
}

// Catches a torn frame that goes through as whole.
TEST_F(PatternCheckTest, TornFramesAreCounted) {
  Feed(Drawn(1));
  Feed(Torn(2));
  Feed(Drawn(3));
  ASSERT_TRUE(sut_.result().has_value());
  EXPECT_EQ(sut_.result()->torn, 1u);
  EXPECT_EQ(sut_.result()->out_of_order, 0u);
}

// Catches missing numbers counted as gaps (2) instead of frames (5), and repeats or steps back that go unnoticed.
TEST_F(PatternCheckTest, MissingAndRepeatedNumbersAreCounted) {
  for (const uint64_t frame : {1u, 2u, 5u, 9u, 9u, 3u, 4u}) Feed(Drawn(frame));
  EXPECT_EQ(sut_.result(), (PatternResult{0, 5, 2}));
}

// Catches numbers of a new source compared with those of the old one.
TEST_F(PatternCheckTest, ANewSourceStartsAnew) {
  Feed(Drawn(100));
  sut_.Restart();
  Feed(Drawn(1));
  Feed(Drawn(2));
  EXPECT_EQ(sut_.result(), (PatternResult{0, 0, 0}));
}

// Catches a verdict on pictures that are no test pattern, and a search that never ends.
TEST_F(PatternCheckTest, OtherSourcesHaveNoResultAndAreNotReadForEver) {
  int read = 0;
  for (; read < 1000 && sut_.wanted(); ++read) Feed(Blank());
  EXPECT_EQ(read, 30);
  EXPECT_FALSE(sut_.result().has_value());
}

// Catches a first frame, torn beyond reading, that is forgotten once the source is known.
TEST_F(PatternCheckTest, UnreadableFramesBeforeTheFirstReadableOneAreTorn) {
  Feed(Blank());
  Feed(Blank());
  EXPECT_FALSE(sut_.result().has_value());
  Feed(Drawn(3));
  Feed(Blank());
  EXPECT_EQ(sut_.result(), (PatternResult{3, 0, 0}));
  EXPECT_TRUE(sut_.wanted());
}

}  // namespace
}  // namespace videostream::receive

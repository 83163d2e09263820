// SPDX-License-Identifier: Apache-2.0
// "Why not X?": questions in words, answers by plans with X forced.
#include "core/planner/why_not.h"

#include <gtest/gtest.h>

#include <ostream>

#include "tests/core/planner/board_fixture.h"

namespace videostream {
namespace {

struct Row {
  const char* name;
  void (*change)(Board&);
  const char* question;
  WhyNot::Outcome outcome;
  const char* answer;
  std::vector<std::string> changes;

  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class Asked : public testing::TestWithParam<Row> {};

// Would catch: an answer about another plan than the one with X in it, or one that says "no" without the reason.
TEST_P(Asked, IsAnswered) {
  const Row& row = GetParam();
  Board board;
  row.change(board);
  const Result<Forced> question = ParseWhyNot(board.profile, row.question);
  ASSERT_TRUE(question) << question.error().message;
  const WhyNot sut = AskWhyNot(board.profile, board.inventory, board.options, *question);
  EXPECT_EQ(OutcomeName(sut.outcome), OutcomeName(row.outcome)) << sut.answer;
  EXPECT_EQ(sut.answer, row.answer);
  EXPECT_EQ(sut.changes, row.changes);
}

std::vector<Row> Rows() {
  using Outcome = WhyNot::Outcome;
  const auto nothing = [](Board&) {};
  return {
      {"Taken",
       nothing,
       "front.full.encoder=vpu",
       Outcome::kTaken,
       "'vpu' is taken: first in 'backends.encoder', and it fits",
       {}},
      {"TakenByDevice",
       nothing,
       "front.encoder=vpu/h1",
       Outcome::kTaken,
       "'vpu/h1' is taken: first in 'backends.encoder', and it fits",
       {}},
      {"LaterInOrder",
       nothing,
       "front.encoder=soft",
       Outcome::kPossible,
       "it could be 'soft', but the whole plan would cost more: an encoder that the profile names later would be taken "
       "(1 place behind the first, not 0)",
       {}},
      {"WithOtherMemory",
       [](Board& b) {
         b.Prefer(BackendKind::kAllocator, {"shm", "heap"});
       },
       "front.capture=soft",
       Outcome::kPossible,
       "it could be 'soft', but the whole plan would cost more: a capture that the profile names later would be taken "
       "(1 place behind the first, not 0)",
       {}},
      {"TheOtherCamera",
       nothing,
       "front.capture=v4l2/cam1",
       Outcome::kPossible,
       "it could be 'v4l2/cam1' at the same cost; between equals the order of slots and names decides",
       {}},
      {"OtherAllocator",
       nothing,
       "front.allocator=shm",
       Outcome::kPossible,
       "it could be 'shm', but the whole plan would cost more: a capture that the profile names later would be taken "
       "(1 place behind the first, not 0)",
       {"front.capture: 'soft/pattern', not 'v4l2/cam0'", "front.full.encoder: 'soft/x264', not 'vpu/h1'"}},
      {"MemoryOfNobody",
       [](Board& b) { b.Prefer(BackendKind::kCapture, {"v4l2"}); },
       "front.allocator=shm",
       Outcome::kImpossible,
       "no backend can serve slot 'front.full.allocator': 'shm': its memory is memfd, cached, coherent, mappable by "
       "the "
       "CPU, and capture 'v4l2/cam0' needs dma-buf, contiguous",
       {}},
      {"Unknown",
       nothing,
       "front.encoder=nvenc",
       Outcome::kImpossible,
       "no backend can serve slot 'front.full.encoder': 'nvenc': no such backend in the search path",
       {}},
      {"NoSuchDevice",
       nothing,
       "front.encoder=vpu/h2",
       Outcome::kImpossible,
       "no backend can serve slot 'front.full.encoder': 'vpu': it has no usable encoder device here",
       {}},
      {"NotNeeded",
       nothing,
       "front.converter=g2d",
       Outcome::kImpossible,
       "the slot is empty: the output is published as it is captured",
       {}},
      {"OneOfTheOthersGivesWay",
       [](Board& b) {
         b.device("vpu").instances = 1;
         b.AddStream("rear");
       },
       "rear.full.encoder=vpu",
       Outcome::kPossible,
       "it could be 'vpu' at the same cost; between equals the order of slots and names decides",
       {"front.full.encoder: 'soft/x264', not 'vpu/h1'"}},
  };
}

INSTANTIATE_TEST_SUITE_P(WhyNot, Asked, testing::ValuesIn(Rows()),
                         [](const auto& row) { return std::string(row.param.name); });

// Would catch: a misspelt slot that is answered as if it were one.
TEST(ParseWhyNot, RefusesWhatIsNoQuestion) {
  Board board;
  for (const char* wrong : {"", "front.encoder", "=vpu", "front.encoder=", "front.full=vpu"}) {
    const Result<Forced> sut = ParseWhyNot(board.profile, wrong);
    ASSERT_FALSE(sut) << wrong;
    EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
  }
  Board::AddOutput(board.front(), "raw");
  const Result<Forced> sut = ParseWhyNot(board.profile, "front.encoder=vpu");
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().message,
            "no slot 'front.encoder', expected one of: front.capture, front.full.converter, front.full.encoder, "
            "front.full.allocator, front.full.transport, front.raw.converter, front.raw.encoder, front.raw.allocator, "
            "front.raw.transport");
}

}  // namespace
}  // namespace videostream

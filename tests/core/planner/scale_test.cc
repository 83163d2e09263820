// SPDX-License-Identifier: Apache-2.0
// The largest profiles there are, and hostile ones: the search ends, and says so where it gave up.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/planner/plan.h"
#include "tests/core/planner/board_fixture.h"
#include "tests/core/planner/plan_checker.h"

namespace videostream {
namespace {

// 16 streams of 8 outputs, half of them converted, all encoded.
void Fill(Board& board) {
  board.profile.streams.clear();
  for (int i = 0; i < 16; ++i) {
    StreamSpec& stream = board.AddStream(("s" + std::to_string(i)).c_str());
    stream.outputs[0].publish[0].buffers.value = 2;
    for (int j = 1; j < 8; ++j) {
      OutputSpec& output = Board::AddOutput(stream, ("o" + std::to_string(j)).c_str());
      if (j % 2 == 0) output.size = Located<Size>{{640, 360}, {}};
      output.encoder = Codec("h264");
      output.publish[0].buffers.value = 2;
      output.publish[0].leases.value = 1;
    }
  }
}

size_t EncodersOf(const Planning& planning, const char* backend) {
  size_t count = 0;
  for (const StreamPlan& stream : planning.plan->streams) {
    count += static_cast<size_t>(std::count_if(stream.outputs.begin(), stream.outputs.end(),
                                               [&](const OutputPlan& o) { return o.encoder->backend == backend; }));
  }
  return count;
}

void Check(const Board& board, const Planning& planning) {
  ASSERT_TRUE(planning.plan) << planning.error->message;
  const auto wrong = PlanChecker(board.profile, board.inventory, board.options).Check(*planning.plan);
  EXPECT_TRUE(wrong.empty()) << wrong.front();
}

// Would catch: a search whose steps multiply with every stream and output.
TEST(Scale, TheLargestProfile) {
  Board board;
  Fill(board);
  const Planning sut = board.Plan();
  Check(board, sut);
  EXPECT_EQ(EncodersOf(sut, "vpu"), 2U) << "that is how many there are";
}

// Would catch: the same where the formats are open too, and every slot has a dozen candidates.
TEST(Scale, ManyDevicesAndOpenFormats) {
  Board board;
  Fill(board);
  for (StreamSpec& stream : board.profile.streams) stream.capture.format.value.clear();
  for (const char* backend : {"vpu", "g2d", "v4l2"}) {
    std::vector<vstream_device>& devices = board.inventory[backend].devices;
    while (devices.size() < 12) {
      devices.push_back(devices.front());
      Set(devices.back().id, (backend + std::to_string(devices.size())).c_str());
    }
  }
  const Planning sut = board.Plan();
  Check(board, sut);
  EXPECT_EQ(EncodersOf(sut, "vpu"), 24U);
}

// Would catch: one encoder less than outputs that need it, found by trying all ways to give them out.
TEST(Scale, OneDeviceTooFew) {
  Board board;
  Fill(board);
  board.profile.require = {{"hardware", {}}};
  board.device("vpu").instances = 127;
  const Planning sut = board.Plan();
  ASSERT_FALSE(sut.plan);
  EXPECT_NE(sut.error->message.find("can be open 127 times at a time, and 's0.full.encoder'"), std::string::npos)
      << sut.error->message.substr(0, 300);
  board.device("vpu").instances = 128;
  Check(board, board.Plan());
}

// Would catch: encoders that differ a little, each for one output, and a search that never comes back.
TEST(Scale, ManyLimitedDevicesThatDiffer) {
  Board board;
  Fill(board);
  std::vector<vstream_device>& devices = board.inventory["vpu"].devices;
  while (devices.size() < 64) {
    devices.push_back(devices.front());
    Set(devices.back().id, ("vpu" + std::to_string(devices.size())).c_str());
    devices.back().cost = static_cast<uint32_t>(devices.size());
    devices.back().instances = 1;
  }
  const Planning sut = board.Plan();
  if (sut.plan) {
    Check(board, sut);
  } else {
    EXPECT_EQ(sut.error->code, Code::kUnsupported);
    EXPECT_EQ(sut.error->message,
              "the search for a plan was given up after 300000 steps: name devices ('device: ID' in 'capture'), or "
              "list fewer backends");
  }
}

}  // namespace
}  // namespace videostream

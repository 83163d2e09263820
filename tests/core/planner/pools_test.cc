// SPDX-License-Identifier: Apache-2.0
// The sums behind the pools, the budget of memory, and what a plan copies and converts.
#include <gtest/gtest.h>

#include "core/planner/plan.h"
#include "tests/core/planner/board_fixture.h"

namespace videostream {
namespace {

std::string Sum(const PoolPlan& pool) {
  std::string text = pool.output + " " + pool.what + ": " + std::to_string(pool.count) + " =";
  for (const auto& [what, count] : pool.parts) text += " + " + std::to_string(count) + " " + what;
  return text;
}

std::vector<std::string> Sums(const Planning& planning) {
  std::vector<std::string> sums;
  for (const PoolPlan& pool : planning.pools) sums.push_back(Sum(pool));
  return sums;
}

constexpr uint64_t kPicture = 1280 * 720 * 3 / 2;

// Would catch: a sum that is not that of the pipeline, or of parts that do not add up.
TEST(Pools, OneOutputWithPackets) {
  const Planning sut = Board().Plan();
  ASSERT_TRUE(sut.plan) << sut.error->message;
  const std::vector<std::string> expected = {
      "front captured: 14 = + 4 device + 1 filling + 3 encoder + 1 newest + 2 leases + 3 queue",
      "front.full packets: 10 = + 3 encoder + 1 filling + 1 newest + 2 leases + 3 queue"};
  EXPECT_EQ(Sums(sut), expected);
  EXPECT_EQ(sut.pools[0].bytes, kPicture);
  EXPECT_TRUE(sut.pools[0].contiguous);
  EXPECT_EQ(sut.pools[1].bytes, 0u) << "only the open encoder knows";
}

// Would catch: outputs that share buffers and are counted as one, or a converter whose source nobody counts.
TEST(Pools, SeveralOutputs) {
  Board board;
  Board::AddOutput(board.front(), "raw").publish[0].buffers.value = 4;
  Board::AddOutput(board.front(), "small").size = Located<Size>{{640, 360}, {}};
  const Planning sut = board.Plan();
  ASSERT_TRUE(sut.plan) << sut.error->message;
  const std::vector<std::string> expected = {
      "front captured: 22 = + 4 device + 3 filling + 2 converter of small + 3 encoder of full + 1 newest of full + 2 "
      "leases of full + 3 queue of full + 1 newest of raw + 2 leases of raw + 1 queue of raw",
      "front.full packets: 10 = + 3 encoder + 1 filling + 1 newest + 2 leases + 3 queue",
      "front.small frames: 9 = + 1 filling + 2 converter + 1 newest + 2 leases + 3 queue"};
  EXPECT_EQ(Sums(sut), expected);
  EXPECT_EQ(sut.pools[2].bytes, 640u * 360u * 3u / 2u);
}

// Would catch: bytes of a layout without the padding that the device needs.
TEST(Pools, BytesHaveTheStridesOfTheDevice) {
  Board board;
  board.front().capture.size.value = {1000, 600};
  const Planning sut = board.Plan();
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(sut.pools[0].bytes, 1024u * 900u);
}

// Would catch: copies for consumers whose memory nobody has counted, and a copy that no key explains.
TEST(Pools, CopiesCountToo) {
  Board board;
  board.full().publish[0].protect = {"copy", {21, 3, 4, 0}};
  vstream_option_spec spec{};
  spec.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_TRANSPORT);
  Set(spec.name, "protect");
  board.inventory["shm"].options.push_back(spec);
  const Planning sut = board.Plan();
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_EQ(Sum(sut.pools[1]), "front.full copies: 14 = + 14 one for each frame");
  EXPECT_EQ(sut.pools[1].bytes, kPicture);
  EXPECT_FALSE(sut.pools[1].contiguous);
  ASSERT_EQ(sut.links.size(), 1u);
  EXPECT_EQ(sut.links[0].work, Link::Work::kCopy);
  EXPECT_EQ(sut.links[0].forced_by, "'protect: copy' (line 21)");
  EXPECT_EQ(sut.links[0].bytes, kPicture);
}

// Would catch: a pool that the transports refuse when the stream is opened.
TEST(Pools, MoreBuffersThanASetHasAreRefused) {
  Board board;
  board.full().publish[0].buffers = {60, {33, 9, 2, 0}};
  const Planning sut = board.Plan();
  ASSERT_FALSE(sut.plan);
  EXPECT_EQ(sut.error->code, Code::kUnsupported);
  EXPECT_EQ(sut.error->message,
            "the pool of 'front' captured needs 68 = 4 device + 1 filling + 3 encoder + 1 newest + 2 leases + 57 queue "
            "buffers, 64 are possible; lower 'buffers' of output 'front.full' (line 33)");
}

struct Budget {
  uint64_t available, cma;
  const char* message;  // null: it is enough
};

// Would catch: pools that do not fit and fail one by one while the stream is opened; memory counted that is not used.
TEST(Pools, TheBudgetOfMemory) {
  constexpr uint64_t kAll = 14 * kPicture;
  const Budget rows[] = {
      {0, 0, nullptr},
      {kAll, kAll, nullptr},
      {kAll - 1, 0,
       "the pools need 19 MiB of memory, 19 MiB are free: the largest, 'front' captured, is 14 buffers of 1382400 "
       "bytes; lower 'buffers' of output 'front.full' (line 33), or a 'size'"},
      {uint64_t{1} << 40U, 8U << 20U,
       "the pools need 19 MiB of contiguous memory, 8 MiB are free: the largest, 'front' captured, is 14 buffers of "
       "1382400 bytes; lower 'buffers' of output 'front.full' (line 33), or a 'size', or give the kernel more (cma=)"}};
  for (const Budget& row : rows) {
    Board board;
    board.full().publish[0].buffers.pos = {33, 9, 1, 0};
    board.options.limits.memory_available = row.available;
    board.options.limits.cma_free = row.cma;
    const Planning sut = board.Plan();
    EXPECT_EQ(sut.plan.has_value(), row.message == nullptr) << row.available;
    if (row.message != nullptr) {
      EXPECT_EQ(sut.error->message, row.message);
    }
  }
}

// Would catch: ordinary memory held against the contiguous.
TEST(Pools, OrdinaryMemoryIsNotContiguous) {
  Board board;
  board.Prefer(BackendKind::kCapture, {"soft"});
  board.Prefer(BackendKind::kEncoder, {"soft"});
  board.Prefer(BackendKind::kAllocator, {"shm"});
  board.options.limits.cma_free = 1;
  const Planning sut = board.Plan();
  ASSERT_TRUE(sut.plan) << sut.error->message;
  EXPECT_FALSE(sut.pools[0].contiguous);
}

// Would catch: a conversion that is blamed on the wrong key, or on a key that says what is captured anyway.
TEST(Links, NameTheKeysThatForceThem) {
  Board board;
  board.profile.bases.push_back({"base", "base.yaml", ""});
  OutputSpec& small = Board::AddOutput(board.front(), "small");
  small.format = Located<std::string>{"RGBA", {31, 1, 1, 0}};
  small.size = Located<Size>{{640, 360}, {12, 1, 1, 1}};
  OutputSpec& turned = Board::AddOutput(board.front(), "turned");
  turned.format = Located<std::string>{"NV12", {40, 1, 1, 0}};
  turned.size = Located<Size>{{720, 1280}, {41, 1, 1, 0}};
  turned.rotate = {90, {42, 1, 1, 0}};
  const Planning sut = board.Plan();
  ASSERT_TRUE(sut.plan) << sut.error->message;
  ASSERT_EQ(sut.links.size(), 2u);
  EXPECT_EQ(sut.links[0].output, "small");
  EXPECT_EQ(sut.links[0].work, Link::Work::kConversion);
  EXPECT_EQ(sut.links[0].what, "NV12 1280x720 to RGBA 640x360");
  EXPECT_EQ(sut.links[0].forced_by, "'format: RGBA' (line 31) and 'size: 640x360' (line 12 of 'base')");
  EXPECT_EQ(sut.links[0].bytes, 640u * 360u * 4u);
  EXPECT_EQ(sut.links[1].forced_by, "'rotate: 90' (line 42)");
}

}  // namespace
}  // namespace videostream

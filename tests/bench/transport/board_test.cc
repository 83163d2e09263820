// SPDX-License-Identifier: Apache-2.0
// What a process of a cell counts, and how latencies are kept.
#include "bench/transport/board.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

namespace videostream::bench::transport {
namespace {

struct FreeBoard {
  void operator()(Board* board) const { std::free(board); }
};

std::unique_ptr<Board, FreeBoard> MakeBoard(uint32_t consumers) {
  const size_t pages = (Board::Bytes(consumers) + 4095) / 4096;
  void* memory = std::aligned_alloc(4096, pages * 4096);
  std::memset(memory, 0, pages * 4096);
  auto* board = static_cast<Board*>(memory);
  board->settings.consumers = consumers;
  return std::unique_ptr<Board, FreeBoard>(board);
}

// Catches buckets that overlap, leave gaps, or say another latency than they hold.
TEST(Histogram, ABucketTellsItsValuesWithinOnePercent) {
  uint32_t last = 0;
  for (uint64_t ns = 0; ns < 20'000'000'000; ns += 1 + ns / 1000) {
    const uint32_t bucket = Histogram::Bucket(ns);
    ASSERT_GE(bucket, last) << ns;
    ASSERT_LE(bucket, last + 1) << "a bucket is left out at " << ns;
    ASSERT_NEAR(Histogram::Value(bucket), static_cast<double>(ns), 1 + static_cast<double>(ns) * 0.01);
    last = bucket;
  }
}

// Catches an index beyond the array: a stopped process, a clock that went back.
TEST(Histogram, KeepsAbsurdLatenciesInsideTheArray) {
  auto histogram = std::make_unique<Histogram>();
  histogram->Add(-5);
  histogram->Add(INT64_MAX);
  EXPECT_EQ(histogram->buckets[0], 1U);
  EXPECT_EQ(histogram->buckets[Histogram::kBuckets - 1], 1U);
  EXPECT_EQ(histogram->max_ns, INT64_MAX);
}

// Catches warm-up frames in the figures, and a window that is one frame too long or too short.
TEST(ConsumerRecorder, CountsFromTheFirstFrameAfterMeasureToTheFirstAfterStop) {
  const auto board = MakeBoard(1);
  ConsumerRecorder recorder(board.get(), 0);
  const Record& record = board->consumers[0];
  uint64_t number = 0;
  const auto frames = [&](int count) {
    const uint64_t pixels = 3;
    const ConsumerRecorder::Plane plane{&pixels, sizeof pixels};
    for (int i = 0; i < count; ++i) ASSERT_TRUE(recorder.frame(++number, NowNs(), &plane, 1));
  };
  board->phase = kWarm;
  frames(5);
  EXPECT_EQ(record.frames, 0U);
  board->phase = kMeasure;
  frames(4);  // the first one only begins the window
  number += 2;
  frames(1);
  EXPECT_EQ(record.frames, 4U);
  EXPECT_EQ(record.skipped, 2U);
  board->phase = kStop;
  EXPECT_EQ(record.ended, 0U);
  frames(3);
  EXPECT_EQ(record.ended, 1U);
  EXPECT_EQ(record.frames, 5U);
  EXPECT_EQ(record.first, 6U);
  EXPECT_EQ(record.last, 13U);
  EXPECT_EQ(record.seen, 13U);
  uint64_t latencies = 0;
  for (const uint32_t bucket : record.latency.buckets) latencies += bucket;
  EXPECT_EQ(latencies, record.frames);
  board->phase = kExit;
  EXPECT_FALSE(recorder.idle());
}

// Catches a reader that leaves bytes out: "every byte" would cost less than it does.
TEST(ReadBytes, ReadsEveryByte) {
  unsigned char bytes[203] = {};
  for (size_t i = 0; i < 200; ++i) {
    std::memset(bytes, 0, sizeof bytes);
    bytes[i] = 1;
    EXPECT_NE(ReadBytes(bytes, 200), 0U) << i;
  }
}

}  // namespace
}  // namespace videostream::bench::transport

// SPDX-License-Identifier: Apache-2.0
// Which cells are run, which are said to be skipped, and what is said of rounds and targets.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bench/transport/cell.h"
#include "bench/transport/report.h"

namespace videostream::bench::transport {
namespace {

Selection Everything() {
  Selection selection;
  selection.consumers = {1, 8, 32};
  selection.read_bytes_per_second = 8e9;
  selection.cores = 2;
  return selection;
}

Row RowWith(const char* backend, const char* mode, std::initializer_list<double> medians) {
  Row row;
  row.cell.group = "g";
  row.cell.backend = backend;
  row.cell.mode = mode;
  for (const double p50 : medians) row.rounds.push_back({.p50 = p50});
  return row;
}

// Catches a cell that silently is not in the table: one that cannot be run has to say why.
TEST(Rows, SayWhyACellIsNotRun) {
  const std::vector<Row> rows = Rows(Everything(), Programs{.party = "party", .videostream = "videostream"});
  size_t others = 0, beyond = 0;
  for (const Row& row : rows) {
    if (row.cell.backend == "gst-shm" || row.cell.backend == "pipewire") {
      EXPECT_NE(row.skipped, "") << row.cell.group;
      ++others;
    } else if (row.cell.read_all && row.cell.fps == 60 && row.cell.consumers == 32) {
      EXPECT_NE(row.skipped.find("GB/s"), std::string::npos) << row.cell.Name();
      ++beyond;
    } else if (!row.cell.read_all && row.cell.fps == 60 && row.cell.backend == "videostream") {
      EXPECT_EQ(row.skipped, "") << row.cell.group;
    }
  }
  EXPECT_GT(others, 0U);
  EXPECT_GT(beyond, 0U);
}

// Catches two rows of the same name in a group: ratios would be those of the wrong one.
TEST(Rows, AreUniqueInTheirGroup) {
  std::set<std::string> names;
  for (const Row& row : Rows(Everything(), Programs{})) {
    EXPECT_TRUE(names.insert(row.cell.group + ": " + row.cell.Name()).second) << row.cell.group << row.cell.Name();
  }
}

// Catches a ratio of medians of different rounds: what is compared was measured side by side.
TEST(Ratio, IsThatOfTheSameRound) {
  const std::vector<Row> rows = {RowWith("floor-futex", "block", {10, 100, 1000}),
                                 RowWith("videostream", "latest", {11, 110, 1100})};
  EXPECT_EQ(FloorOf(rows, rows[1]), rows.data());
  EXPECT_NEAR(Ratio(rows[1], rows.data()), 1.1, 1e-9);
  EXPECT_EQ(Ratio(rows[1], nullptr), 0);
}

// Catches an event loop that is compared with a futex, of which it knows nothing.
TEST(Ratio, OfAnEventLoopIsThatToADoorbell) {
  const std::vector<Row> rows = {RowWith("floor-futex", "block", {10}), RowWith("floor-pipe", "epoll", {20}),
                                 RowWith("videostream", "latest-epoll", {22})};
  EXPECT_EQ(FloorOf(rows, rows[2]), &rows[1]);
}

// Catches a target that counts as met although nothing was measured, and one that is missed and not said so.
TEST(Targets, AreMetMissedOrNotMeasured) {
  Report report;
  report.rows = {RowWith("floor-futex", "block", {10}), RowWith("videostream", "latest", {13})};
  const auto ratio = [&] {
    const std::vector<Target> targets = Targets(report);
    return *std::find_if(targets.begin(), targets.end(),
                         [](const Target& target) { return target.text.find("median") != std::string::npos; });
  };
  EXPECT_FALSE(ratio().met);
  report.rows[1].rounds[0].p50 = 11;
  EXPECT_TRUE(ratio().met);
  EXPECT_NE(ratio().measured, "");
  report.rows[0].rounds.clear();
  EXPECT_EQ(ratio().measured, "");
}

// Catches a wrong middle.
TEST(Row, MedianIsTheMiddleRound) {
  EXPECT_EQ(RowWith("a", "b", {3, 1, 2}).Median(&Round::p50), 2);
  EXPECT_EQ(RowWith("a", "b", {4, 1, 2, 3}).Median(&Round::p50), 2.5);
  EXPECT_EQ(RowWith("a", "b", {}).Median(&Round::p50), 0);
}

}  // namespace
}  // namespace videostream::bench::transport

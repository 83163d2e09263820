// SPDX-License-Identifier: Apache-2.0
// Which cells are run, which are said to be skipped, and what is said of rounds and targets.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

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
    } else if (row.cell.read_all && row.cell.fps == 60 && row.cell.consumers == 32 && row.cell.format == "RGBX") {
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

// Catches targets that silently are not in the list when what they need was not measured, and that pass --strict so.
TEST(Targets, ThatWereSelectedFailWhenTheyAreNotMeasured) {
  Report report{.rows = Rows(Everything(), Programs{.party = "party"}), .selection = Everything()};
  for (Row& row : report.rows) {
    row.audit.wanted = row.cell.consumers == 8 && row.cell.fps == 60;
    if (row.skipped.empty()) row.skipped = "round 1: broken";
  }
  for (const char* name : {"median", "page faults", "system calls", "in the producer", "memory", "256 consumers",
                           "late joiner", "restart: connected", "restart-epoll: connected"}) {
    const std::vector<Target> targets = Targets(report);
    const auto found = std::find_if(targets.begin(), targets.end(),
                                    [&](const Target& target) { return target.text.find(name) != std::string::npos; });
    ASSERT_NE(found, targets.end()) << name;
    EXPECT_EQ(found->measured, "") << name;
    EXPECT_TRUE(found->fails()) << name;
  }
}

// Catches a run of ours alone that fails for want of a floor which nobody has asked for.
TEST(Targets, OfCellsThatWereNotSelectedDoNotFail) {
  Report report;
  report.rows = {RowWith("videostream", "latest", {13})};
  const std::vector<Target> targets = Targets(report);
  ASSERT_FALSE(targets.empty());
  EXPECT_EQ(targets[0].measured, "");
  EXPECT_NE(targets[0].why, "");
  EXPECT_FALSE(targets[0].fails());
}

// Catches page faults of one round that the median of all rounds hides.
TEST(Targets, OnePageFaultInOneRoundIsTooMany) {
  Report report;
  report.rows = {RowWith("videostream", "latest", {1, 1, 1})};
  report.rows[0].rounds[1].faults_per_frame = 0.00001;
  const std::vector<Target> targets = Targets(report);
  const auto faults = std::find_if(targets.begin(), targets.end(), [](const Target& target) {
    return target.text.find("page faults") != std::string::npos;
  });
  ASSERT_NE(faults, targets.end());
  EXPECT_FALSE(faults->met);
}

// Catches cells that are missing from the tables, or that have a dash where their reason belongs.
TEST(WriteMarkdown, SaysWhyACellHasNoFigure) {
  Report report{.rows = Rows(Everything(), Programs{.party = "party"}), .selection = Everything()};
  for (Row& row : report.rows) {
    if (row.skipped.empty()) row.rounds.push_back({.p50 = 12345});
  }
  char path[] = "/tmp/vsbench-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0) << errno;
  close(fd);
  ASSERT_TRUE(WriteMarkdown(report, path));
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  unlink(path);
  EXPECT_NE(text.str().find("| `videostream` `latest` | 12.3 (1.00) | 12.3 (1.00) |"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("gst_peer was not built"), std::string::npos);
  EXPECT_NE(text.str().find("GB/s usable"), std::string::npos);
  for (const char* heading : {"The published figures", "256 consumers", "NV12", "Late joiner", "Targets"}) {
    EXPECT_NE(text.str().find(heading), std::string::npos) << heading;
  }
}

// Catches a wrong middle.
TEST(Row, MedianIsTheMiddleRound) {
  EXPECT_EQ(RowWith("a", "b", {3, 1, 2}).Median(&Round::p50), 2);
  EXPECT_EQ(RowWith("a", "b", {4, 1, 2, 3}).Median(&Round::p50), 2.5);
  EXPECT_EQ(RowWith("a", "b", {}).Median(&Round::p50), 0);
}

}  // namespace
}  // namespace videostream::bench::transport

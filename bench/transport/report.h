// SPDX-License-Identifier: Apache-2.0
// What is said about the rows: table, JSON, Markdown, plot, targets.
#pragma once

#include <string>
#include <vector>

#include "bench/transport/cell.h"

namespace videostream::bench::transport {

struct Report {
  std::vector<Row> rows;
  Selection selection;
  int rounds = 0;
  double seconds = 0;  // that the whole run took
};

// A target and whether it was met.
struct Target {
  std::string text;
  std::string measured = {};  // empty: not measured in this run
  bool met = false;           // as measured
  bool selected = true;       // all cells that it needs were selected: not measured is a failure
  std::string why = {};       // it was not measured

  // Under --strict. Nothing is said of cells that nobody has asked for.
  bool fails() const { return measured.empty() ? selected : !met; }
};

// As printf does it; at most 255 characters.
[[gnu::format(printf, 1, 2)]] std::string Text(const char* format, ...);

void PrintGroup(const std::vector<Row>& rows, const std::string& group);
void PrintAudits(const std::vector<Row>& rows);
std::vector<Target> Targets(const Report& report);
void PrintTargets(const std::vector<Target>& targets);
bool WriteJson(const Report& report, const std::string& path);
// The tables of docs/performance.md.
bool WriteMarkdown(const Report& report, const std::string& path);
// PREFIX.svg and PREFIX.png, by gnuplot: the median latency over the number of consumers.
bool Plot(const Report& report, const std::string& prefix);

// The row of that backend and mode among the others of this row's group; null if it has no figures.
const Row* InGroup(const std::vector<Row>& rows, const std::string& group, const std::string& backend,
                   const std::string& mode);
// Median over the rounds of the ratio of the medians of both in the same round; 0 if there is none.
double Ratio(const Row& row, const Row* floor);
// The floor that a row is compared with: a doorbell for event loops, else the futex.
const Row* FloorOf(const std::vector<Row>& rows, const Row& row);

}  // namespace videostream::bench::transport

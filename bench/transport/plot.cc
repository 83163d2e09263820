// SPDX-License-Identifier: Apache-2.0
// The plot, drawn by gnuplot.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "bench/process.h"
#include "bench/transport/report.h"

namespace videostream::bench::transport {
namespace {

constexpr int kPatienceMs = 20000;

constexpr char kHead[] =
    "set logscale x 2\nset logscale y 10\nset grid\nset key outside right center\nset xlabel 'consumers'\n"
    "set ylabel 'median latency, microseconds'\nset title 'publish to frame in hand, 1920x1080 RGBX at 60 fps'\n";

// Ours thick, floors dashed, others plain; each in a colour of its own.
std::string Style(const std::string& name, size_t index) {
  constexpr std::array<const char*, 7> kColours = {"#1b6ac9", "#d1495b", "#2e933c", "#8b5fbf",
                                                   "#e08e1b", "#0f8b8d", "#5a5a5a"};
  const bool ours = name.starts_with("videostream");
  const bool floor = name.starts_with("floor");
  return std::string(" lc rgb '") + kColours[index % kColours.size()] + "' lw " + (ours ? "3" : "1") + " dt " +
         (floor ? "2" : "1");
}

bool Plotted(const Row& row) {
  return row.cell.fps == 60 && !row.cell.read_all && row.cell.format == "RGBX" && row.cell.steady();
}

}  // namespace

bool Plot(const Report& report, const std::string& prefix) {
  std::vector<std::string> names;
  for (const Row& row : report.rows) {
    const std::string name = row.cell.Name();
    const bool shown = Plotted(row) && !row.rounds.empty();
    if (shown && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (names.empty()) return false;
  const std::string script_path = prefix + ".gnuplot";
  std::ofstream script(script_path);
  script << kHead;
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    script << "$d" << i << " << END\n";
    for (const Row& row : report.rows) {
      if (!Plotted(row) || row.rounds.empty() || row.cell.Name() != names[i]) continue;
      script << row.cell.consumers << " " << row.Median(&Round::p50) / 1e3 << "\n";
    }
    script << "END\n";
    list += std::string(i == 0 ? "" : ", ") + "$d" + std::to_string(i) + " with linespoints title '" + names[i] + "'" +
            Style(names[i], i);
  }
  for (const char* kind : {"svg", "png"}) {
    script << "set terminal " << kind << " size 1100,600\nset output '" << prefix << "." << kind << "'\nplot " << list
           << "\n";
  }
  script.close();
  Process gnuplot({"/usr/bin/gnuplot", script_path}, prefix + ".log");
  const bool drawn = gnuplot.running() && gnuplot.End(kPatienceMs) == 0;
  unlink(script_path.c_str());
  unlink((prefix + ".log").c_str());
  return drawn;
}

}  // namespace videostream::bench::transport

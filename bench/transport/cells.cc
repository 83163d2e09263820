// SPDX-License-Identifier: Apache-2.0
// Which cells there are, and which of them make no sense here.
#include <algorithm>
#include <cstdio>

#include "bench/transport/cell.h"

namespace videostream::bench::transport {
namespace {

constexpr uint32_t kQueue = 2;
constexpr double kUsableBandwidth = 0.8;  // beyond that the readers measure each other
constexpr uint32_t kManyAtOnce = 256;
constexpr uint32_t kRestarts = 20, kQuickRestarts = 3, kRestarted = 3;  // and consumers that see them

struct Contender {
  const char* backend;
  const char* mode;
  uint32_t queue;
  bool quick;
};

constexpr Contender kContenders[] = {
    {"floor-futex", "block", 0, true},
    {"videostream", "latest", 0, true},
    {"videostream", "queue", kQueue, false},
    {"floor-pipe", "epoll", 0, true},
    {"floor-eventfd", "epoll", 0, false},
    {"videostream", "latest-epoll", 0, true},
    {"videostream", "queue-epoll", kQueue, false},
    {"videostream-run", "latest", 0, false},
    {"floor-seqpacket", "block", 0, false},
    {"floor-seqpacket-fd", "block", 0, false},
    {"floor-memcpy", "block", 0, false},
    {"gst-shm", "allocator", 0, true},
    {"gst-shm", "copy", 0, true},
    {"pipewire", "-", 0, true},
};

// Without the other half of the matrix: enough to compare.
bool IsMain(const Contender& c) {
  const std::string backend = c.backend, mode = c.mode;
  return backend == "floor-futex" || (backend == "videostream" && mode == "latest") || backend == "gst-shm" ||
         backend == "pipewire";
}

class Maker {
 public:
  Maker(const Selection& selection, const Programs& programs) : selection_(selection), programs_(programs) {}

  std::vector<Row> Make() {
    for (const uint32_t n : selection_.consumers) Matrix(n);
    Fixed();
    return std::move(rows_);
  }

 private:
  void Matrix(uint32_t n) {
    Group({.consumers = n});
    if (selection_.quick) return;
    Group({.consumers = n, .read_all = true});
    Group({.consumers = n, .fps = 0});
    Group({.consumers = n, .fps = 0, .read_all = true});
    Group({.consumers = n, .format = "NV12"}, true);
    Group({.consumers = n, .format = "NV12", .read_all = true}, true);
  }
  // What the targets need beyond the matrix.
  void Fixed() {
    const double seconds = selection_.quick ? selection_.seconds : 4 * selection_.seconds;
    Group({.consumers = 3, .fps = 30, .seconds = seconds}, true);
    if (!selection_.quick) {
      const Cell many{.consumers = kManyAtOnce, .fps = 30, .seconds = seconds};
      for (const Contender& c : kContenders) {
        const std::string backend = c.backend, mode = c.mode;
        const bool ours = backend == "videostream" && (mode == "latest" || mode == "queue");
        if (backend == "floor-futex" || ours) Add(many, c);
      }
    }
    Add({.consumers = 1, .fps = 60, .seconds = selection_.quick ? 1.5 : 4}, {"videostream", "join", 0, true});
    for (const char* mode : {"restart", "restart-epoll"}) {
      const uint32_t restarts = selection_.quick ? kQuickRestarts : kRestarts;
      Add({.consumers = kRestarted, .fps = 60, .restarts = restarts}, {"videostream", mode, 0, true});
    }
  }

  void Group(const Cell& cell, bool main_only = false) {
    for (const Contender& c : kContenders) {
      // The smoke test starts others in one group only: it takes them long.
      const bool other = c.backend == std::string("gst-shm") || c.backend == std::string("pipewire");
      const bool in_smoke = c.quick && (!other || (cell.consumers == selection_.consumers.back() && !main_only));
      if ((!selection_.quick || in_smoke) && (!main_only || IsMain(c))) Add(cell, c);
    }
  }

  void Add(Cell cell, const Contender& c) {
    const bool wanted = selection_.only.empty() ||
                        std::find(selection_.only.begin(), selection_.only.end(), c.backend) != selection_.only.end();
    if (!wanted) return;
    cell.backend = c.backend;
    cell.mode = c.mode;
    cell.queue = c.queue;
    if (cell.seconds == 0) cell.seconds = selection_.seconds;
    const std::string rate = cell.fps == 0 ? "as fast as possible" : std::to_string(cell.fps) + " fps";
    cell.group = std::to_string(cell.consumers) + (cell.consumers == 1 ? " consumer, " : " consumers, ") + cell.format +
                 " 1920x1080, " + rate + ", reading " + (cell.read_all ? "every byte" : "8 bytes");
    if (cell.mode == "join") cell.group = "late joiner, " + rate;
    if (cell.restarts != 0) cell.group = "producer killed and started again, " + rate;
    if (cell.group.find(selection_.group) == std::string::npos) return;
    rows_.push_back({.cell = cell, .skipped = WhyNot(cell), .rounds = {}, .audit = {}});
  }

  std::string WhyNot(const Cell& cell) const {
    if (cell.backend == "gst-shm" && programs_.gst_peer.empty()) return "gst_peer was not built";
    if (cell.backend == "pipewire" && programs_.pipewire_peer.empty()) return "pipewire_peer was not built";
    if (cell.backend == "videostream-run") {
      if (programs_.videostream.empty()) return "videostream was not built";
      if (cell.fps == 0) return "its capture sets the pace";
    }
    if (!cell.read_all) return "";
    if (cell.fps == 0) {
      const bool fits = cell.consumers <= static_cast<uint32_t>(selection_.cores);
      return fits ? "" : "more readers than cores: each waits for memory and for a core";
    }
    const double wanted = static_cast<double>(cell.frame_bytes()) * cell.fps * cell.consumers;
    const double usable = kUsableBandwidth * selection_.read_bytes_per_second;
    if (wanted <= usable) return "";
    char why[96];
    snprintf(why, sizeof why, "%.1f GB/s to read, %.1f GB/s usable", wanted / 1e9, usable / 1e9);
    return why;
  }

  const Selection& selection_;
  const Programs& programs_;
  std::vector<Row> rows_;
};

}  // namespace

std::string Cell::Name() const { return backend + (mode == "-" ? "" : " " + mode); }

std::vector<Row> Rows(const Selection& selection, const Programs& programs) {
  return Maker(selection, programs).Make();
}

double Middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  if (values.empty()) return 0;
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Row::Median(double Round::*figure) const {
  std::vector<double> values;
  values.reserve(rounds.size());
  for (const Round& round : rounds) values.push_back(round.*figure);
  return Middle(std::move(values));
}

double Row::Max(double Round::*figure) const {
  double most = 0;
  for (const Round& round : rounds) most = std::max(most, round.*figure);
  return most;
}

uint64_t Row::Sum(uint64_t Round::*figure) const {
  uint64_t sum = 0;
  for (const Round& round : rounds) sum += round.*figure;
  return sum;
}

}  // namespace videostream::bench::transport

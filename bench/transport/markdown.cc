// SPDX-License-Identifier: Apache-2.0
// The tables of docs/performance.md, to stand between its markers as they are.
#include <sys/utsname.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "bench/transport/report.h"

namespace videostream::bench::transport {
namespace {

using Picks = std::function<bool(const Cell&)>;

// Two words of code, lest `videostream latest` be taken for a command.
std::string Code(std::string name) {
  if (const size_t space = name.find(' '); space != std::string::npos) name.replace(space, 1, "` `");
  return "`" + name + "`";
}
std::string Name(const Row& row) { return Code(row.cell.Name()); }

// Reasons for cells without a figure: a letter in the cell, the words below the table.
class Reasons {
 public:
  std::string Letter(const std::string& why) {
    auto found = std::find(reasons_.begin(), reasons_.end(), why);
    if (found == reasons_.end()) found = reasons_.insert(reasons_.end(), why);
    return "(" + std::string(1, static_cast<char>('a' + (found - reasons_.begin()) % 26)) + ")";
  }
  std::string Letter(const Row* row) {
    if (row == nullptr) return Letter("not selected");
    return Letter(row->skipped.empty() ? "not reached" : row->skipped);
  }
  void Write(std::ostream& out) const {
    std::string text;
    for (const std::string& why : reasons_) {
      const char letter = static_cast<char>('a' + (&why - reasons_.data()) % 26);
      text += (text.empty() ? "Not measured: (" : "; (") + std::string(1, letter) + ") " + why;
    }
    if (!text.empty()) out << "\n" << text << ".\n";
  }

 private:
  std::vector<std::string> reasons_;
};

// Median and, in parentheses, times the floor: a row per backend, a column per number of consumers.
void ByConsumers(const Report& report, const char* title, const Picks& picks, std::ostream& out) {
  std::vector<uint32_t> columns;
  std::vector<std::string> names;
  for (const Row& row : report.rows) {
    if (!picks(row.cell)) continue;
    if (std::find(columns.begin(), columns.end(), row.cell.consumers) == columns.end()) {
      columns.push_back(row.cell.consumers);
    }
    if (std::find(names.begin(), names.end(), row.cell.Name()) == names.end()) names.push_back(row.cell.Name());
  }
  if (names.empty()) return;
  std::sort(columns.begin(), columns.end());
  out << "\n### " << title << "\n\nMedian in µs over the number of consumers; in parentheses: times the floor.\n\n| |";
  for (const uint32_t n : columns) out << " " << n << " |";
  out << "\n|---|";
  for (size_t i = 0; i < columns.size(); ++i) out << "---|";
  out << "\n";
  Reasons reasons;
  for (const std::string& name : names) {
    out << "| " << Code(name) << " |";
    for (const uint32_t n : columns) {
      const auto row = std::find_if(report.rows.begin(), report.rows.end(), [&](const Row& r) {
        return picks(r.cell) && r.cell.Name() == name && r.cell.consumers == n;
      });
      if (row == report.rows.end() || row->rounds.empty()) {
        out << " " << reasons.Letter(row == report.rows.end() ? nullptr : &*row) << " |";
        continue;
      }
      const Row* floor = FloorOf(report.rows, *row);
      const double ratio = Ratio(*row, floor);
      out << Text(" %.1f", row->Median(&Round::p50) / 1e3);
      out << (ratio > 0 && floor != &*row ? Text(" (%.2f) |", ratio) : " |");
    }
    out << "\n";
  }
  reasons.Write(out);
}

// All that is known of the rows of a group.
void Groups(const Report& report, const Picks& picks, std::ostream& out) {
  std::vector<std::string> groups;
  for (const Row& row : report.rows) {
    const bool known = std::find(groups.begin(), groups.end(), row.cell.group) != groups.end();
    if (picks(row.cell) && !known) groups.push_back(row.cell.group);
  }
  for (const std::string& group : groups) {
    out << "\n### Latency: " << group << "\n\n"
        << "| | p50 µs | p99 µs | max µs | delivered | published | skipped | producer CPU % | consumer CPU % |\n"
        << "|---|---|---|---|---|---|---|---|---|\n";
    Reasons reasons;
    for (const Row& row : report.rows) {
      if (row.cell.group != group) continue;
      out << "| " << Name(row) << " |";
      if (row.rounds.empty()) {
        out << " " << reasons.Letter(&row) << " | | | | | | | |\n";
        continue;
      }
      out << Text(" %.1f | %.1f | %.1f | %llu | %llu | %llu | %.1f | %.2f |\n", row.Median(&Round::p50) / 1e3,
                  row.Median(&Round::p99) / 1e3, row.Median(&Round::max) / 1e3,
                  static_cast<unsigned long long>(row.Sum(&Round::delivered)),
                  static_cast<unsigned long long>(row.Sum(&Round::published)),
                  static_cast<unsigned long long>(row.Sum(&Round::skipped)), row.Median(&Round::producer_cpu),
                  row.Median(&Round::consumer_cpu));
    }
    reasons.Write(out);
  }
}

// Consumers and producers that come in the middle.
void ComingAndGoing(const Report& report, std::ostream& out) {
  std::string lines;
  Reasons reasons;
  for (const Row& row : report.rows) {
    if (row.cell.steady()) continue;
    lines += "| " + Name(row) + ": " + row.cell.group + " |";
    if (row.rounds.empty()) {
      lines += " " + reasons.Letter(&row) + " | | | | |\n";
      continue;
    }
    lines += Text(" %.1f | %.1f | %.1f | %llu | ", row.Median(&Round::p50) / 1e6, row.Median(&Round::p99) / 1e6,
                  row.Max(&Round::max) / 1e6, static_cast<unsigned long long>(row.Sum(&Round::delivered)));
    lines +=
        row.cell.restarts != 0 ? " |\n" : Text("%llu |\n", static_cast<unsigned long long>(row.Sum(&Round::skipped)));
  }
  if (lines.empty()) return;
  out << "\n### Late joiner and restarts\n\n"
      << "| | p50 ms | p99 ms | max ms | times | frames missed |\n|---|---|---|---|---|---|\n"
      << lines;
  reasons.Write(out);
}

void SystemCalls(const Report& report, std::ostream& out) {
  const auto first = std::find_if(report.rows.begin(), report.rows.end(), [](const Row& r) { return r.audit.wanted; });
  if (first == report.rows.end()) return;
  out << "\n### System calls per frame\n\n"
      << first->cell.consumers << " consumers at 60 fps.\n\n"
      << "| | producer | | consumer | |\n|---|---|---|---|---|\n";
  Reasons reasons;
  for (const Row& row : report.rows) {
    const Audit& audit = row.audit;
    if (!audit.wanted) continue;
    out << "| " << Name(row) << " | ";
    if (!audit.counted) {
      out << reasons.Letter(audit.why) << " | | | |\n";
      continue;
    }
    out << Text("%.2f | ", audit.producer.PerFrame()) << audit.producer.Text()
        << Text(" | %.2f | ", audit.consumer.PerFrame()) << audit.consumer.Text() << " |\n";
  }
  reasons.Write(out);
}

void MemoryTable(const Report& report, std::ostream& out) {
  const auto weighed = [](const Row& r) { return r.audit.wanted && !r.cell.backend.starts_with("floor-"); };
  if (std::none_of(report.rows.begin(), report.rows.end(), weighed)) return;
  out << "\n### Memory of the producer per consumer, of 32\n\n"
      << "| | bytes | heap, page tables | client page | pipe | kernel objects | descriptors |\n"
      << "|---|---|---|---|---|---|---|\n";
  Reasons reasons;
  for (const Row& row : report.rows) {
    const Audit& audit = row.audit;
    if (!weighed(row)) continue;
    out << "| " << Name(row) << " | ";
    if (!audit.weighed) {
      out << reasons.Letter(audit.why) << " | | | | | |\n";
      continue;
    }
    const std::string kernel = audit.kernel_bytes > 0 ? Text("%.0f", audit.kernel_bytes) : "not known";
    out << Text("%.0f | %.0f | %.0f | %.0f | %s | %.1f |\n", audit.bytes(), audit.heap_bytes, audit.page_bytes,
                audit.pipe_bytes, kernel.c_str(), audit.fds);
  }
  reasons.Write(out);
}

struct Step {
  const char* text;
  const char *backend, *mode;
  const char *beside, *beside_mode;  // null: the figure itself
  double Round::*figure;
};

constexpr Step kSteps[] = {
    {"wake a sleeping process through a futex, until it has read a number", "floor-futex", "block", nullptr, nullptr,
     &Round::p50},
    {"the same through a pipe and `epoll_wait`", "floor-pipe", "epoll", "floor-futex", "block", &Round::p50},
    {"a message instead of a word", "floor-seqpacket", "block", "floor-futex", "block", &Round::p50},
    {"a descriptor in the message", "floor-seqpacket-fd", "block", "floor-seqpacket", "block", &Round::p50},
    {"copy the frame", "floor-memcpy", "block", "floor-futex", "block", &Round::p50},
    {"ours: descriptor, claim, checks, lease (`latest` over the futex)", "videostream", "latest", "floor-futex",
     "block", &Round::p50},
    {"ours in an event loop (`latest-epoll` over the pipe)", "videostream", "latest-epoll", "floor-pipe", "epoll",
     &Round::p50},
    {"one publish call of the futex floor", "floor-futex", "block", nullptr, nullptr, &Round::publish_p50},
    {"one publish call of `latest`", "videostream", "latest", nullptr, nullptr, &Round::publish_p50},
};

std::string StepText(const Report& report, const Step& step, uint32_t fps) {
  std::string group;
  for (const Row& row : report.rows) {
    const Cell& cell = row.cell;
    const bool fits = cell.steady() && cell.consumers == 1 && cell.format == "RGBX" && !cell.read_all;
    if (fits && cell.fps == fps) group = cell.group;
  }
  const Row* row = InGroup(report.rows, group, step.backend, step.mode);
  const Row* beside = step.beside != nullptr ? InGroup(report.rows, group, step.beside, step.beside_mode) : nullptr;
  if (row == nullptr || (step.beside != nullptr && beside == nullptr)) return "not measured";
  const double us = row->Median(step.figure) / 1e3;
  return beside == nullptr ? Text("%.1f µs", us) : Text("%+.1f µs", us - beside->Median(step.figure) / 1e3);
}

void Steps(const Report& report, std::ostream& out) {
  out << "\n### Where each microsecond goes\n\nDifferences of the cells above with one consumer.\n\n"
      << "| step | at 60 fps | as fast as possible |\n|---|---|---|\n";
  for (const Step& step : kSteps) {
    out << "| " << step.text << " | " << StepText(report, step, 60) << " | " << StepText(report, step, 0) << " |\n";
  }
}

void TargetTable(const Report& report, std::ostream& out) {
  out << "\n### Targets\n\n| target | measured | |\n|---|---|---|\n";
  for (const Target& target : Targets(report)) {
    const bool measured = !target.measured.empty();
    out << "| " << target.text << " | " << (measured ? target.measured : target.why) << " | "
        << (!measured ? "not measured" : (target.met ? "met" : "**missed**")) << " |\n";
  }
}

// What the figures that are published for the original become here.
void Known(const Report& report, std::ostream& out) {
  const Row *ours = nullptr, *floor = nullptr, *most = nullptr, *weighed = nullptr;
  for (const Row& row : report.rows) {
    const Cell& cell = row.cell;
    const bool latest = cell.backend == "videostream" && cell.mode == "latest" && !cell.read_all;
    if (!latest || cell.format != "RGBX") continue;
    if (row.audit.weighed) weighed = &row;
    if (row.rounds.empty()) continue;
    if (cell.consumers == 3 && cell.fps == 30) ours = &row;
    if (cell.consumers == 32 && cell.fps == 60) most = &row;
  }
  if (ours != nullptr) floor = FloorOf(report.rows, *ours);
  const auto latency = [](const Row* row) {
    if (row == nullptr) return std::string("not measured");
    return Text("%.3f ms median, %.3f ms 99 %%", row->Median(&Round::p50) / 1e6, row->Median(&Round::p99) / 1e6);
  };
  const auto cpu = [](const Row* row) {
    return row == nullptr ? "not measured" : Text("%.2f %% of one core", row->Median(&Round::consumer_cpu));
  };
  out << "\n### The published figures\n\n| | EdgeFirst, i.MX 8M Plus | here | bare futex here |\n|---|---|---|---|\n"
      << "| latency, dma-buf | under 3 ms | not measured: no such board | |\n"
      << "| latency, shared memory | under 10 ms | " << latency(ours) << " | " << latency(floor) << " |\n"
      << "| CPU per client | under 2 % | " << cpu(ours) << " | " << cpu(floor) << " |\n"
      << "| memory per client | 100 KB | "
      << (weighed != nullptr ? Text("%.1f KiB", weighed->audit.bytes() / 1024) : "not measured") << " | |\n"
      << "| clients at 60 fps | 3 | 32: " << latency(most) << " | "
      << latency(most != nullptr ? FloorOf(report.rows, *most) : nullptr) << " |\n";
}

bool InKvmGuest() {
#if defined(__x86_64__) || defined(__i386__)
  unsigned features = 0, unused = 0, name[3] = {};
  __get_cpuid(1, &unused, &unused, &features, &unused);
  if ((features & (1U << 31)) == 0) return false;  // under no hypervisor: the next leaf is not for us
  __cpuid(0x40000000, unused, name[0], name[1], name[2]);
  return std::memcmp(name, "KVMKVMKVM\0\0\0", sizeof name) == 0;
#else
  std::string clock;
  std::ifstream("/sys/devices/system/clocksource/clocksource0/current_clocksource") >> clock;
  return clock == "kvm-clock";
#endif
}

void Machine(const Report& report, std::ostream& out) {
  utsname system{};
  uname(&system);
  char date[32];
  const time_t now = time(nullptr);
  tm utc{};
  strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &utc));
  const std::string release = system.release;
  out << "Measured " << date << ": " << report.selection.cores << " cores, "
      << Text("%.1f GB/s from memory, ", report.selection.read_bytes_per_second / 1e9) << system.sysname << " "
      << release.substr(0, release.find('-')) << " " << system.machine << (InKvmGuest() ? ", KVM guest" : "")
      << Text("; medians over %d rounds of %.2f s.\n", report.rounds, report.selection.seconds);
}

}  // namespace

bool WriteMarkdown(const Report& report, const std::string& path) {
  std::ofstream out(path);
  const auto matrix = [](uint32_t fps, bool read_all) {
    return [=](const Cell& cell) {
      return cell.steady() && cell.format == "RGBX" && cell.fps == fps && cell.read_all == read_all;
    };
  };
  Machine(report, out);
  Known(report, out);
  ByConsumers(report, "Latency: 1920x1080 RGBX, 60 fps, reading 8 bytes", matrix(60, false), out);
  ByConsumers(report, "Latency: 1920x1080 RGBX, 60 fps, reading every byte", matrix(60, true), out);
  ByConsumers(report, "Latency: 1920x1080 RGBX, as fast as possible, reading 8 bytes", matrix(0, false), out);
  ByConsumers(report, "Latency: 1920x1080 RGBX, as fast as possible, reading every byte", matrix(0, true), out);
  Groups(
      report, [](const Cell& cell) { return cell.steady() && (cell.format == "NV12" || cell.fps == 30); }, out);
  ComingAndGoing(report, out);
  SystemCalls(report, out);
  MemoryTable(report, out);
  Steps(report, out);
  TargetTable(report, out);
  return static_cast<bool>(out << std::flush);
}

}  // namespace videostream::bench::transport

// SPDX-License-Identifier: Apache-2.0
// What our transport is to reach, each against what was measured beside it.
#include <algorithm>
#include <cstdio>

#include "bench/transport/report.h"

namespace videostream::bench::transport {
namespace {

constexpr double kRatio = 1.2;
constexpr double kConsumerCalls = 2;
constexpr double kBlockingProducerCalls = 3;
constexpr double kProducerBytes = 16384;
constexpr double kReconnectNs = 200e6;

bool Ours(const Row& row, const char* mode) { return row.cell.backend == "videostream" && row.cell.mode == mode; }
bool Reading8At60(const Row& row) { return row.cell.fps == 60 && !row.cell.read_all && row.cell.format == "RGBX"; }
bool Polls(const Row& row) { return row.cell.mode.find("epoll") != std::string::npos; }

// Why a row that was selected has no figures.
std::string WhyNot(const Row& row) { return row.skipped.empty() ? "not reached" : row.skipped; }

void Ratios(const Report& report, const char* mode, std::vector<Target>* out) {
  for (const Row& row : report.rows) {
    const uint32_t n = row.cell.consumers;
    if (!Ours(row, mode) || !Reading8At60(row) || (n != 1 && n != 8 && n != 32)) continue;
    const char* backend = Polls(row) ? "floor-pipe" : "floor-futex";
    Target target{
        Text("videostream %s, %u consumer%s: median within %.1fx of %s", mode, n, n == 1 ? "" : "s", kRatio, backend)};
    const Row* floor = FloorOf(report.rows, row);
    if (const double ratio = Ratio(row, floor); ratio > 0) {
      target.measured = Text("%.2fx (%.1f us, floor %.1f us)", ratio, row.Median(&Round::p50) / 1e3,
                             floor->Median(&Round::p50) / 1e3);
      target.met = ratio <= kRatio;
    } else if (row.rounds.empty()) {
      target.why = WhyNot(row);
    } else {
      target.selected = std::any_of(report.rows.begin(), report.rows.end(), [&](const Row& other) {
        return other.cell.group == row.cell.group && other.cell.backend == backend;
      });
      target.why = target.selected ? "its floor has no figures" : "its floor was not selected";
    }
    out->push_back(target);
  }
}

void Faults(const Report& report, std::vector<Target>* out) {
  Target target{"no page faults in steady consumers of videostream"};
  target.selected = false;
  target.why = "no such cell was selected";
  double worst = 0;
  size_t rounds = 0;
  for (const Row& row : report.rows) {
    if (row.cell.backend != "videostream" || !row.cell.steady()) continue;
    target.selected = true;
    if (row.rounds.empty()) target.why = WhyNot(row);
    worst = std::max(worst, row.Max(&Round::faults_per_frame));
    rounds += row.rounds.size();
  }
  if (rounds > 0) {
    target.measured = Text("at most %.4f per frame, in %zu rounds", worst, rounds);
    target.met = worst == 0;
  }
  out->push_back(target);
}

void Audited(const Row& row, std::vector<Target>* out) {
  const Audit& audit = row.audit;
  if (row.cell.backend != "videostream" || !audit.wanted) return;
  const double consumer = audit.consumer.PerFrame();
  const double limit = Polls(row) ? row.cell.consumers + 2 : kBlockingProducerCalls;
  const char* name = row.cell.mode.c_str();
  Target of_consumer{Text("videostream %s: at most %.0f system calls per frame in a consumer", name, kConsumerCalls)};
  Target of_producer{
      Text("videostream %s: at most %.0f per frame in the producer, of %u consumers", name, limit, row.cell.consumers)};
  Target of_memory{Text("videostream %s: at most 16 KiB of producer memory per consumer", name)};
  of_consumer.why = of_producer.why = of_memory.why = audit.why;
  if (audit.counted) {
    of_consumer.measured = Text("%.3f (%s)", consumer, audit.consumer.Text().c_str());
    of_consumer.met = consumer <= kConsumerCalls;
    // All threads; without the sleep that keeps the benchmark's rate, which is no part of the transport.
    const double producer = audit.producer.PerFrameWithoutPacing();
    of_producer.measured = Text("%.2f", producer);
    of_producer.met = producer <= limit;
  }
  if (audit.weighed) {
    of_memory.measured = Text("%.1f KiB", audit.bytes() / 1024);
    of_memory.met = audit.bytes() <= kProducerBytes;
  }
  out->insert(out->end(), {of_consumer, of_producer, of_memory});
}

void ManyAtOnce(const Row& row, std::vector<Target>* out) {
  if (row.cell.backend != "videostream" || row.cell.consumers != 256 || row.cell.fps != 30) return;
  Target target{Text("videostream %s: 256 consumers at 30 fps, nothing skipped", row.cell.mode.c_str())};
  if (row.rounds.empty()) {
    target.why = WhyNot(row);
  } else {
    const unsigned long long skipped = row.Sum(&Round::skipped), delivered = row.Sum(&Round::delivered);
    target.measured = Text("%llu skipped, %llu delivered", skipped, delivered);
    target.met = skipped == 0;
  }
  out->push_back(target);
}

void Joining(const Row& row, std::vector<Target>* out) {
  if (!Ours(row, "join")) return;
  Target target{"late joiner: first frame within one frame interval, and it is the next one published"};
  if (row.rounds.empty()) {
    target.why = WhyNot(row);
  } else {
    const unsigned long long missed = row.Sum(&Round::skipped), joins = row.Sum(&Round::delivered);
    const double interval = 1e9 / row.cell.fps, p99 = row.Median(&Round::p99) / interval;
    target.measured = Text("p50 %.2f, p99 %.2f, max %.2f intervals; %llu joins, %llu frames missed",
                           row.Median(&Round::p50) / interval, p99, row.Median(&Round::max) / interval, joins, missed);
    target.met = joins > 0 && p99 <= 1.0 && missed == 0;
  }
  out->push_back(target);
}

void Restarting(const Row& row, std::vector<Target>* out) {
  if (row.cell.backend != "videostream" || row.cell.restarts == 0) return;
  Target target{Text("videostream %s: connected again at most %.0f ms after the new socket listens",
                     row.cell.mode.c_str(), kReconnectNs / 1e6)};
  if (row.rounds.empty()) {
    target.why = WhyNot(row);
  } else {
    const unsigned long long restarts = row.Sum(&Round::published);
    target.measured =
        Text("p50 %.1f, p99 %.1f, max %.1f ms; %llu restarts, %u consumers", row.Median(&Round::p50) / 1e6,
             row.Median(&Round::p99) / 1e6, row.Max(&Round::max) / 1e6, restarts, row.cell.consumers);
    target.met = row.Max(&Round::max) <= kReconnectNs;
  }
  out->push_back(target);
}

}  // namespace

std::vector<Target> Targets(const Report& report) {
  std::vector<Target> targets;
  Ratios(report, "latest", &targets);
  Ratios(report, "latest-epoll", &targets);
  Faults(report, &targets);
  for (const Row& row : report.rows) Audited(row, &targets);
  for (const Row& row : report.rows) ManyAtOnce(row, &targets);
  for (const Row& row : report.rows) Joining(row, &targets);
  for (const Row& row : report.rows) Restarting(row, &targets);
  return targets;
}

void PrintTargets(const std::vector<Target>& targets) {
  printf("\ntargets\n");
  for (const Target& target : targets) {
    if (target.measured.empty()) {
      printf("  not measured  %s: %s\n", target.text.c_str(), target.why.c_str());
    } else {
      printf("  %-13s %s: %s\n", target.met ? "met" : "MISSED", target.text.c_str(), target.measured.c_str());
    }
  }
}

}  // namespace videostream::bench::transport

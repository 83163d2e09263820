// SPDX-License-Identifier: Apache-2.0
// The figures of one round.
#include <algorithm>
#include <random>
#include <vector>

#include "bench/samples.h"
#include "bench/transport/run.h"

namespace videostream::bench::transport {
namespace {

constexpr int64_t kLeastAbsentUs = 150'000, kMostAbsentUs = 650'000;  // a producer, between two lives

double Share(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double Percentile(const std::vector<uint64_t>& buckets, double percent) {
  uint64_t all = 0;
  for (const uint64_t count : buckets) all += count;
  const auto rank = static_cast<uint64_t>(percent / 100 * static_cast<double>(all));
  uint64_t below = 0;
  for (uint32_t i = 0; i < buckets.size(); ++i) {
    below += buckets[i];
    if (below > rank) return Histogram::Value(i);
  }
  return 0;
}

void Gather(const Run& run, const Cell& cell, Round* out) {
  const Board& board = run.board();
  std::vector<uint64_t> latency(Histogram::kBuckets), publish(Histogram::kBuckets);
  uint64_t faults = 0, newest = 0;
  double cpu = 0;
  for (uint32_t i = 0; i < cell.consumers; ++i) {
    const Record& record = board.consumers[i];
    for (uint32_t b = 0; b < Histogram::kBuckets; ++b) latency[b] += record.latency.buckets[b];
    out->max = std::max(out->max, static_cast<double>(record.latency.max_ns));
    out->delivered += record.frames;
    out->skipped += record.skipped;
    newest = std::max(newest, record.frames + record.skipped);
    faults += record.faults;
    cpu += Share(record.cpu_ns, record.wall_ns);
  }
  for (uint32_t b = 0; b < Histogram::kBuckets; ++b) publish[b] += board.producer.latency.buckets[b];
  out->p50 = Percentile(latency, 50);
  out->p99 = Percentile(latency, 99);
  out->publish_p50 = Percentile(publish, 50);
  out->consumer_cpu = cpu / cell.consumers;
  out->faults_per_frame = out->delivered == 0 ? 0 : static_cast<double>(faults) / static_cast<double>(out->delivered);
  out->published = run.external() ? newest : board.producer.frames;
  out->producer_cpu = run.external() ? run.producer_cpu() : Share(board.producer.cpu_ns, board.producer.wall_ns);
}

// Restarts are few: all of their times are kept.
std::string RunRestarts(const Programs& programs, const Cell& cell, Round* out) {
  Run run(programs, cell);
  if (!run.Make() || !run.StartProducer() || !run.StartConsumers()) return run.why();
  run.SetPhase(kWarm);
  Samples latency;
  std::minstd_rand random(cell.restarts);
  for (uint32_t i = 1; i <= cell.restarts; ++i) {
    if (!run.RestartProducer(std::uniform_int_distribution<int64_t>(kLeastAbsentUs, kMostAbsentUs)(random))) {
      return run.why();
    }
    const Board& board = run.board();
    const auto connected = [&](const Record& record) { return record.seen.load(std::memory_order_acquire) >= i; };
    const auto all = [&] { return std::all_of(board.consumers, board.consumers + cell.consumers, connected); };
    if (!run.Await(kWarmNs, all, "connecting again")) return run.why();
    for (uint32_t n = 0; n < cell.consumers; ++n) {
      // One may be connected before its producer gets round to looking at the clock.
      latency.Add(static_cast<double>(std::max<int64_t>(0, board.consumers[n].wall_ns - board.producer.wall_ns)));
    }
  }
  out->p50 = latency.Percentile(50);
  out->p99 = latency.Percentile(99);
  out->max = latency.max();
  out->published = cell.restarts;
  out->delivered = latency.count();
  run.Exit();
  return "";
}

}  // namespace

std::string RunRound(const Programs& programs, const Cell& cell, Round* out) {
  if (cell.restarts != 0) return RunRestarts(programs, cell, out);
  Run run(programs, cell);
  if (!run.Make() || !run.StartProducer() || !run.StartConsumers() || !run.WarmUp() || !run.Measure()) {
    return run.why();
  }
  Gather(run, cell, out);
  run.Exit();
  return "";
}

}  // namespace videostream::bench::transport

// SPDX-License-Identifier: Apache-2.0
// What our transport is to reach, each against what was measured beside it.
#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "bench/transport/report.h"

namespace videostream::bench::transport {
namespace {

constexpr double kRatio = 1.2;
constexpr double kConsumerCalls = 2;
constexpr double kBlockingProducerCalls = 3;
constexpr double kProducerBytes = 16384;

[[gnu::format(printf, 1, 2)]] std::string Text(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

bool Ours(const Row& row, const char* mode) { return row.cell.backend == "videostream" && row.cell.mode == mode; }
bool Reading8At60(const Row& row) { return row.cell.fps == 60 && !row.cell.read_all && row.cell.format == "RGBX"; }

void Ratios(const Report& report, const char* mode, std::vector<Target>* out) {
  for (const Row& row : report.rows) {
    const uint32_t n = row.cell.consumers;
    if (!Ours(row, mode) || !Reading8At60(row) || (n != 1 && n != 8 && n != 32)) continue;
    const Row* floor = FloorOf(report.rows, row);
    Target target{Text("videostream %s, %u consumers: median within %.1fx of %s", mode, n, kRatio,
                       floor != nullptr ? floor->cell.Name().c_str() : "its floor"),
                  ""};
    if (const double ratio = Ratio(row, floor); ratio > 0) {
      target.measured = Text("%.2fx (%.1f us, floor %.1f us)", ratio, row.Median(&Round::p50) / 1e3,
                             floor->Median(&Round::p50) / 1e3);
      target.met = ratio <= kRatio;
    }
    out->push_back(target);
  }
}

void Faults(const Report& report, std::vector<Target>* out) {
  Target target{"no page faults in steady consumers of videostream", ""};
  double worst = -1;
  for (const Row& row : report.rows) {
    if (row.cell.backend != "videostream" || row.cell.mode == "join" || row.rounds.empty()) continue;
    worst = std::max(worst, row.Median(&Round::faults_per_frame));
  }
  if (worst >= 0) {
    target.measured = Text("at most %.4f per frame", worst);
    target.met = worst < 0.0005;
  }
  out->push_back(target);
}

void Audited(const Row& row, std::vector<Target>* out) {
  const Audit& audit = row.audit;
  if (row.cell.backend != "videostream" || !audit.counted) return;
  const double consumer = audit.consumer.PerFrame();
  const bool polls = row.cell.mode.find("epoll") != std::string::npos;
  const double limit = polls ? row.cell.consumers + 2 : kBlockingProducerCalls;
  const char* name = row.cell.mode.c_str();
  out->push_back({Text("videostream %s: at most %.0f system calls per frame in a consumer", name, kConsumerCalls),
                  Text("%.3f (%s)", consumer, audit.consumer.Text().c_str()), consumer <= kConsumerCalls});
  // All threads; without the sleep that keeps the benchmark's rate, which is no part of the transport.
  const double producer = audit.producer.PerFrameWithoutPacing();
  out->push_back(
      {Text("videostream %s: at most %.0f per frame in the producer, of %u consumers", name, limit, row.cell.consumers),
       Text("%.2f", producer), producer <= limit});
  if (!audit.weighed) return;
  out->push_back({Text("videostream %s: at most 16 KiB of producer memory per consumer", name),
                  Text("%.1f KiB", audit.bytes() / 1024), audit.bytes() <= kProducerBytes});
}

void Others(const Row& row, std::vector<Target>* out) {
  if (row.rounds.empty() || row.cell.backend != "videostream") return;
  const unsigned long long skipped = row.Sum(&Round::skipped), delivered = row.Sum(&Round::delivered);
  if (row.cell.consumers == 256 && row.cell.fps == 30) {
    out->push_back({Text("videostream %s: 256 consumers at 30 fps, nothing skipped", row.cell.mode.c_str()),
                    Text("%llu skipped, %llu delivered", skipped, delivered), skipped == 0});
  }
  if (row.cell.mode != "join") return;
  const double interval = 1e9 / row.cell.fps;
  const double p99 = row.Median(&Round::p99) / interval, max = row.Median(&Round::max) / interval;
  out->push_back({"late joiner: first frame within one frame interval, and it is the next one published",
                  Text("p50 %.2f, p99 %.2f, max %.2f intervals; %llu joins, %llu frames missed",
                       row.Median(&Round::p50) / interval, p99, max, delivered, skipped),
                  p99 <= 1.0 && skipped == 0});
}

}  // namespace

std::vector<Target> Targets(const Report& report) {
  std::vector<Target> targets;
  Ratios(report, "latest", &targets);
  Ratios(report, "latest-epoll", &targets);
  Faults(report, &targets);
  for (const Row& row : report.rows) Audited(row, &targets);
  for (const Row& row : report.rows) Others(row, &targets);
  return targets;
}

void PrintTargets(const std::vector<Target>& targets) {
  printf("\ntargets\n");
  for (const Target& target : targets) {
    if (target.measured.empty()) {
      printf("  not measured  %s\n", target.text.c_str());
    } else {
      printf("  %-13s %s: %s\n", target.met ? "met" : "MISSED", target.text.c_str(), target.measured.c_str());
    }
  }
}

}  // namespace videostream::bench::transport

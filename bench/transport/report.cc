// SPDX-License-Identifier: Apache-2.0
// Tables and JSON.
#include "bench/transport/report.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

namespace videostream::bench::transport {
namespace {

constexpr double kUs = 1e-3;  // from ns

void PrintRow(const std::vector<Row>& rows, const Row& row) {
  if (row.rounds.empty()) {
    const char* why = row.skipped.empty() ? "not reached" : row.skipped.c_str();
    printf("  %-28s skipped: %s\n", row.cell.Name().c_str(), why);
    return;
  }
  char ratio[16] = "-";
  if (const double r = Ratio(row, FloorOf(rows, row)); r > 0) snprintf(ratio, sizeof ratio, "%.2f", r);
  printf("  %-28s %9.1f %9.1f %9.1f %6s %9llu %9llu %8llu %7.1f %7.2f %7.3f\n", row.cell.Name().c_str(),
         row.Median(&Round::p50) * kUs, row.Median(&Round::p99) * kUs, row.Median(&Round::max) * kUs, ratio,
         static_cast<unsigned long long>(row.Sum(&Round::delivered)),
         static_cast<unsigned long long>(row.Sum(&Round::published)),
         static_cast<unsigned long long>(row.Sum(&Round::skipped)), row.Median(&Round::producer_cpu),
         row.Median(&Round::consumer_cpu), row.Median(&Round::faults_per_frame));
}

nlohmann::json JsonOf(const Calls& calls) {
  return {{"per_frame", calls.PerFrame()},
          {"per_frame_without_pacing", calls.PerFrameWithoutPacing()},
          {"frames", calls.frames},
          {"calls", calls.Text()}};
}

nlohmann::json JsonOf(const std::vector<Row>& rows, const Row& row) {
  nlohmann::json json{{"backend", row.cell.backend},
                      {"mode", row.cell.mode},
                      {"consumers", row.cell.consumers},
                      {"format", row.cell.format},
                      {"fps", row.cell.fps},
                      {"bytes_read", row.cell.read_all ? row.cell.frame_bytes() : 8},
                      {"group", row.cell.group}};
  if (row.rounds.empty()) {
    json["skipped"] = row.skipped.empty() ? "not reached" : row.skipped;
    return json;
  }
  json["p50_us"] = row.Median(&Round::p50) * kUs;
  json["p99_us"] = row.Median(&Round::p99) * kUs;
  json["max_us"] = row.Median(&Round::max) * kUs;
  json["publish_us"] = row.Median(&Round::publish_p50) * kUs;
  json["delivered"] = row.Sum(&Round::delivered);
  json["published"] = row.Sum(&Round::published);
  json["frames_skipped"] = row.Sum(&Round::skipped);
  json["producer_cpu"] = row.Median(&Round::producer_cpu);
  json["consumer_cpu"] = row.Median(&Round::consumer_cpu);
  json["faults_per_frame"] = row.Median(&Round::faults_per_frame);
  json["rounds"] = row.rounds.size();
  if (const Row* floor = FloorOf(rows, row); floor != nullptr && floor != &row) {
    json["floor"] = floor->cell.Name();
    json["ratio_to_floor"] = Ratio(row, floor);
  }
  if (row.audit.counted) {
    json["syscalls_per_frame"] = {{"producer", JsonOf(row.audit.producer)}, {"consumer", JsonOf(row.audit.consumer)}};
  }
  if (row.audit.weighed) {
    json["producer_bytes_per_consumer"] = row.audit.bytes();
    json["producer_bytes_of"] = {{"heap", row.audit.heap_bytes},
                                 {"pages", row.audit.page_bytes},
                                 {"pipe", row.audit.pipe_bytes},
                                 {"kernel", row.audit.kernel_bytes}};
    json["fds_per_consumer"] = row.audit.fds;
  }
  return json;
}

}  // namespace

std::string Text(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

const Row* InGroup(const std::vector<Row>& rows, const std::string& group, const std::string& backend,
                   const std::string& mode) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return row.cell.group == group && row.cell.backend == backend && row.cell.mode == mode && !row.rounds.empty();
  });
  return found == rows.end() ? nullptr : &*found;
}

const Row* FloorOf(const std::vector<Row>& rows, const Row& row) {
  const bool polls = row.cell.mode.find("epoll") != std::string::npos;
  return polls ? InGroup(rows, row.cell.group, "floor-pipe", "epoll")
               : InGroup(rows, row.cell.group, "floor-futex", "block");
}

double Ratio(const Row& row, const Row* floor) {
  if (floor == nullptr) return 0;
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(row.rounds.size(), floor->rounds.size()); ++i) {
    if (floor->rounds[i].p50 > 0) ratios.push_back(row.rounds[i].p50 / floor->rounds[i].p50);
  }
  return Middle(std::move(ratios));
}

void PrintGroup(const std::vector<Row>& rows, const std::string& group) {
  printf("\n%s\n  %-28s %9s %9s %9s %6s %9s %9s %8s %7s %7s %7s\n", group.c_str(), "", "p50 us", "p99 us", "max us",
         "floor", "delivered", "published", "skipped", "prod%", "cons%", "faults");
  for (const Row& row : rows) {
    if (row.cell.group == group) PrintRow(rows, row);
  }
  fflush(stdout);
}

void PrintAudits(const std::vector<Row>& rows) {
  const auto first = std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.audit.wanted; });
  if (first == rows.end()) return;
  printf("\nsystem calls per frame (%u consumers at 60 fps, apart from any timing)\n", first->cell.consumers);
  for (const Row& row : rows) {
    const Audit& audit = row.audit;
    if (!audit.counted) continue;
    printf("  %-28s producer %5.2f: %s\n  %-28s consumer %5.2f: %s\n", row.cell.Name().c_str(),
           audit.producer.PerFrame(), audit.producer.Text().c_str(), "", audit.consumer.PerFrame(),
           audit.consumer.Text().c_str());
  }
  printf("\nof the producer, per consumer\n");
  for (const Row& row : rows) {
    const Audit& audit = row.audit;
    if (!audit.why.empty()) printf("  %-28s skipped: %s\n", row.cell.Name().c_str(), audit.why.c_str());
    if (!audit.weighed) continue;
    printf(
        "  %-28s %7.0f bytes: %.0f heap and page tables, %.0f client page, %.0f pipe, %.0f kernel objects; %.1f fds\n",
        row.cell.Name().c_str(), audit.bytes(), audit.heap_bytes, audit.page_bytes, audit.pipe_bytes,
        audit.kernel_bytes, audit.fds);
  }
  fflush(stdout);
}

bool WriteJson(const Report& report, const std::string& path) {
  utsname system{};
  uname(&system);
  char date[32];
  const time_t now = time(nullptr);
  tm utc{};
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  nlohmann::json json{{"benchmark", "transport"},
                      {"date", date},
                      {"kernel", std::string(system.sysname) + " " + system.release + " " + system.machine},
                      {"cores", report.selection.cores},
                      {"read_bytes_per_second", report.selection.read_bytes_per_second},
                      {"rounds", report.rounds},
                      {"seconds", report.seconds},
                      {"rows", nlohmann::json::array()},
                      {"targets", nlohmann::json::array()}};
  for (const Row& row : report.rows) json["rows"].push_back(JsonOf(report.rows, row));
  for (const Target& target : Targets(report)) {
    nlohmann::json one{{"target", target.text}};
    one["selected"] = target.selected;
    if (target.measured.empty()) {
      one["why_not"] = target.why;
    } else {
      one["measured"] = target.measured;
      one["met"] = target.met;
    }
    json["targets"].push_back(one);
  }
  std::ofstream file(path);
  return static_cast<bool>(file << json.dump(2) << "\n" << std::flush);
}

}  // namespace videostream::bench::transport

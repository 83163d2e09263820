// SPDX-License-Identifier: Apache-2.0
// How fast, and at which price, frames come from one process to many: our transport beside the floors and others.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "bench/transport/report.h"

namespace videostream::bench::transport {
namespace {

constexpr char kUsage[] =
    "usage: transport_bench --party FILE [--videostream FILE] [--backend-dir DIR]... [--gst-peer FILE]\n"
    "                       [--pipewire-peer FILE] [--quick] [--consumers N,N...] [--only BACKEND,BACKEND...]\n"
    "                       [--group TEXT] [--rounds N] [--seconds S] [--json FILE] [--markdown FILE] [--plot PREFIX]\n"
    "                       [--strict]\n"
    "Latency, throughput, CPU, system calls, page faults and memory of one producer and N consumers. --seconds: what "
    "is\n"
    "measured of each cell in each round. --markdown: the tables of docs/performance.md. --strict: exit code 1 when a\n"
    "target is missed, or was not measured although its cells were selected.\n";

constexpr uint32_t kAuditedConsumers = 8;  // or whatever is nearest to it among those selected
constexpr int kInterrupted = 130;
constexpr double kAuditSeconds = 1.5, kQuickAuditSeconds = 0.5;

struct Options {
  Programs programs;
  Selection selection;
  std::string json, markdown, plot;
  int rounds = 0;
  bool strict = false;
};

std::vector<std::string> Split(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

bool SetConsumers(const std::string& list, Selection* selection) {
  for (const std::string& part : Split(list)) {
    const int n = std::atoi(part.c_str());
    if (n < 1 || n > static_cast<int>(kMaxConsumers)) return false;
    selection->consumers.push_back(static_cast<uint32_t>(n));
  }
  return !selection->consumers.empty();
}

bool Set(const std::string& flag, const std::string& value, Options* options) {
  Programs& programs = options->programs;
  Selection& selection = options->selection;
  const std::map<std::string, std::string*> texts = {
      {"--party", &programs.party},       {"--videostream", &programs.videostream},
      {"--gst-peer", &programs.gst_peer}, {"--pipewire-peer", &programs.pipewire_peer},
      {"--json", &options->json},         {"--markdown", &options->markdown},
      {"--plot", &options->plot},         {"--group", &selection.group}};
  if (const auto text = texts.find(flag); text != texts.end()) {
    *text->second = value;
    return true;
  }
  if (flag == "--consumers") return SetConsumers(value, &selection);
  if (flag == "--rounds") return (options->rounds = std::atoi(value.c_str())) > 0;
  if (flag == "--seconds") return (selection.seconds = std::atof(value.c_str())) > 0.05;
  if (flag == "--backend-dir") {
    programs.backend_dirs.push_back(value);
  } else if (flag == "--only") {
    selection.only = Split(value);
  } else {
    return false;
  }
  return true;
}

std::optional<Options> Parse(int argc, char** argv) {
  Options options;
  options.selection.seconds = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--quick") {
      options.selection.quick = true;
    } else if (flag == "--strict") {
      options.strict = true;
    } else if (i + 1 == argc || !Set(flag, argv[++i], &options)) {
      return std::nullopt;
    }
  }
  if (options.programs.party.empty()) return std::nullopt;
  Selection& selection = options.selection;
  if (selection.seconds == 0) selection.seconds = selection.quick ? 0.25 : 0.5;
  if (options.rounds == 0) options.rounds = selection.quick ? 2 : 5;
  if (selection.consumers.empty()) {
    selection.consumers = selection.quick ? std::vector<uint32_t>{1, 8} : std::vector<uint32_t>{1, 3, 8, 32, 128, 256};
  }
  return options;
}

// All cells of a group, in turns.
void RunGroup(const Options& options, const std::string& group, std::vector<Row>* rows) {
  for (int round = 0; round < options.rounds; ++round) {
    for (Row& row : *rows) {
      if (row.cell.group != group || !row.skipped.empty() || (row.cell.restarts != 0 && round > 0)) continue;
      if (Interrupted()) return;
      Round figures;
      const std::string why = RunRound(options.programs, row.cell, &figures);
      if (why.empty()) {
        row.rounds.push_back(figures);
      } else {
        row.skipped = "round " + std::to_string(round + 1) + ": " + why;
        row.rounds.clear();
      }
    }
  }
}

bool Auditable(const Cell& cell) { return cell.steady() && cell.fps == 60 && !cell.read_all && cell.format == "RGBX"; }

// Once per backend and mode, on the row with the usual number of consumers.
void RunAudits(const Options& options, std::vector<Row>* rows) {
  uint32_t usual = 0;
  for (const Row& row : *rows) {
    const auto far = [](uint32_t n) { return n > kAuditedConsumers ? n - kAuditedConsumers : kAuditedConsumers - n; };
    const uint32_t n = row.cell.consumers;
    if (Auditable(row.cell) && (usual == 0 || far(n) < far(usual))) usual = n;
  }
  for (Row& row : *rows) {
    const bool wanted = !options.selection.quick || row.cell.backend == "videostream";
    if (!Auditable(row.cell) || row.cell.consumers != usual || !wanted || Interrupted()) continue;
    if (row.skipped.empty()) {
      row.audit = RunAudit(options.programs, row.cell, options.selection.quick ? kQuickAuditSeconds : kAuditSeconds);
    } else {
      row.audit.wanted = true;
      row.audit.why = row.skipped;
    }
  }
}

bool WriteFiles(const Options& options, const Report& report) {
  bool ok = true;
  if (!options.json.empty() && !WriteJson(report, options.json)) {
    fprintf(stderr, "transport_bench: cannot write '%s'\n", options.json.c_str());
    ok = false;
  }
  if (!options.plot.empty() && !Plot(report, options.plot)) {
    fprintf(stderr, "transport_bench: cannot draw '%s.svg' (gnuplot)\n", options.plot.c_str());
    ok = false;
  }
  if (!options.markdown.empty() && !WriteMarkdown(report, options.markdown)) {
    fprintf(stderr, "transport_bench: cannot write '%s'\n", options.markdown.c_str());
    ok = false;
  }
  return ok;
}

int Main(int argc, char** argv) {
  std::optional<Options> options = Parse(argc, argv);
  if (!options) {
    fputs(kUsage, stderr);
    return 2;
  }
  CatchSignals();
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const int64_t start = NowNs();
  options->selection.cores = static_cast<int>(std::thread::hardware_concurrency());
  options->selection.read_bytes_per_second = ReadBandwidth();
  printf("%d cores read %.1f GB/s from memory; %d rounds of %.2f s per cell, in turns, medians\n",
         options->selection.cores, options->selection.read_bytes_per_second / 1e9, options->rounds,
         options->selection.seconds);
  Report report{Rows(options->selection, options->programs), options->selection, options->rounds};
  std::string last;
  for (const Row& row : report.rows) {
    if (row.cell.group == last) continue;
    if (Interrupted()) break;
    last = row.cell.group;
    RunGroup(*options, last, &report.rows);
    PrintGroup(report.rows, last);
    if (!options->json.empty()) WriteJson(report, options->json);  // what there is, should it be ended early
  }
  RunAudits(*options, &report.rows);
  if (Interrupted()) return kInterrupted;
  PrintAudits(report.rows);
  report.seconds = static_cast<double>(NowNs() - start) / 1e9;
  const std::vector<Target> targets = Targets(report);
  PrintTargets(targets);
  printf("\ntook %.0f s\n", report.seconds);
  bool ok = true;
  for (const Row& row : report.rows) {
    if (row.cell.backend != "videostream" || row.skipped.empty() || row.skipped.rfind("round ", 0) != 0) continue;
    fprintf(stderr, "transport_bench: %s, %s: %s\n", row.cell.Name().c_str(), row.cell.group.c_str(),
            row.skipped.c_str());
    ok = false;
  }
  ok = WriteFiles(*options, report) && ok;
  for (const Target& target : targets) ok = ok && (!options->strict || !target.fails());
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace videostream::bench::transport

int main(int argc, char** argv) { return videostream::bench::transport::Main(argc, argv); }

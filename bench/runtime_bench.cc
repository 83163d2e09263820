// SPDX-License-Identifier: Apache-2.0
// How fast `videostream run` delivers its first frame, and how much memory it takes; beside an empty C++ program.
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "bench/process.h"
#include "bench/samples.h"
#include "videostream/client.hpp"

namespace videostream::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kTargetMemory = 12e6;  // bytes
constexpr double kTargetStart = 100;    // ms, median
constexpr auto kGiveUp = std::chrono::seconds(30);

constexpr char kUsage[] =
    "usage: runtime_bench --videostream FILE --empty FILE [--backend-dir DIR]... [--runs N] [--quick] [--json FILE]\n"
    "                     [--strict]\n"
    "Measures `videostream run` (pattern to shm, 1280x720 NV12 at 30 fps, no encoder): memory, and time from its "
    "start\n"
    "to the first frame in a consumer that starts at the same moment. --strict: exit code 1 when a target is missed.\n";

constexpr char kProfile[] =
    "version: 1\n"
    "name: bench\n"
    "backends: {allocator: [shm], capture: [sw-fallback], transport: [shm]}\n"
    "streams:\n"
    "  bench:\n"
    "    capture: {device: pattern, format: NV12, size: 1280x720, rate: 30}\n"
    "    outputs:\n"
    "      full:\n"
    "        publish: [{transport: shm, socket: @SOCKET@}]\n";

struct Options {
  std::string videostream, empty, json;
  std::vector<std::string> backend_dirs;
  int runs = 40;
  int frames = 150;  // before memory is looked at
  bool quick = false, strict = false;
};

std::optional<Options> Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--quick") {
      options.quick = true;
      options.runs = 5;
      options.frames = 30;
      continue;
    }
    if (flag == "--strict") {
      options.strict = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const std::string value = argv[++i];
    if (flag == "--videostream") {
      options.videostream = value;
    } else if (flag == "--empty") {
      options.empty = value;
    } else if (flag == "--backend-dir") {
      options.backend_dirs.push_back(value);
    } else if (flag == "--json") {
      options.json = value;
    } else if (flag == "--runs" && std::atoi(value.c_str()) > 0) {
      options.runs = std::atoi(value.c_str());
    } else {
      return std::nullopt;
    }
  }
  if (options.videostream.empty() || options.empty.empty()) return std::nullopt;
  return options;
}

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

class Bench {
 public:
  explicit Bench(Options options) : options_(std::move(options)) {
    char name[] = "/tmp/vs-bench-XXXXXX";
    if (mkdtemp(name) != nullptr) folder_ = name;
  }
  ~Bench() {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  bool Run() {
    if (folder_.empty() || !WriteProfile()) return Complain("cannot write below /tmp");
    for (int run = 0; run < options_.runs; ++run) {
      if (!MeasureFloorStart() || !MeasureStart()) return false;
    }
    return MeasureFloorMemory() && MeasureMemory();
  }
  void Print() const;
  bool WriteJson() const;
  bool on_target() const { return pss_.max() < kTargetMemory && start_ms_.Percentile(50) < kTargetStart; }

 private:
  bool WriteProfile() const {
    std::string text = kProfile;
    text.replace(text.find("@SOCKET@"), std::strlen("@SOCKET@"), Socket());
    std::ofstream file(folder_ + "/bench.yaml");
    return static_cast<bool>(file << text << std::flush);
  }
  std::string Socket() const { return folder_ + "/bench.sock"; }
  std::string Log() const { return folder_ + "/log"; }

  std::vector<std::string> RunCommand() const {
    std::vector<std::string> command = {options_.videostream};
    for (const std::string& folder : options_.backend_dirs) command.insert(command.end(), {"--backend-dir", folder});
    command.insert(command.end(), {"run", "--profile", folder_ + "/bench.yaml", "--no-control", "--quiet"});
    return command;
  }
  bool Complain(const std::string& what) const {
    std::ifstream log(Log());
    const std::string said{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
    fprintf(stderr, "runtime_bench: %s\n%s", what.c_str(), said.c_str());
    return false;
  }

  bool MeasureFloorStart();
  bool MeasureStart();
  bool MeasureFloorMemory();
  bool MeasureMemory();

  Options options_;
  std::string folder_;
  Samples start_ms_, floor_start_ms_, pss_;
  Memory memory_, floor_memory_;
};

bool Bench::MeasureFloorStart() {
  const Clock::time_point start = Clock::now();
  Process empty({options_.empty}, Log());
  if (empty.Wait() != 0) return Complain("cannot run '" + options_.empty + "'");
  floor_start_ms_.Add(MillisecondsSince(start));
  return true;
}

bool Bench::MeasureStart() {
  ClientOptions client_options;
  client_options.name = "bench";
  Client client(Socket(), client_options);
  client.wait_for_frame(std::chrono::milliseconds(1));  // its first attempt to connect: there is no socket yet
  const Clock::time_point start = Clock::now();
  Process runtime(RunCommand(), Log());
  const Frame frame = client.wait_for_frame(kGiveUp);
  const double ms = MillisecondsSince(start);
  if (!frame) return Complain("no frame came: " + client.error());
  start_ms_.Add(ms);
  const int code = runtime.Stop();
  if (code != 0) return Complain("'videostream run' ended with code " + std::to_string(code));
  return true;
}

bool Bench::MeasureFloorMemory() {
  Process empty({options_.empty, "stay"}, Log());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  floor_memory_ = MemoryOf(empty.pid());
  return floor_memory_.ok || Complain("cannot read the memory of '" + options_.empty + "'");
}

bool Bench::MeasureMemory() {
  Client client(Socket());
  Process runtime(RunCommand(), Log());
  for (int taken = 0; taken < options_.frames; ++taken) {
    if (!client.wait_for_frame(kGiveUp)) return Complain("frames stopped coming: " + client.error());
    if (taken % 30 != 29) continue;
    memory_ = MemoryOf(runtime.pid());
    if (!memory_.ok) return Complain("cannot read the memory of 'videostream run'");
    pss_.Add(static_cast<double>(memory_.pss));
  }
  return true;
}

void Bench::Print() const {
  const double floor_pss = static_cast<double>(floor_memory_.pss);
  printf("%-42s %10s %10s %10s %8s   %s\n", "videostream run: pattern to shm, 720p30", "p50", "max", "floor", "ratio",
         "target");
  printf("%-42s %7.1f ms %7.1f ms %7.1f ms %7.1fx   p50 < %.0f ms: %s\n", "start to first delivered frame",
         start_ms_.Percentile(50), start_ms_.max(), floor_start_ms_.Percentile(50),
         start_ms_.Percentile(50) / floor_start_ms_.Percentile(50), kTargetStart,
         start_ms_.Percentile(50) < kTargetStart ? "met" : "MISSED");
  printf("%-42s %7.1f MB %7.1f MB %7.1f MB %7.1fx   < %.0f MB: %s\n", "memory (Pss) without the frame pool",
         pss_.Percentile(50) / 1e6, pss_.max() / 1e6, floor_pss / 1e6, pss_.Percentile(50) / floor_pss,
         kTargetMemory / 1e6, pss_.max() < kTargetMemory ? "met" : "MISSED");
  printf(
      "%zu starts. Floor: an empty C++ program, its start to its end and its Pss. Private pages: %.1f MB; pool: %.1f "
      "MB.\n",
      start_ms_.count(), static_cast<double>(memory_.private_) / 1e6, static_cast<double>(memory_.pool) / 1e6);
}

bool Bench::WriteJson() const {
  if (options_.json.empty()) return true;
  utsname system{};
  uname(&system);
  nlohmann::ordered_json json;
  json["schema"] = "videostream.bench-runtime/1";
  json["unix_time"] = time(nullptr);
  json["kernel"] = system.release;
  json["machine"] = system.machine;
  json["cpus"] = std::thread::hardware_concurrency();
  json["runs"] = start_ms_.count();
  json["start_to_first_frame_ms"] = {
      {"p50", start_ms_.Percentile(50)}, {"p99", start_ms_.Percentile(99)}, {"max", start_ms_.max()}};
  json["floor_start_ms"] = {{"p50", floor_start_ms_.Percentile(50)}, {"max", floor_start_ms_.max()}};
  json["memory_pss_bytes"] = static_cast<uint64_t>(pss_.max());
  json["memory_private_bytes"] = memory_.private_;
  json["memory_pool_bytes"] = memory_.pool;
  json["floor_memory_pss_bytes"] = floor_memory_.pss;
  json["targets_met"] = on_target();
  std::ofstream file(options_.json);
  file << json.dump(2) << '\n' << std::flush;
  if (!file) fprintf(stderr, "runtime_bench: write '%s': %s\n", options_.json.c_str(), strerror(errno));
  return static_cast<bool>(file);
}

}  // namespace
}  // namespace videostream::bench

int main(int argc, char** argv) {
  const auto options = videostream::bench::Parse(argc, argv);
  if (!options) {
    fputs(videostream::bench::kUsage, stderr);
    return 2;
  }
  videostream::bench::Bench bench(*options);
  if (!bench.Run()) return 1;
  bench.Print();
  if (!bench.WriteJson()) return 1;
  return options->strict && !bench.on_target() ? 1 : 0;
}

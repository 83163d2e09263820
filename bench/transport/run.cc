// SPDX-License-Identifier: Apache-2.0
// Starting, phases, ending.
#include "bench/transport/run.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

#include "bench/transport/party.h"

namespace videostream::bench::transport {
namespace {

constexpr int64_t kReadyNs = 30 * kSecond;
constexpr int64_t kStopNs = 3 * kSecond;
constexpr uint32_t kWarmFrames = 12;

volatile sig_atomic_t interrupted = 0;

}  // namespace

void CatchSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };  // without SA_RESTART: sleeps end
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }

Run::~Run() {
  if (board_ != nullptr) {
    SetPhase(kExit);
    consumers_.clear();
    producer_.reset();
    munmap(board_, board_bytes_);
  }
  RemoveLeftovers();
  std::error_code none;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, none);
}

// shmsink unlinks its memory when it is stopped, but not when it is killed.
void Run::RemoveLeftovers() const {
  constexpr std::string_view kName = "shmpipe.";
  if (cell_.backend != "gst-shm" || producer_pid_ <= 0) return;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator("/dev/shm", none)) {
    const std::string name = file.path().filename();  // shmpipe.PID.N, the numbers padded
    if (!name.starts_with(kName) || std::atoi(name.c_str() + kName.size()) != producer_pid_) continue;
    std::filesystem::remove(file.path(), none);
  }
}

bool Run::Fail(const std::string& why) {
  if (!why_.empty()) return false;
  const std::string complaint = FirstComplaint();
  why_ = why + (complaint.empty() ? "" : ": " + complaint);
  return false;
}

bool Run::Make() {
  char name[] = "/dev/shm/vsb-XXXXXX";
  if (mkdtemp(name) == nullptr) return Fail("cannot make a folder in /dev/shm");
  folder_ = name;
  board_path_ = folder_ + "/board";
  board_bytes_ = Board::Bytes(cell_.consumers);
  const int fd = open(board_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* mapped = MAP_FAILED;
  if (fd >= 0 && ftruncate(fd, static_cast<off_t>(board_bytes_)) == 0) {
    mapped = mmap(nullptr, board_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  }
  if (fd >= 0) close(fd);
  if (mapped == MAP_FAILED) return Fail("cannot make the board");
  board_ = static_cast<Board*>(mapped);  // all zero
  Settings& settings = board_->settings;
  cell_.backend.copy(settings.backend, sizeof settings.backend - 1);
  cell_.mode.copy(settings.mode, sizeof settings.mode - 1);
  folder_.copy(settings.folder, sizeof settings.folder - 1);
  cell_.format.copy(settings.format, sizeof settings.format - 1);
  settings.consumers = cell_.consumers;
  settings.width = 1920;
  settings.height = 1080;
  settings.frame_bytes = cell_.frame_bytes();
  settings.fps = cell_.fps;
  settings.read_all = cell_.read_all ? 1 : 0;
  settings.warmup_frames = kWarmFrames;
  settings.queue = cell_.queue;
  settings.measure_ns = static_cast<uint64_t>(cell_.seconds * 1e9);
  board_->bytes = static_cast<uint32_t>(board_bytes_);
  board_->magic = kBoardMagic;
  return true;
}

std::string Run::ProgramOf(const std::string& backend) const {
  if (backend == "gst-shm") return programs_.gst_peer;
  if (backend == "pipewire") return programs_.pipewire_peer;
  return programs_.party;
}

std::vector<std::string> Run::Command(const char* role) const {
  std::vector<std::string> command = {ProgramOf(cell_.backend), role, "--board", board_path_};
  if (cell_.backend == "gst-shm") command.insert(command.end(), {"--mode", cell_.mode});
  if (command[0] == programs_.party) {
    for (const std::string& dir : programs_.backend_dirs) command.insert(command.end(), {"--backend-dir", dir});
  }
  return command;
}

std::vector<std::string> Run::RuntimeCommand() const {
  const std::string profile = folder_ + "/p.yaml";
  std::ofstream(profile) << "version: 1\nname: bench\nbackends: {allocator: [shm], capture: [sw-fallback], transport: "
                            "[shm]}\nstreams:\n  s:\n    capture: {device: pattern, format: "
                         << cell_.format << ", size: 1920x1080, rate: " << cell_.fps
                         << "}\n    outputs:\n      full:\n        publish: [{socket: " << SocketOf(board_->settings)
                         << ", clients: " << kMaxConsumers << "}]\n";
  std::vector<std::string> command = {programs_.videostream};
  for (const std::string& dir : programs_.backend_dirs) command.insert(command.end(), {"--backend-dir", dir});
  command.insert(command.end(), {"run", "--profile", profile, "--no-control", "--quiet"});
  return command;
}

// The first line that any process has said.
std::string Run::FirstComplaint() const {
  std::error_code none;
  std::string first;
  for (const auto& file : std::filesystem::directory_iterator(folder_, none)) {
    if (file.path().extension() != ".log") continue;
    std::string line;
    std::ifstream log(file.path());
    while (line.empty() && std::getline(log, line)) {
    }
    if (!line.empty() && first.empty()) first = line;
  }
  return first;
}

bool Run::Await(int64_t patience_ns, const std::function<bool()>& done, const char* what) {
  const int64_t deadline = NowNs() + patience_ns;
  for (int i = 0; !done(); ++i) {
    usleep(1000);
    if (Interrupted()) return Fail("interrupted");
    siginfo_t dead{};
    if (i % 16 == 15 && !traced_ && waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid != 0) {
      return Fail(std::string("a process ended early, ") + what);
    }
    if (NowNs() > deadline) return Fail(std::string("timed out, ") + what);
  }
  return true;
}

bool Run::StartProducer() {
  producer_ = std::make_unique<Process>(external() ? RuntimeCommand() : Command("producer"), folder_ + "/producer.log");
  if (!producer_->running()) return Fail("cannot start the producer");
  producer_pid_ = producer_->pid();
  const std::string socket = SocketOf(board_->settings);
  return Await(
      kReadyNs, [&] { return external() ? access(socket.c_str(), F_OK) == 0 : board_->producer.ready.load() != 0; },
      "starting the producer");
}

bool Run::RestartProducer(int64_t absent_us) {
  kill(producer_->pid(), SIGKILL);
  producer_->Wait();
  board_->producer.ready.store(0, std::memory_order_release);
  usleep(static_cast<useconds_t>(absent_us));
  return StartProducer();
}

bool Run::StartConsumers() {
  for (uint32_t i = 0; i < cell_.consumers; ++i) {
    std::vector<std::string> command = Command("consumer");
    command.insert(command.end(), {"--index", std::to_string(i)});
    consumers_.emplace_back(command, folder_ + "/consumer-" + std::to_string(i) + ".log");
    if (!consumers_.back().running()) return Fail("cannot start a consumer");
  }
  return Await(
      kReadyNs,
      [&] {
        return std::all_of(board_->consumers, board_->consumers + cell_.consumers,
                           [](const Record& record) { return record.ready.load() != 0; });
      },
      "connecting");
}

bool Run::WarmUp() {
  SetPhase(kWarm);
  return Await(
      kWarmNs,
      [&] {
        return std::all_of(board_->consumers, board_->consumers + cell_.consumers,
                           [](const Record& record) { return record.seen.load() >= kWarmFrames; });
      },
      "warming up");
}

int64_t Run::ProducerCpuNs() const {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(producer_->pid(), &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return used.tv_sec * kSecond + used.tv_nsec;
}

bool Run::Measure() {
  const int64_t cpu = ProducerCpuNs(), start = NowNs();
  SetPhase(kMeasure);
  usleep(static_cast<useconds_t>(cell_.seconds * 1e6));
  SetPhase(kStop);
  producer_cpu_ = 100.0 * static_cast<double>(ProducerCpuNs() - cpu) / static_cast<double>(NowNs() - start);
  return Await(
      kStopNs,
      [&] {
        return (external() || board_->producer.ended.load() != 0) &&
               std::all_of(board_->consumers, board_->consumers + cell_.consumers,
                           [](const Record& record) { return record.ended.load() != 0; });
      },
      "ending the records");
}

void Run::Exit() {
  SetPhase(kExit);
  for (Process& consumer : consumers_) consumer.End(kExitMs);
  if (external()) producer_->Stop();
  producer_->End(kExitMs);
}

}  // namespace videostream::bench::transport

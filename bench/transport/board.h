// SPDX-License-Identifier: Apache-2.0
// What the processes of one benchmark cell share: its settings, its phases, and what each of them has measured.
//
// A cell is one producer and N consumers, started by the driver (transport_bench) as
//   PROGRAM producer --board PATH ARGUMENT...
//   PROGRAM consumer --board PATH --index I ARGUMENT...       I: 0..N-1
// with stdout at /dev/null and stderr in a log that the driver shows when the cell fails. PROGRAM is `transport_party`
// for the floors and for our own transport, `gst_peer` and `pipewire_peer` for others; backend and mode are in the
// Settings (gst_peer also gets `--mode allocator|copy`). Sockets and files of the cell go into Settings::folder, which
// is the cell's own and removed afterwards. Exit code 0: went well; anything else makes the cell "skipped: ..." or
// failed.
//
//   producer: open it -> ready() -> wait until phase() >= kWarm -> { pace(); fill; stamp; publish; published(); }
//             until published() is false -> exit. It is started first; consumers are started when it is ready.
//   consumer: open it, subscribe -> ready() -> { wait for a frame (at most 100 ms); frame(...); release } until frame()
//             is false (after a wait without a frame: idle()) -> exit.
//
// The driver sets kWarm when all are ready, kMeasure when every consumer has had its warm-up frames, kStop after
// Settings::measure_ns and kExit when all have ended their records. Everything counted is counted from the first frame
// after kMeasure to the first after kStop, by the process itself: the start of processes, first touches of pages and
// connecting are in no number. Each side calls its recorder from one thread at a time.
// Header-only, C++20 and Linux, no other dependency.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace videostream::bench::transport {

constexpr uint32_t kBoardMagic = 0x56534244;
constexpr uint32_t kMaxConsumers = 512;
constexpr int64_t kSecond = 1'000'000'000;
constexpr int kMark = 0x56534d4b;  // prctl option that no kernel has: a mark that a tracer of system calls can see

enum Phase : uint32_t { kSetup, kWarm, kMeasure, kStop, kExit };

// What the cell is. Written by the driver before anybody is started, then read-only.
struct Settings {
  char backend[32] = {};           // "floor-futex", "videostream", "gst-shm", ...
  char mode[32] = {};              // "latest", "queue", "latest-epoll", "queue-epoll", "allocator", "copy", "-"
  char folder[128] = {};           // for sockets and files
  uint32_t consumers = 0;          // 1..kMaxConsumers; 0 only for measuring memory
  uint32_t width = 0, height = 0;  // pixels
  char format[8] = {};             // "RGBX" or "NV12"
  uint64_t frame_bytes = 0;        // of all planes, rows without padding
  uint32_t fps = 0;                // 0: as fast as possible
  uint32_t read_all = 0;           // consumers read 0: the first 8 bytes, 1: every byte
  uint32_t warmup_frames = 0;      // per consumer
  uint32_t queue = 0;              // 0: latest; N: queue N
  uint64_t measure_ns = 0;
};

// Lies in the first 16 bytes of every frame, native byte order. Backends that carry a time of publishing and a sequence
// themselves need not look at it.
struct Stamp {
  uint64_t number = 0;       // 1, 2, 3, ... as published
  int64_t published_ns = 0;  // CLOCK_MONOTONIC, taken immediately before making the frame visible
};

// Latencies in ns: exact below 256 ns, then 128 steps per power of two (0.8 %), up to half a minute.
struct Histogram {
  static constexpr uint32_t kSteps = 128, kBuckets = 3840;
  uint32_t buckets[kBuckets];
  int64_t max_ns;

  static uint32_t Bucket(uint64_t ns) {
    if (ns < kSteps) return static_cast<uint32_t>(ns);
    const auto power = static_cast<uint32_t>(std::bit_width(ns)) - 8;  // ns >> power is in 128..255
    return std::min(kSteps * power + static_cast<uint32_t>(ns >> power), kBuckets - 1);
  }
  // The middle of the bucket.
  static double Value(uint32_t bucket) {
    if (bucket < 2 * kSteps) return bucket;
    const uint32_t power = bucket / kSteps - 1;
    return (static_cast<double>(bucket - kSteps * power) + 0.5) * static_cast<double>(uint64_t{1} << power);
  }
  void Add(int64_t ns) {
    ++buckets[Bucket(ns > 0 ? static_cast<uint64_t>(ns) : 0)];
    max_ns = std::max(max_ns, ns);
  }
};

// Of one process; its own until `ended`, the driver's afterwards.
struct alignas(64) Record {
  std::atomic<uint32_t> ready;
  std::atomic<uint32_t> ended;
  std::atomic<uint64_t> seen;  // frames since its start: warm-up is over when every consumer has enough of them
  uint64_t frames;             // producer: published; consumer: delivered
  uint64_t skipped;            // consumer: frames between those it was given, by their numbers
  uint64_t first, last;        // numbers of the frames between which was counted
  int64_t wall_ns, cpu_ns;     // cpu: of all threads, user and system
  uint64_t faults;             // minor and major
  uint64_t checksum;           // so that reading is not optimised away
  Histogram latency;  // consumer: publish to frame in hand; producer: duration of one publish call, if measured
};

struct alignas(4096) Board {
  uint32_t magic;
  uint32_t bytes;  // of the whole board
  Settings settings;
  std::atomic<uint32_t> phase;  // Phase
  Record producer;
  Record consumers[1];  // settings.consumers of them

  static size_t Bytes(uint32_t consumers) { return sizeof(Board) + sizeof(Record) * consumers; }
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

inline int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

inline int64_t CpuNs() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

inline uint64_t Faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_minflt + usage.ru_majflt);
}

// Maps the board of a cell, for the life of the process; null if it is none. Touches all pages of it. The process ends
// with the driver, whatever that ends by.
inline Board* OpenBoard(const char* path) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  struct stat info {};
  void* mapped = MAP_FAILED;
  if (fstat(fd, &info) == 0 && static_cast<size_t>(info.st_size) >= sizeof(Board)) {
    mapped = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  }
  close(fd);
  if (mapped == MAP_FAILED) return nullptr;
  auto* board = static_cast<Board*>(mapped);
  return board->magic == kBoardMagic && board->bytes <= static_cast<size_t>(info.st_size) ? board : nullptr;
}

// Reads what a consumer reads of a frame, or of each plane of it.
inline uint64_t ReadBytes(const void* data, size_t bytes) {
  const auto* from = static_cast<const unsigned char*>(data);
  uint64_t sums[8] = {};
  size_t at = 0;
  for (; at + sizeof(sums) <= bytes; at += sizeof(sums)) {
    uint64_t words[8];
    std::memcpy(words, from + at, sizeof(words));
    for (int i = 0; i < 8; ++i) sums[i] += words[i];
  }
  uint64_t rest = 0;
  std::memcpy(&rest, from + at, std::min(bytes - at, sizeof(rest)));
  for (const uint64_t sum : sums) rest += sum;
  return rest;
}

// Of either side: the window in which everything is counted.
class Recorder {
 public:
  Recorder(Board* board, Record* record) : board_(board), record_(record) {}

  const Settings& settings() const { return board_->settings; }
  Phase phase() const { return static_cast<Phase>(board_->phase.load(std::memory_order_acquire)); }
  void ready() { record_->ready.store(1, std::memory_order_release); }

 protected:
  // To be called once per frame, when it is done with. False: exit.
  bool Step(uint64_t number) {
    record_->seen.fetch_add(1, std::memory_order_relaxed);
    const Phase now = phase();
    if (counting_) {
      ++record_->frames;
      if (number > last_ + 1) record_->skipped += number - last_ - 1;
      if (now >= kStop) End(number);
    } else if (now == kMeasure && !over_) {
      Begin(number);
    }
    last_ = number;
    return now < kExit;
  }
  bool counting() const { return counting_; }
  Record& record() { return *record_; }

 private:
  void Begin(uint64_t number) {
    record_->first = number;
    record_->faults = Faults();
    record_->cpu_ns = CpuNs();
    record_->wall_ns = NowNs();
    counting_ = true;
    prctl(kMark, 1, 0, 0, 0);
  }
  void End(uint64_t number) {
    prctl(kMark, 2, 0, 0, 0);
    record_->wall_ns = NowNs() - record_->wall_ns;
    record_->cpu_ns = CpuNs() - record_->cpu_ns;
    record_->faults = Faults() - record_->faults;
    record_->last = number;
    counting_ = false;
    over_ = true;
    record_->ended.store(1, std::memory_order_release);
  }

  Board* board_;
  Record* record_;
  uint64_t last_ = 0;
  bool counting_ = false, over_ = false;
};

class ProducerRecorder : public Recorder {
 public:
  explicit ProducerRecorder(Board* board) : Recorder(board, &board->producer) {}

  // Sleeps until the next frame is due: one clock_nanosleep per frame, none when as fast as possible. Without hurry: a
  // frame that is late moves the following ones.
  void pace() {
    if (settings().fps == 0) return;
    const int64_t now = NowNs();
    next_ns_ = std::max(next_ns_ + kSecond / settings().fps, now);
    const timespec until{static_cast<time_t>(next_ns_ / kSecond), static_cast<long>(next_ns_ % kSecond)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }
  // The number of the next frame: 1, 2, 3, ...
  uint64_t number() const { return number_; }
  // After a frame has been made visible; `took_ns`: how long that call took, -1: not measured. False: exit.
  bool published(int64_t took_ns = -1) {
    if (took_ns >= 0 && counting()) record().latency.Add(took_ns);
    return Step(number_++);
  }
  // Instead of published() when a frame could not be made for lack of a free buffer. False: exit.
  bool dropped() const { return phase() < kExit; }

 private:
  int64_t next_ns_ = 0;
  uint64_t number_ = 1;
};

class ConsumerRecorder : public Recorder {
 public:
  ConsumerRecorder(Board* board, uint32_t index) : Recorder(board, board->consumers + index) {}

  // A frame is in hand since now: takes the time, reads what the cell reads. `planes` of them, one is enough where all
  // lie in one block. False: exit.
  struct Plane {
    const void* data;
    size_t bytes;
  };
  bool frame(uint64_t number, int64_t published_ns, const Plane* planes, size_t count) {
    const int64_t latency = NowNs() - published_ns;
    if (counting()) record().latency.Add(latency);
    uint64_t sum = 0;
    if (settings().read_all != 0) {
      for (size_t i = 0; i < count; ++i) sum += ReadBytes(planes[i].data, planes[i].bytes);
    } else {
      std::memcpy(&sum, planes[0].data, sizeof(sum));
    }
    record().checksum += sum;
    return Step(number);
  }
  // The same for a frame in one block whose stamp is used.
  bool frame(const void* data, size_t bytes) {
    Stamp stamp;
    std::memcpy(&stamp, data, sizeof(stamp));
    const Plane plane{data, bytes};
    return frame(stamp.number, stamp.published_ns, &plane, 1);
  }
  // After a wait that gave no frame. False: exit.
  bool idle() const { return phase() < kExit; }
};

}  // namespace videostream::bench::transport

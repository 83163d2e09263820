// SPDX-License-Identifier: Apache-2.0
// What the processes of a chaos test share: one mapping with everybody's books in it, the pixel code of the frames, and
// the seed. Plain data: also for programs that link no library of ours.
#pragma once

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

namespace videostream::chaos {

// VIDEOSTREAM_SOAK=1: the full length; otherwise 1/20 of it.
inline bool Soak() { return std::getenv("VIDEOSTREAM_SOAK") != nullptr; }

// VIDEOSTREAM_SEED, or a number of its own; the same for the whole process, and printed when it is first asked for: a
// test that hangs prints nothing else. Belongs into every message.
inline uint32_t Seed() {
  static const uint32_t seed = [] {
    const char* text = std::getenv("VIDEOSTREAM_SEED");
    const uint32_t drawn =
        text != nullptr ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : std::random_device()();
    std::printf("seed %u\n", drawn);
    std::fflush(stdout);
    return drawn;
  }();
  return seed;
}

inline int64_t NowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The pixel code: every 8-byte word of a frame tells the frame's number and its own place, so that a mixture of two
// frames shows wherever it begins.
inline uint64_t CodeWord(uint64_t number, size_t at) { return number * 0x9e3779b97f4a7c15u + at; }
inline void FillCode(uint8_t* data, size_t bytes, uint64_t number) {
  for (size_t at = 0; at + 8 <= bytes; at += 8) {
    const uint64_t word = CodeWord(number, at);
    std::memcpy(data + at, &word, 8);
  }
}
inline bool IsCode(const uint8_t* data, size_t bytes, uint64_t number) {
  for (size_t at = 0; at + 8 <= bytes; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, data + at, 8);
    if (word != CodeWord(number, at)) return false;
  }
  return bytes >= 8;
}

// Format and size of a picture in one word.
inline uint64_t Shape(uint32_t fourcc, uint32_t width, uint32_t height) {
  return uint64_t{fourcc} << 32 | width << 16 | height;
}

inline constexpr uint32_t kMaxHealthy = 16;
inline constexpr uint32_t kMaxListed = 300;  // consumers that an answer of the producer names
inline constexpr uint32_t kMaxSteps = 64;    // room for wire::Step
inline constexpr uint32_t kShapes = 4096;

// One line of Host::consumers().
struct ConsumerLine {
  int32_t pid = 0;
  uint32_t queue = 0;
  uint32_t held = 0;
  uint64_t published = 0;
  uint64_t taken = 0;
  uint64_t skipped = 0;  // for whatever reason
  uint64_t revoked = 0;
  char name[32] = {};
};

// What the producer process says about itself when it is asked.
struct ProducerBooks {
  uint64_t attempts = 0;         // frames that it tried to publish
  uint64_t published = 0;        // of those, by its own count
  uint64_t refused = 0;          // of those, no buffer was to be had
  uint64_t stats_published = 0;  // as Host::stats() has it
  uint64_t stats_refused = 0;
  uint64_t connections_refused = 0;
  uint32_t fds = 0;       // open descriptors
  uint32_t memfds = 0;    // of those, memfds
  uint32_t mappings = 0;  // mappings of memfds
  uint32_t threads = 0;
  uint32_t consumers = 0;  // may be more than lines
  ConsumerLine lines[kMaxListed] = {};
};

// The books of one healthy consumer. Written by it, final once `done`.
struct HealthyBooks {
  std::atomic<uint32_t> done{0};
  int32_t pid = 0;
  uint32_t queue = 0;
  uint32_t epoll = 0;
  std::atomic<uint64_t> checked{0};  // frames looked at, each of them wholly
  uint64_t torn = 0;                 // not its number's content although the lease held
  uint64_t disordered = 0;           // number not larger than that before; for a queue: not the next one
  uint64_t misshapen = 0;            // not the layout with which it was published
  uint64_t voids = 0;                // leases lost before they could be
  uint64_t late_voids = 0;           // leases lost after a stall as long as the producer allows
  // ClientStats
  uint64_t published = 0;
  uint64_t taken = 0;
  uint64_t skipped = 0;
  uint64_t void_leases = 0;
  uint64_t reconnects = 0;
  char error[240] = {};
};

// The mapping. Zeroed memory is a valid one.
struct Books {
  // The producer.
  std::atomic<uint32_t> listening{0};  // its socket is there
  std::atomic<uint32_t> go{0};         // it may publish
  std::atomic<uint32_t> pause{0};      // it shall not publish now
  std::atomic<uint32_t> paused{0};     // it does not
  std::atomic<uint32_t> finish{0};     // everybody shall come to an end
  std::atomic<uint32_t> asked{0};      // question number; answered: the producer's books are those of that question
  std::atomic<uint32_t> answered{0};
  std::atomic<uint64_t> published{0};
  ProducerBooks producer;
  char producer_error[400] = {};
  HealthyBooks healthy[kMaxHealthy];
  // Shape() of frame n at n % kShapes, 0: not looked at. Set before the frame is published.
  std::atomic<uint64_t> shape[kShapes] = {};
  std::atomic<uint32_t> enough{0};  // to attackers who go on until they are told
  // The victims of the kill test: how often which step was their last one.
  std::atomic<uint64_t> last_step[kMaxSteps] = {};
  std::atomic<uint64_t> torn{0};  // of all consumers that are not healthy ones: frames torn under a valid lease
};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);

// The mapping of a file of sizeof(Books) bytes; null with errno.
inline Books* MapBooks(int fd) {
  void* memory = ::mmap(nullptr, sizeof(Books), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Books*>(memory);
}

// Gives the processor away for a moment, between two looks at something that others will bring about.
inline void Breathe() {
  const timespec moment{0, 100'000};
  ::nanosleep(&moment, nullptr);
}

}  // namespace videostream::chaos

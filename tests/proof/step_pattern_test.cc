// SPDX-License-Identifier: Apache-2.0
// Three consumer processes with `queue 4` and a source that gives a frame on demand: every consumer gets every frame,
// in order, whole. The pixels are the witness: each picture carries its number in every row.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/e2e/process.h"
#include "videostream/client.hpp"
#include "videostream/pattern.hpp"

namespace videostream {
namespace {

constexpr int kConsumers = 3;
constexpr uint32_t kQueue = 4;

uint64_t Frames() { return std::getenv("VIDEOSTREAM_SOAK") != nullptr ? 2000 : 100; }

uint32_t Seed() {
  const char* text = std::getenv("VIDEOSTREAM_SEED");
  return text != nullptr ? static_cast<uint32_t>(std::strtoul(text, nullptr, 10)) : std::random_device()();
}

// A consumer process: one byte into `ack` per frame that is right; prints what is wrong and ends with 1 otherwise.
int Consume(const std::string& socket, uint64_t frames, int ack) {
  Client client(socket, {.name = "proof", .queue = kQueue});
  for (uint64_t expected = 1; expected <= frames; ++expected) {
    Frame frame = client.wait_for_frame(std::chrono::seconds(60));
    if (!frame) {
      std::fprintf(stderr, "frame %lu: nothing came: %s\n", expected, client.error().c_str());
      return 1;
    }
    const auto seen = pattern::Read(frame.format(), frame.data(0), frame.stride(0), frame.width(), frame.height());
    if (!frame.valid() || !seen.is_pattern || seen.torn || seen.stamp.frame != expected ||
        frame.sequence() != expected) {
      std::fprintf(stderr, "frame %lu: valid %d, pattern %d, torn %d, pixels say %lu, sequence %lu\n", expected,
                   frame.valid(), seen.is_pattern, seen.torn, seen.stamp.frame, frame.sequence());
      return 1;
    }
    frame.release();
    if (write(ack, "", 1) != 1) return 1;
  }
  const ClientStats stats = client.stats();
  uint64_t skipped = 0;
  for (const uint64_t count : stats.skipped) skipped += count;
  if (stats.taken != frames || skipped != 0 || stats.published != frames) {
    std::fprintf(stderr, "books: published %lu, taken %lu, skipped %lu\n", stats.published, stats.taken, skipped);
    return 1;
  }
  return 0;
}

struct Consumer {
  pid_t pid = -1;
  int ack = -1;
};

// Forked before any thread of this process exists.
Consumer Fork(const std::string& socket, uint64_t frames) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    alarm(800);
    _exit(Consume(socket, frames, ends[1]));
  }
  close(ends[1]);
  return {pid, ends[0]};
}

// One acknowledgement; false when the consumer has died or says nothing for a minute.
bool AwaitAck(const Consumer& consumer) {
  pollfd fd{consumer.ack, POLLIN, 0};
  char byte;
  return poll(&fd, 1, 60000) == 1 && read(consumer.ack, &byte, 1) == 1;
}

std::string Profile(const std::string& dir) {
  return "version: 1\nname: proof\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n  transport: [shm]\n"
         "options:\n  sw-fallback: { pace: step, step-fifo: " +
         dir +
         "/step }\nstreams:\n  s:\n    capture: { device: pattern, format: NV12, size: 1920x1080, rate: 30 }\n"
         "    outputs:\n      o:\n        publish:\n          - { transport: shm, socket: " +
         dir + "/s.sock, buffers: 8, leases: 2 }\n";
}

// Bug: a frame lost, doubled, reordered or overwritten while it is read, anywhere between the source and three
// processes.
TEST(StepPattern, EveryQueueConsumerGetsEveryFrameInOrderAndWhole) {
  e2e::Watchdog(850);
  const uint64_t frames = Frames();
  const uint32_t seed = Seed();
  std::mt19937 random(seed);
  e2e::TempDir dir;
  ASSERT_EQ(mkfifo((dir / "step").c_str(), 0600), 0) << std::strerror(errno);
  const int step = open((dir / "step").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(step, 0) << std::strerror(errno);
  e2e::WriteAll(dir / "p.yaml", Profile(dir.path()));

  std::vector<Consumer> consumers;
  consumers.reserve(kConsumers);
  for (int i = 0; i < kConsumers; ++i) consumers.push_back(Fork(dir / "s.sock", frames));
  e2e::Process host({e2e::Runfile("apps/videostream/videostream"), "run", "--profile", dir / "p.yaml", "--no-control",
                     "--wait-for", std::to_string(kConsumers), "--json"});

  // Up to as many at once as every consumer is promised; the next burst when all have seen this one.
  for (uint64_t sent = 0; sent < frames && !HasFailure();) {
    const uint64_t burst = std::min<uint64_t>(1 + random() % kQueue, frames - sent);
    const std::string bytes(burst, 'x');
    ASSERT_EQ(write(step, bytes.data(), burst), static_cast<ssize_t>(burst));
    sent += burst;
    for (const Consumer& consumer : consumers) {
      for (uint64_t i = 0; i < burst; ++i) {
        if (AwaitAck(consumer)) continue;
        ADD_FAILURE() << "consumer " << consumer.pid << " failed at or before frame " << sent << "; seed " << seed
                      << "; host says: " << host.Err();
        i = burst;
      }
    }
  }
  for (const Consumer& consumer : consumers) {
    if (HasFailure()) kill(consumer.pid, SIGKILL);
    int status = 0;
    EXPECT_EQ(waitpid(consumer.pid, &status, 0), consumer.pid);
    EXPECT_EQ(status, 0) << "wait status of consumer " << consumer.pid << "; seed " << seed;
    close(consumer.ack);
  }
  host.Signal(SIGTERM);
  EXPECT_EQ(host.Wait().code, 0) << host.Err();
  close(step);
  if (!HasFailure()) {
    std::printf("PROOF: %lu frames of 1920x1080 NV12 to %d processes, every one in order and whole; seed %u\n", frames,
                kConsumers, seed);
  }
}

}  // namespace
}  // namespace videostream

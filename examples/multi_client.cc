// SPDX-License-Identifier: Apache-2.0
// Three clients of one socket, each at its own pace: nobody waits for the slow one, and each is told what it missed.
// Usage: multi_client SOCKET [FRAMES]. Ends with Ctrl-C, or FRAMES frames after each client's first one.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "videostream/client.hpp"

namespace {

volatile std::sig_atomic_t stop = 0;

struct Consumer {
  std::string name;
  uint32_t queue;                  // 0: only the newest frame; N: all of them, while at most N wait
  std::chrono::milliseconds work;  // per frame
};

std::string Summary(const std::string& name, const videostream::ClientStats& stats) {
  static constexpr const char* kReasons[] = VSTREAM_DROP_REASON_NAMES;
  std::ostringstream line;
  line << name << ": " << stats.published << " published, " << stats.taken << " taken";
  for (uint32_t i = 0; i < VSTREAM_DROP_REASONS; ++i) {
    if (stats.skipped[i] != 0) line << ", " << stats.skipped[i] << " skipped (" << kReasons[i] << ")";
  }
  return line.str();
}

struct Outcome {
  std::string summary;
  bool failed = false;
};

// A client belongs to one thread, so each thread makes its own.
void Consume(const std::string& socket, const Consumer& consumer, uint64_t limit, Outcome* outcome) {
  videostream::Client client(socket, {.name = consumer.name, .queue = consumer.queue});
  uint64_t end = UINT64_MAX;
  for (uint64_t last = 0; stop == 0 && last < end;) {
    const videostream::Frame frame = client.wait_for_frame(std::chrono::seconds(1));
    if (client.state() == videostream::Client::State::kFailed) break;
    if (!frame) continue;
    if (last == 0 && limit != 0) end = frame.sequence() + limit;
    last = frame.sequence();
    std::this_thread::sleep_for(consumer.work);  // holds the frame meanwhile: the producer writes into other buffers
  }
  outcome->summary = Summary(consumer.name, client.stats());
  if (!client.error().empty()) outcome->summary += ", " + client.error();
  outcome->failed = client.state() == videostream::Client::State::kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: multi_client SOCKET [FRAMES]\n";
    return 2;
  }
  const uint64_t limit = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  std::signal(SIGINT, [](int) { stop = 1; });
  std::cout << "receiving from " << argv[1] << std::endl;

  const std::vector<Consumer> consumers = {
      {"latest, fast", 0, std::chrono::milliseconds(0)},
      {"latest, slow", 0, std::chrono::milliseconds(100)},
      {"queue of 2", 2, std::chrono::milliseconds(10)},
  };
  std::vector<Outcome> outcomes(consumers.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < consumers.size(); ++i) {
    threads.emplace_back(Consume, argv[1], consumers[i], limit, &outcomes[i]);
  }
  for (std::thread& thread : threads) thread.join();
  bool failed = false;
  for (const Outcome& outcome : outcomes) {
    std::cout << outcome.summary << "\n";
    failed = failed || outcome.failed;
  }
  return failed ? 1 : 0;
}

// SPDX-License-Identifier: Apache-2.0
// In real time at 1280x720, 30 frames per second: what each process counts adds up, and adds up with the others.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace videostream {
namespace {

using Json = nlohmann::json;

uint64_t Sum(const Json& counts) {
  uint64_t sum = 0;
  for (const auto& count : counts) sum += count.get<uint64_t>();
  return sum;
}

// Bug: a frame that is in no book, or in two.
TEST(RealtimeAccounting, ReconcilesInEveryProcess) {
  const bool full = std::getenv("VIDEOSTREAM_SOAK") != nullptr;
  const std::string frames = full ? "900" : "45";
  e2e::Watchdog(full ? 300 : 100);
  e2e::TempDir dir;
  e2e::WriteAll(dir / "p.yaml",
                "version: 1\nname: proof\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n"
                "  encoder: [sw-fallback]\n  transport: [shm]\noptions:\n  sw-fallback: { frames: " +
                    frames +
                    " }\nstreams:\n  s:\n    capture: { device: pattern, format: NV12, size: 1280x720, rate: 30 }\n"
                    "    outputs:\n      o:\n        encoder: { codec: h264, bitrate: 4M, gop: 30 }\n"
                    "        publish:\n          - { transport: shm, socket: " +
                    (dir / "s.sock") + ", buffers: 8, leases: 2 }\n");
  const std::string program = e2e::Runfile("apps/videostream/videostream");
  std::vector<std::unique_ptr<e2e::Process>> consumers;
  const std::vector<std::vector<std::string>> kinds = {
      {}, {"--policy", "queue:4"}, {"--packets", "--policy", "queue:4"}};
  for (const auto& arguments : kinds) {
    std::vector<std::string> command = {program, "receive", dir / "s.sock", "--json", "--quiet"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    consumers.push_back(std::make_unique<e2e::Process>(command));
  }
  const e2e::Outcome host = e2e::RunProgram({program, "run", "--profile", dir / "p.yaml", "--no-control", "--wait-for",
                                             std::to_string(kinds.size()), "--json"});
  ASSERT_EQ(host.code, 0) << host.err;
  const Json report = Json::parse(host.out);
  const Json& stream = report.at("streams").at(0);
  for (const char* flow : {"frames", "packets"}) {
    const Json& books = stream.at(flow);
    EXPECT_EQ(books.at("in").get<uint64_t>(), books.at("published").get<uint64_t>() + Sum(books.at("dropped")))
        << flow << ": " << books.dump();
  }
  EXPECT_EQ(stream.at("frames").at("in").get<uint64_t>(), std::stoull(frames));
  for (size_t i = 0; i < consumers.size(); ++i) {
    const e2e::Outcome outcome = consumers[i]->Wait();
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json books = Json::parse(outcome.out);
    const Json& published = stream.at(i == 2 ? "packets" : "frames").at("published");
    EXPECT_EQ(books.at("published"), published) << books.dump();
    EXPECT_EQ(books.at("published").get<uint64_t>(), books.at("frames").get<uint64_t>() + Sum(books.at("skipped")))
        << books.dump();
    if (i != 2) {
      EXPECT_EQ(books.at("torn"), 0) << books.dump();
    }
  }
  std::printf("PROOF: %s frames in real time; the books of the producer and of %zu consumers balance\n", frames.c_str(),
              consumers.size());
}

}  // namespace
}  // namespace videostream

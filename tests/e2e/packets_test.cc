// SPDX-License-Identifier: Apache-2.0
// The encoded stream as consumers get it who come late, fall behind or come in numbers: each file begins with a key
// frame and its parameter sets, and decodes without an error and without a picture too few.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kGop = 1000;  // packets, half a minute: nobody here lives to see the second key frame by itself

class PacketsTest : public testing::Test {
 protected:
  void SetUp() override {
    Watchdog(280);
    program_ = Install(dir_, {"shm", "sw-fallback"});
    WriteAll(dir_ / "p.yaml",
             "version: 1\nname: packets\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n"
             "  encoder: [sw-fallback]\n  transport: [shm]\nstreams:\n  s:\n"
             "    capture: { device: pattern, format: NV12, size: 320x240, rate: 30 }\n    outputs:\n      o:\n"
             "        encoder: { codec: h264, bitrate: 1M, gop: " +
                 std::to_string(kGop) + " }\n        publish:\n          - { transport: shm, socket: " + socket_ +
                 ", buffers: 8, leases: 2 }\n");
  }
  std::unique_ptr<Process> Run(std::vector<std::string> more = {}) {
    std::vector<std::string> command = {program_, "run", "--profile", dir_ / "p.yaml", "--quiet"};
    command.insert(command.end(), more.begin(), more.end());
    return std::make_unique<Process>(command, InstalledEnvironment(dir_));
  }
  std::unique_ptr<Process> Receive(const std::string& file, std::vector<std::string> more) {
    std::vector<std::string> command = {program_,    "receive", socket_,     "--packets", "--raw",
                                        dir_ / file, "--json",  "--timeout", "100s",      "--quiet"};
    command.insert(command.end(), more.begin(), more.end());
    return std::make_unique<Process>(command, InstalledEnvironment(dir_));
  }
  Json Status() {
    const Outcome outcome = RunProgram({program_, "status", "--json"}, InstalledEnvironment(dir_));
    return outcome.code == 0 ? Json::parse(outcome.out)["streams"][0] : Json();
  }
  uint64_t Published() {
    const Json status = Status();
    return status.is_null() ? 0 : status["packets"]["published"].get<uint64_t>();
  }
  void WaitUntilPublished(uint64_t packets) {
    while (Published() < packets) poll(nullptr, 0, 10);
  }
  uint64_t TakenBy(pid_t pid) {
    const Json status = Status();
    if (status.is_null()) return 0;
    for (const Json& consumer : status["consumers"]) {
      if (consumer["pid"] == pid) return consumer["reported"]["taken"].get<uint64_t>();
    }
    return 0;
  }

  // The file: parameter sets and a key frame first, and as many pictures as packets, without a word from the decoder.
  void ExpectPlayable(const std::string& file, const Json& report) {
    const std::string bytes = ReadAll(dir_ / file);
    std::vector<int> kinds;
    for (size_t at = bytes.find(std::string("\0\0\1", 3)); at != std::string::npos && kinds.size() < 3;
         at = bytes.find(std::string("\0\0\1", 3), at + 3)) {
      kinds.push_back(static_cast<unsigned char>(bytes[at + 3]) & 31);
    }
    EXPECT_EQ(kinds, (std::vector<int>{7, 8, 5})) << file << ": SPS, PPS, IDR";
    const Outcome decoded = RunProgram({"ffprobe", "-v", "error", "-count_frames", "-show_entries",
                                        "stream=nb_read_frames", "-of", "csv=p=0", dir_ / file});
    EXPECT_EQ(decoded.code, 0) << file;
    EXPECT_EQ(decoded.err, "") << file;
    EXPECT_EQ(std::strtoull(decoded.out.c_str(), nullptr, 10), report["written"].get<uint64_t>())
        << file << ": " << decoded.out;
  }
  static Json Report(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    Json report = Json::accept(outcome.out) ? Json::parse(outcome.out) : Json();
    EXPECT_EQ(report.value("reconciles", false), true) << outcome.out;
    EXPECT_GT(report.value("written", 0), 0) << outcome.out;
    return report;
  }
  static uint64_t Skipped(const Json& report, const char* reason) { return report["skipped"][reason].get<uint64_t>(); }

  TempDir dir_;
  std::string socket_ = dir_ / "s.sock";
  std::string program_;
};

// Would catch: a late consumer that waits for the end of the group of pictures, or begins in the middle of one.
TEST_F(PacketsTest, ALateOneGetsAKeyFrameOfItsOwn) {
  const auto run = Run();
  WaitUntilPublished(40);
  for (const char* policy : {"latest", "queue:8", "queue:32"}) {
    const std::string file = std::string(policy) + ".h264";
    const Json report = Report(Receive(file, {"--policy", policy, "--count", "30"})->Wait());
    const auto first = report["first_sequence"].get<uint64_t>();
    EXPECT_GT(first, 40U) << report;
    EXPECT_LT(first, kGop) << "it has waited for the next group: " << report;
    ExpectPlayable(file, report);
  }
  // The same into a pipe, as documented.
  const Outcome piped = RunProgram(
      {"sh", "-c",
       program_ + " receive " + socket_ + " --packets --policy queue:8 --count 30 --quiet --raw - 2>/dev/null | " +
           "ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 -"},
      InstalledEnvironment(dir_));
  EXPECT_EQ(piped.code, 0);
  EXPECT_EQ(piped.err, "");
  EXPECT_EQ(piped.out, "30\n");
  EXPECT_LT(Published(), kGop) << "the machine is too slow for this test to tell anything";
  run->Signal(SIGTERM);
  EXPECT_EQ(run->Wait().code, 0);
}

// Would catch: pictures that refer to lost ones; a consumer that fell behind and waits for the end of the group.
TEST_F(PacketsTest, ASlowOneGoesOnAtAKeyFrame) {
  const auto run = Run();
  const auto receive = Receive("slow.h264", {"--policy", "queue:8"});
  constexpr uint64_t kBehind = 40;  // packets per round
  constexpr uint64_t kQueue = 8;
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t before = TakenBy(receive->pid());
    while (TakenBy(receive->pid()) < before + 20) poll(nullptr, 0, 10);
    kill(receive->pid(), SIGSTOP);
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(receive->pid()), &info, WSTOPPED | WNOWAIT), 0);
    WaitUntilPublished(Published() + kBehind);
    kill(receive->pid(), SIGCONT);
  }
  const uint64_t before = TakenBy(receive->pid());
  while (TakenBy(receive->pid()) < before + 20) poll(nullptr, 0, 10);
  EXPECT_LT(Published(), kGop) << "the machine is too slow for this test to tell anything";
  receive->Signal(SIGINT);
  const Json report = Report(receive->Wait());
  EXPECT_GE(report["gaps"], kRounds) << report;
  EXPECT_GE(Skipped(report, "overrun") + Skipped(report, "await_key"), kRounds * (kBehind - kQueue)) << report;
  EXPECT_GT(Skipped(report, "overrun"), 0U) << report;
  ExpectPlayable("slow.h264", report);
  run->Signal(SIGTERM);
  EXPECT_EQ(run->Wait().code, 0);
}

// Would catch: of several that ask at the same time only the first served; and a key frame for each of them.
TEST_F(PacketsTest, ManyThatComeTogetherShareAKeyFrame) {
  constexpr size_t kMany = 5;
  const auto run = Run();
  const auto witness = Receive("witness.h264", {"--policy", "queue:32"});
  WaitUntilPublished(30);
  std::vector<std::unique_ptr<Process>> joiners;
  for (size_t i = 0; i < kMany; ++i) {
    joiners.push_back(Receive("late" + std::to_string(i) + ".h264", {"--policy", "queue:16", "--count", "30"}));
  }
  for (size_t i = 0; i < kMany; ++i) {
    const Json report = Report(joiners[i]->Wait());
    EXPECT_LT(report["first_sequence"].get<uint64_t>(), kGop) << report;
    ExpectPlayable("late" + std::to_string(i) + ".h264", report);
  }
  witness->Signal(SIGINT);
  const Json report = Report(witness->Wait());
  ExpectPlayable("witness.h264", report);
  const Outcome keys =
      RunProgram({"ffprobe", "-v", "error", "-select_streams", "v", "-skip_frame", "nokey", "-count_frames",
                  "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", dir_ / "witness.h264"});
  const uint64_t count = std::strtoull(keys.out.c_str(), nullptr, 10);
  EXPECT_GE(count, 2U) << "the first, and one for those who came late";
  EXPECT_LE(count, 1 + 1 + kMany + Skipped(report, "overrun")) << "at most one for each who asked";
  run->Signal(SIGTERM);
  EXPECT_EQ(run->Wait().code, 0);
}

// Would catch: a raw file that joins two producers, and a recording that is not closed when its producer ends.
TEST_F(PacketsTest, TheNextProducerIsAnotherRecording) {
  const Outcome refused = Receive("never.h264", {"--reconnect"})->Wait();
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err,
            "videostream receive: --reconnect and --raw exclude each other: the next producer may send another "
            "format\n");
  EXPECT_EQ(ReadAll(dir_ / "never.h264"), "");
  for (const char* name : {"first", "second"}) {
    const auto run = Run({"--wait-for", "2"});
    const std::string mp4 = dir_ / (std::string(name) + ".mp4");
    Process recorder({Runfile("apps/videostream-record/videostream-record"), socket_, mp4});
    const auto receive = Receive(std::string(name) + ".h264", {"--policy", "queue:16"});
    WaitUntilPublished(60);
    run->Signal(SIGTERM);
    EXPECT_EQ(run->Wait().code, 0);
    const Json report = Report(receive->Wait());
    EXPECT_EQ(report["first_sequence"], 1) << report;
    ExpectPlayable(std::string(name) + ".h264", report);
    const Outcome recorded = recorder.Wait();
    EXPECT_EQ(recorded.code, 0) << recorded.err;
    const Outcome decoded = RunProgram(
        {"ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", mp4});
    EXPECT_EQ(decoded.code, 0);
    EXPECT_EQ(decoded.err, "") << mp4;
    EXPECT_GE(std::strtoull(decoded.out.c_str(), nullptr, 10), 60U) << decoded.out;
  }
}

}  // namespace
}  // namespace videostream::e2e

// SPDX-License-Identifier: Apache-2.0
// `explain` against the runtime: what is planned is what is then opened.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

class ExplainTest : public testing::Test {
 protected:
  void SetUp() override { Watchdog(100); }

  Outcome Videostream(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    return RunProgram(arguments, {"RUNTIME_DIRECTORY=" + dir_.path()});
  }

  TempDir dir_;
  const std::string program_ = Runfile("apps/videostream/videostream");
};

// One output alone, several from one pool, one of them converted; with packets and without.
constexpr const char* kProfile = R"(version: 1
name: pools
backends: {allocator: [shm], capture: [sw-fallback], converter: [sw-fallback], encoder: [sw-fallback], transport: [shm]}
streams:
  alone:
    capture: {device: pattern, format: NV12, size: 320x240, rate: 30}
    outputs:
      full: {encoder: {codec: h264}, publish: [{socket: "${RUNTIME}/alone.sock", buffers: 7, leases: 3}]}
  several:
    capture: {device: pattern, format: I420, size: 320x240, rate: 30}
    outputs:
      a: {encoder: {codec: mjpeg}, publish: [{socket: "${RUNTIME}/a.sock", buffers: 5}]}
      b: {publish: [{socket: "${RUNTIME}/b.sock", buffers: 8, leases: 4}]}
      c: {format: RGB24, size: 160x120, publish: [{socket: "${RUNTIME}/c.sock", buffers: 4}]}
)";

// Would catch: a sum in the plan that is not the one by which the pipeline then makes its pools.
TEST_F(ExplainTest, PoolsAreMadeAsPlanned) {
  const std::string profile = dir_ / "pools.yaml";
  WriteAll(profile, kProfile);
  const Outcome explained = Videostream({"explain", "--profile", profile, "--json"});
  ASSERT_EQ(explained.code, 0) << explained.err;
  std::map<std::string, std::string> planned;
  const nlohmann::json plan = nlohmann::json::parse(explained.out);
  for (const auto& pool : plan["pools"]) {
    const std::string what = pool["what"];
    if (what != "packets") planned[pool["of"].get<std::string>() + " " + what] = pool["buffers"].dump();
  }
  const Outcome run = Videostream({"run", "--profile", profile, "--duration", "200ms", "--json", "--quiet"});
  ASSERT_EQ(run.code, 0) << run.err;
  const auto streams = nlohmann::json::parse(run.out)["streams"];
  ASSERT_EQ(streams.size(), 4U) << run.out;
  for (const auto& stream : streams) {
    const std::string name = stream["name"], output = stream["output"], sum = stream["pool_sum"];
    const std::string own = name + "." + output + " frames", shared = name + " captured";
    const std::string& expected = planned.contains(own) ? planned[own] : planned[shared];
    EXPECT_EQ(sum.substr(0, sum.find(' ')), expected) << name << ": " << sum << "\n" << explained.out;
  }
}

// Would catch: a question that is not answered, or answered by a plan for another machine.
TEST_F(ExplainTest, WhyNotIsAnswered) {
  const std::string profile = Runfile("configs/dev-x86_64.yaml");
  const Outcome no = Videostream({"explain", "--profile", profile, "--why-not", "front.encoder=shm"});
  EXPECT_EQ(no.code, 0) << no.err;
  EXPECT_NE(no.out.find("\nWhy not shm for front.full.encoder?\n  no backend can serve slot 'front.full.encoder': "
                        "'shm': it has no encoder"),
            std::string::npos)
      << no.out;
  const Outcome wrong = Videostream({"explain", "--profile", profile, "--why-not", "front.encodr=shm"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_NE(wrong.err.find("--why-not: no slot 'front.full.encodr', expected one of: front.capture, "),
            std::string::npos)
      << wrong.err;
}

}  // namespace
}  // namespace videostream::e2e

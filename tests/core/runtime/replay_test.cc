// SPDX-License-Identifier: Apache-2.0
// What replaying a file changes in a profile.
#include "core/runtime/replay.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/profile/parse.h"
#include "core/runtime/profile_input.h"
#include "tests/e2e/process.h"

namespace videostream {
namespace {

constexpr const char* kCamera = R"(version: 1
name: camera
backends: {allocator: [shm], capture: [v4l2], transport: [shm]}
options: {v4l2: {mode: 3}}
streams:
  front:
    capture: {device: /dev/video0, format: NV12, size: 640x480, rate: 30}
    outputs: {full: {publish: [{transport: shm, socket: /tmp/a.sock}]}}
  back:
    capture: {device: /dev/video1, format: NV12, size: 640x480, rate: 30}
    outputs: {full: {publish: [{transport: shm, socket: /tmp/b.sock}]}}
)";

// Would catch: a file that is scaled to the camera's size, and a second stream that loses its camera.
TEST(ReplayTest, FirstStreamBecomesTheFile) {
  Result<Profile> profile = ParseProfile(kCamera, "camera.yaml");
  ASSERT_TRUE(profile) << profile.error().message;
  ASSERT_TRUE(ReplayFile(*profile, "-"));
  const CaptureSpec& front = profile->streams[0].capture;
  EXPECT_EQ(front.device.value, "file");
  EXPECT_EQ(front.format.value, "");
  EXPECT_EQ(front.size.value.width, 0U);
  EXPECT_EQ(front.rate.value.num, 0U);
  EXPECT_EQ(profile->streams[1].capture.device.value, "/dev/video1");
  const auto& captures = profile->Backends(BackendKind::kCapture);
  ASSERT_EQ(captures.size(), 2U);
  EXPECT_EQ(captures[0].value, "v4l2");
  EXPECT_EQ(captures[1].value, "sw-fallback");
  const std::vector<Option>& options = profile->OptionsFor("sw-fallback");
  ASSERT_EQ(options.size(), 1U);
  EXPECT_EQ(options[0].key.value, "path");
  EXPECT_EQ(options[0].values[0].value, "-");
}

// Would catch: a profile that is half changed by a failure.
TEST(ReplayTest, AFailureChangesNothing) {
  Result<Profile> profile = ParseProfile(kCamera, "camera.yaml");
  ASSERT_TRUE(profile) << profile.error().message;
  const Profile before = *profile;
  const Status missing = ReplayFile(*profile, "/nothing/here.y4m");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kInvalidArgument);
  EXPECT_EQ(missing.error().message, "input '/nothing/here.y4m': No such file or directory");
  EXPECT_FALSE(ReplayFile(*profile, "/tmp"));
  EXPECT_TRUE(*profile == before);
}

// Would catch: JPEGs that are read as Y4M, or that reach consumers undecoded where the profile does not say how.
TEST(ReplayTest, JpegsAreDecodedForOutputsWithoutAFormat) {
  const e2e::TempDir dir;
  for (const char* name : {"a.mjpeg", "b.MJPG", "c.y4m", "mjpeg"}) {
    const bool jpegs = name[0] == 'a' || name[0] == 'b';
    std::ofstream(dir / name) << "x";
    Result<Profile> profile = ParseProfile(kCamera, "camera.yaml");
    ASSERT_TRUE(profile) << profile.error().message;
    OutputSpec rgb = profile->streams[0].outputs[0];
    rgb.format = {"RGB24", {}};
    profile->streams[0].outputs.push_back(rgb);
    ASSERT_TRUE(ReplayFile(*profile, dir / name));
    EXPECT_EQ(profile->streams[0].capture.format.value, jpegs ? "MJPEG" : "") << name;
    EXPECT_EQ(profile->Backends(BackendKind::kConverter).size(), jpegs ? 1U : 0U) << name;
    const auto& outputs = profile->streams[0].outputs;
    EXPECT_EQ(outputs[0].format.has_value(), jpegs) << name;
    EXPECT_EQ(outputs[0].format.value_or(Located<std::string>{"none", {}}).value, jpegs ? "NV12" : "none");
    EXPECT_EQ(outputs[1].format->value, "RGB24");
    EXPECT_FALSE(profile->streams[1].outputs[0].format) << name;
  }
}

// Would catch: an option that input sets and nobody can override, and errors that do not say which word is wrong.
TEST(ReplayTest, SettingsComeAfterTheInput) {
  Result<Profile> profile = ParseProfile(kCamera, "camera.yaml");
  ASSERT_TRUE(profile) << profile.error().message;
  ASSERT_TRUE(Override(*profile, {"sw-fallback.path=/other.y4m"}, "-"));
  EXPECT_EQ(profile->OptionsFor("sw-fallback")[0].values[0].value, "/other.y4m");
  const Status wrong = Override(*profile, {"v4l2"}, "");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "set: option 'v4l2': expected BACKEND.KEY=VALUE such as sw-fallback.threads=2");
}

}  // namespace
}  // namespace videostream

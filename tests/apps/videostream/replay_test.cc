// SPDX-License-Identifier: Apache-2.0
// What `--input` changes in a profile.
#include "apps/videostream/replay.h"

#include <gtest/gtest.h>

#include "core/profile/parse.h"

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
  EXPECT_EQ(missing.error().message, "--input '/nothing/here.y4m': No such file or directory");
  EXPECT_FALSE(ReplayFile(*profile, "/tmp"));
  EXPECT_TRUE(*profile == before);
}

}  // namespace
}  // namespace videostream

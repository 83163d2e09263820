// SPDX-License-Identifier: Apache-2.0
// What the command line and the environment change in a profile, and in which order.
#include "core/runtime/profile_input.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace videostream {
namespace {

constexpr std::string_view kProfile =
    "version: 1\nname: test\nbackends: {capture: [sw-fallback], transport: [shm]}\n"
    "options: {sw-fallback: {threads: 1, pace: max, mode: a}}\n"
    "streams: {front: {capture: {}, outputs: {raw: {publish: [{socket: /run/raw.sock}]}}}}\n";

const char* variables = nullptr;  // what VIDEOSTREAM_SET is

const char* Environment(const char* name) { return std::string_view(name) == "VIDEOSTREAM_SET" ? variables : nullptr; }

Profile Parsed() {
  auto profile = ParseProfile(kProfile, "x.yaml");
  EXPECT_TRUE(profile.has_value()) << profile.error().message;
  return profile ? *std::move(profile) : Profile{};
}

// Catches a variable that is not read, or that wins over the command line.
TEST(OverrideTest, EnvironmentReplacesTheProfileAndTheCommandLineBoth) {
  Profile sut = Parsed();
  variables = " sw-fallback.threads=2  sw-fallback.pace=real shm.x=1 ";
  ASSERT_TRUE(Override(sut, {"sw-fallback.threads=3"}, "", Environment).has_value());
  const auto& options = sut.OptionsFor("sw-fallback");
  ASSERT_EQ(options.size(), 3U);
  EXPECT_EQ(options[0].values.at(0).value, "3");
  EXPECT_EQ(options[1].values.at(0).value, "real");
  EXPECT_EQ(options[2].values.at(0).value, "a");
  EXPECT_EQ(sut.OptionsFor("shm").at(0).values.at(0).value, "1");
}

// Catches a mistake in the environment that is passed over, or that reads as one of the command line.
TEST(OverrideTest, AMistakeInTheEnvironmentNamesTheVariable) {
  Profile sut = Parsed();
  variables = "v4l2.buffers=4";
  const Status status = Override(sut, {}, "", Environment);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message,
            "VIDEOSTREAM_SET: option 'v4l2.buffers': no list under 'backends' of profile 'test' names backend 'v4l2'");
  variables = "";
  EXPECT_TRUE(Override(sut, {}, "", Environment).has_value());
  variables = nullptr;
  EXPECT_TRUE(Override(sut, {}, "", Environment).has_value());
}

// Catches a variable that wins over --profile, or that is asked where a description of another machine is given.
TEST(ProfileOrOwnTest, EnvironmentCountsOnlyWhereNothingIsGiven) {
  ASSERT_EQ(::setenv("VIDEOSTREAM_PROFILE", "from-environment", 1), 0);
  EXPECT_EQ(ProfileOrOwn("given").value_or("none"), "given");
  EXPECT_EQ(ProfileOrOwn("").value_or("none"), "from-environment");
  MachineFacts nowhere;
  nowhere.arch = "none";
  EXPECT_NE(ProfileOrOwn("", nowhere).value_or("none"), "from-environment");
  ASSERT_EQ(::unsetenv("VIDEOSTREAM_PROFILE"), 0);
}

// Catches a profile that is chosen for the machine that this runs on, or by the order of the folder.
TEST(ProfileOrOwnTest, TheProfileOfAMachineIsFoundByItsFacts) {
  MachineFacts board;
  board.arch = "aarch64";
  EXPECT_TRUE(ProfileOrOwn("", board).value_or("none").ends_with("/configs/generic-arm64.yaml"));
  board.compatible = {"vendor,board", "fsl,imx8mp"};
  EXPECT_TRUE(ProfileOrOwn("", board).value_or("none").ends_with("/configs/imx8mp.yaml"));
  EXPECT_EQ(ProfileOrOwn("given", board).value_or("none"), "given");
  MachineFacts nowhere;
  nowhere.arch = "none";
  const auto sut = ProfileOrOwn("", nowhere);
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().code, Code::kUnsupported);
}

}  // namespace
}  // namespace videostream

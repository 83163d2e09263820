// SPDX-License-Identifier: Apache-2.0
// Lookups, later messages and options set from outside.
#include "core/profile/profile.h"

#include <gtest/gtest.h>

#include <string>

#include "core/profile/parse.h"
#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

class ProfileTest : public testing::Test {
 protected:
  ProfileTest() {
    auto parsed = ParseProfile(kGoodProfile, "x.yaml", NoEnvironment());
    EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
    if (parsed) sut_ = *std::move(parsed);
  }

  Profile sut_;
};

// Catches options handed to a backend they do not belong to.
TEST_F(ProfileTest, OptionsForAnotherBackendAreEmpty) {
  EXPECT_EQ(sut_.OptionsFor("sw-fallback").size(), 1U);
  EXPECT_TRUE(sut_.OptionsFor("shm").empty());
}

// Catches a later message in another form than the parser's.
TEST_F(ProfileTest, ErrorAtPointsIntoTheFile) {
  const Error error = sut_.ErrorAt(sut_.OptionsFor("sw-fallback").at(0).values.at(0).pos, "expected 1, found '2'");
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_EQ(error.message, R"(x.yaml:9:26: error: expected 1, found '2'
   9 |   sw-fallback: {threads: 2}
     |                          ^)");
  EXPECT_EQ(sut_.ErrorAt({}, "no device").message, "x.yaml: error: no device");
}

// Catches an override that is added beside the value of the file, or that keeps its place.
TEST_F(ProfileTest, SetOptionReplaces) {
  ASSERT_TRUE(SetOption(sut_, "sw-fallback.threads=4").has_value());
  ASSERT_EQ(sut_.OptionsFor("sw-fallback").size(), 1U);
  const Option& option = sut_.OptionsFor("sw-fallback")[0];
  EXPECT_EQ(option.values.at(0).value, "4");
  EXPECT_FALSE(option.is_list);
  EXPECT_FALSE(option.key.pos.in_file() || option.values[0].pos.in_file());
}

// Catches an override that works only for backends which have options already.
TEST_F(ProfileTest, SetOptionAdds) {
  ASSERT_TRUE(SetOption(sut_, "shm", "huge_pages", "a=b.c").has_value());
  ASSERT_TRUE(SetOption(sut_, "sw-fallback.mode=").has_value());
  EXPECT_EQ(sut_.OptionsFor("shm").at(0).values.at(0).value, "a=b.c");
  ASSERT_EQ(sut_.OptionsFor("sw-fallback").size(), 2U);
  EXPECT_EQ(sut_.OptionsFor("sw-fallback")[1].values.at(0).value, "");
}

// Catches overrides that are less strict than the file, or that leave something behind when they fail.
TEST_F(ProfileTest, SetOptionRefusesWhatTheFileCouldNotSay) {
  const Profile before = sut_;
  const auto message = [this](std::string_view assignment) {
    const Status status = SetOption(sut_, assignment);
    EXPECT_EQ(status.has_value() ? Code::kInternal : status.error().code, Code::kInvalidArgument);
    return status.has_value() ? "" : status.error().message;
  };
  EXPECT_EQ(message("threads=2"), "option 'threads=2': expected BACKEND.KEY=VALUE such as sw-fallback.threads=2");
  EXPECT_EQ(message("sw-fallback.threads"),
            "option 'sw-fallback.threads': expected BACKEND.KEY=VALUE such as sw-fallback.threads=2");
  EXPECT_EQ(message("v4l2.buffers=4"),
            "option 'v4l2.buffers': no list under 'backends' of profile 'test' names backend 'v4l2'");
  EXPECT_EQ(message("sw-fallback.isolation=process"),
            "option 'sw-fallback.isolation': key 'isolation' is not implemented yet in this version");
  EXPECT_EQ(message("sw-fallback.Threads=2"),
            "option 'sw-fallback.Threads': expected the name of an option (1 to 64 of a-z, 0-9, '-' and '_')");
  EXPECT_EQ(message("sw-fallback.x=" + std::string(1025, 'v')),
            "option 'sw-fallback.x': expected a value of at most 1024 bytes, found 1025");
  EXPECT_EQ(message("sw-fallback.x=\x1b[2J"),
            "option 'sw-fallback.x': expected text in UTF-8 without control characters");
  EXPECT_EQ(message("sw-fallback.x=${HOME}"),
            "option 'sw-fallback.x': expected text without '${', which stands for nothing there");
  EXPECT_EQ(message("sw-fallback.x=\xFF"), "option 'sw-fallback.x': expected text in UTF-8 without control characters");
  EXPECT_EQ(sut_, before);
}

// Catches a comparison that forgets a field, or that looks at places.
TEST_F(ProfileTest, EqualityIsAboutValues) {
  Profile other = sut_;
  other.file = "y.yaml";
  other.text.clear();
  other.name.pos = {};
  EXPECT_EQ(other, sut_);
  const auto differs = [this](auto change) {
    Profile changed = sut_;
    change(changed);
    return !(changed == sut_);
  };
  EXPECT_TRUE(differs([](Profile& p) { p.name.value = "y"; }));
  EXPECT_TRUE(differs([](Profile& p) { p.backends[2].push_back({"x", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.options[0].options[0].is_list = true; }));
  EXPECT_TRUE(differs([](Profile& p) { p.match.emplace(); }));
  EXPECT_TRUE(differs([](Profile& p) { p.require.push_back({"hardware", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].require.push_back({"hardware", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].backends[0].push_back({"x", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].capture.require.push_back({"hardware", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].require.push_back({"hardware", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].backends[0].push_back({"x", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].encoder->require.push_back({"hardware", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].capture.device.value = "y"; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].capture.rate.value = {25, 1}; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].format.emplace(); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].rate.value = {10, 1}; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].crop.value.y = 2; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].rotate.value = 90; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].flip.value = "vertical"; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].filter.value = "box"; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].color.value = "bt709"; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].encoder->quality.value = 1; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].encoder->gop.value = 1; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].publish[0].mode.value = 0; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].publish[0].lease_time.value = 1; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].publish[0].clients.value = 1; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].publish[0].group.value = "x"; }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].publish[0].allow_uid.push_back({"x", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].publish[0].allow_gid.push_back({"x", {}}); }));
  EXPECT_TRUE(differs([](Profile& p) { p.streams[0].outputs[0].publish[0].protect.value = "x"; }));
}

}  // namespace
}  // namespace videostream

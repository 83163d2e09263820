// SPDX-License-Identifier: Apache-2.0
// The profile of a machine is found among those of some folders, or it is said why not.
#include "core/machine/choose.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace videostream {
namespace {

using Fate = ProfileCandidate::Fate;

const char* NoVariable(const char*) { return nullptr; }

class ChooseProfileTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(60);
    char name[] = "/tmp/vsc-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr) << errno;
    dir_ = name;
    options_.search_dirs = {dir_ + "/etc", dir_ + "/share"};
    options_.env = NoVariable;
    facts_.compatible = {"vendor,board", "fsl,imx8mp"};
    facts_.arch = "aarch64";
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(dir_);
  }
  // A profile with this line for its `match`.
  void Make(const std::string& folder, const std::string& name, const std::string& match) const {
    std::filesystem::create_directories(dir_ + "/" + folder);
    std::ofstream(dir_ + "/" + folder + "/" + name + ".yaml")
        << "version: 1\nname: " << name << "\n"
        << match
        << "\nbackends: {allocator: [shm], capture: [sw-fallback], transport: [shm]}\n"
           "streams: {front: {capture: {}, outputs: {full: {publish: [{socket: /run/x.sock}]}}}}\n";
  }
  ProfileSelection Choose() const { return ChooseProfile(facts_, options_); }
  static const ProfileCandidate& Find(const ProfileSelection& selection, const std::string& path_end) {
    const auto found = std::ranges::find_if(selection.candidates,
                                            [&](const ProfileCandidate& c) { return c.path.ends_with(path_end); });
    EXPECT_NE(found, selection.candidates.end()) << path_end;
    return *found;
  }

  std::string dir_;
  ProfileOptions options_;
  MachineFacts facts_;
};

// Catches a choice by the order of the names or folders where one fits better.
TEST_F(ChooseProfileTest, TheBestMatchWins) {
  Make("etc", "a-generic", "match: {arch: aarch64}");
  Make("share", "imx8mp", "match: {compatible: [\"fsl,imx8mp\"]}");
  Make("share", "zz-board", "match: {compatible: [\"vendor,board\"]}");
  Make("share", "other", "match: {compatible: [\"fsl,imx8mm\"], arch: aarch64}");
  Make("share", "by-name", "");
  const ProfileSelection sut = Choose();
  ASSERT_FALSE(sut.error) << sut.error->message;
  EXPECT_EQ(sut.path, dir_ + "/share/zz-board.yaml");
  ASSERT_EQ(sut.candidates.size(), 5U);
  EXPECT_EQ(sut.candidates[0].fate, Fate::kChosen);
  EXPECT_EQ(sut.candidates[1].name, "imx8mp");
  EXPECT_EQ(sut.candidates[1].fate, Fate::kLess);
  EXPECT_EQ(sut.candidates[2].name, "a-generic");
  EXPECT_EQ(Find(sut, "other.yaml").fate, Fate::kMisfit);
  EXPECT_EQ(Find(sut, "by-name.yaml").fate, Fate::kNoMatch);
}

// Catches a tie that is settled in silence, by chance.
TEST_F(ChooseProfileTest, ATieNamesBoth) {
  Make("share", "one", "match: {arch: aarch64}");
  Make("share", "two", "match: {arch: [armv7l, aarch64]}");
  Make("share", "less", "match: {arch: \"aarch*\"}");
  const ProfileSelection sut = Choose();
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kInvalidArgument);
  EXPECT_EQ(sut.error->message, "profiles '" + dir_ + "/share/one.yaml' and '" + dir_ +
                                    "/share/two.yaml' fit this machine equally well (149 points each); name one with "
                                    "--profile, or make the `match` of one of them closer");
  EXPECT_EQ(sut.path, "");
  EXPECT_EQ(Find(sut, "one.yaml").fate, Fate::kTied);
  EXPECT_EQ(Find(sut, "less.yaml").fate, Fate::kLess);
  // A better one settles it.
  Make("etc", "best", "match: {arch: aarch64, compatible: [\"fsl,*\"]}");
  EXPECT_EQ(Choose().path, dir_ + "/etc/best.yaml");
}

// Catches a profile of the administrator's that is passed over for being wrong, so that another one runs.
TEST_F(ChooseProfileTest, AWrongProfileIsNotPassedOver) {
  Make("share", "generic", "match: {arch: aarch64}");
  Make("etc", "mine", "match: {arch: aarch64, sock: x}");
  const ProfileSelection sut = Choose();
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kInvalidArgument);
  EXPECT_NE(sut.error->message.find("profile '" + dir_ + "/etc/mine.yaml' cannot be read"), std::string::npos)
      << sut.error->message;
  EXPECT_NE(sut.error->message.find("mine.yaml:3:24: error: unknown key 'sock'"), std::string::npos)
      << sut.error->message;
  EXPECT_EQ(sut.error->message.find('\n'), std::string::npos);
  EXPECT_EQ(Find(sut, "mine.yaml").fate, Fate::kWrong);
}

// Catches an installed profile that competes with the administrator's of the same name.
TEST_F(ChooseProfileTest, AnEarlierFolderShadowsALaterOne) {
  Make("etc", "imx8mp", "match: {arch: \"*\"}");
  Make("share", "imx8mp", "match: {compatible: [\"fsl,imx8mp\"]}");
  const ProfileSelection sut = Choose();
  ASSERT_FALSE(sut.error) << sut.error->message;
  EXPECT_EQ(sut.path, dir_ + "/etc/imx8mp.yaml");
  EXPECT_EQ(Find(sut, "share/imx8mp.yaml").fate, Fate::kShadowed);
}

// Catches a profile without streams, there to be extended, that is chosen or taken for a mistake.
TEST_F(ChooseProfileTest, ABaseIsNoCandidate) {
  std::filesystem::create_directories(dir_ + "/share");
  std::ofstream(dir_ + "/share/base.yaml") << "version: 1\nname: base\nmatch: {arch: aarch64}\n";
  const ProfileSelection sut = Choose();
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kUnsupported);
  EXPECT_EQ(Find(sut, "base.yaml").fate, Fate::kBase);
}

// Catches an answer without a way out where nothing fits, and files that are taken for profiles.
TEST_F(ChooseProfileTest, NothingFits) {
  Make("share", "imx8mm", "match: {compatible: [\"fsl,imx8mm\"]}");
  std::ofstream(dir_ + "/share/notes.txt") << "x";
  std::ofstream(dir_ + "/share/No Profile.yaml") << "x";
  const ProfileSelection sut = Choose();
  ASSERT_TRUE(sut.error);
  EXPECT_EQ(sut.error->code, Code::kUnsupported);
  EXPECT_EQ(sut.error->message, "no profile fits this machine: looked at 1 in '" + dir_ + "/etc', '" + dir_ +
                                    "/share'; name one with --profile, or see `videostream profile which`");
  ASSERT_EQ(sut.candidates.size(), 1U);
  EXPECT_EQ(sut.candidates[0].match.keys.at(0).fact, "'vendor,board', 'fsl,imx8mp'");
  options_.search_dirs.clear();
  EXPECT_NE(Choose().error->message.find("looked at 0 in no folder"), std::string::npos);
}

// Catches a fate without a name in JSON.
TEST(FateNameTest, NamesAreStable) {
  const char* names[] = {"chosen", "less", "tied", "misfit", "no_match", "base", "shadowed", "wrong"};
  for (size_t i = 0; i < std::size(names); ++i) EXPECT_EQ(FateName(static_cast<Fate>(i)), names[i]);
}

}  // namespace
}  // namespace videostream

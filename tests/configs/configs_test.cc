// SPDX-License-Identifier: Apache-2.0
// The shipped profiles: each can be read, gives its reasons, is found by the machines it is for, and runs on a bare
// one.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "core/machine/choose.h"
#include "core/machine/load.h"
#include "core/machine/record.h"
#include "core/machine/words.h"
#include "core/planner/plan.h"
#include "core/plugin/loader.h"
#include "core/profile/parse.h"

namespace videostream {
namespace {

namespace fs = std::filesystem;

const char* NoVariable(const char*) { return nullptr; }

std::vector<fs::path> YamlFiles(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

ProfileOptions Options() {
  ProfileOptions options;
  options.search_dirs = {"configs"};
  options.env = NoVariable;
  return options;
}

// Machine -> the profile that is its own, and those that fit it less well.
struct Own {
  const char* machine;
  const char* profile;
  std::set<std::string> less;
};
const std::set<std::string> kArm64 = {"generic-arm64"};
const Own kOwn[] = {
    {"arm64-uvc", "generic-arm64", {}},
    {"armv7-imx6", "generic-armv7", {}},
    {"dev-container", "generic-x86_64", {}},
    {"imx8mm", "imx8mm", kArm64},
    {"imx8mp", "imx8mp", kArm64},
    {"imx93", "imx93", kArm64},
    {"imx95", "imx95", kArm64},
    {"jetson-orin", "jetson-generic", kArm64},
    {"lab", "lab", {"generic-x86_64"}},
    {"rk3588-bsp", "rk3588", kArm64},
    {"rk3588-mainline", "rk3588", kArm64},
    {"rpi4", "rpi4", kArm64},
    {"rpi5", "rpi5", kArm64},
    {"x86_64-uvc", "generic-x86_64", {}},
};

class ConfigsTest : public testing::Test {
 protected:
  void SetUp() override { alarm(120); }
  void TearDown() override { alarm(0); }
};

// Catches a profile that cannot be read, or that goes by another name than its file.
TEST_F(ConfigsTest, EveryFileIsAProfileOfItsName) {
  const std::vector<fs::path> files = YamlFiles("configs");
  EXPECT_GE(files.size(), 13U);
  for (const fs::path& file : files) {
    const Result<Profile> sut = LoadProfile(file.string(), Options());
    ASSERT_TRUE(sut) << sut.error().message;
    EXPECT_EQ(sut->name.value, file.stem().string());
    EXPECT_FALSE(sut->streams.empty()) << file;
  }
}

// Catches a preference that nobody can judge, since it does not say why it stands there.
TEST_F(ConfigsTest, EveryPreferenceHasAReason) {
  const std::regex list(R"(^ +(allocator|capture|converter|encoder|transport): \[.*)");
  const std::regex comment(R"(^ *# .*|.* # .*)");
  size_t lists = 0;
  for (const fs::path& file : YamlFiles("configs")) {
    std::ifstream in(file);
    std::string line, before;
    for (size_t number = 1; std::getline(in, line); ++number, before = line) {
      if (!std::regex_match(line, list)) continue;
      ++lists;
      EXPECT_TRUE(std::regex_match(line, comment) || std::regex_match(before, comment)) << file << ":" << number;
    }
  }
  EXPECT_GE(lists, 50U);
}

// Catches a tie, a profile that is taken for a machine that is another's, and a machine that finds none.
TEST_F(ConfigsTest, EveryMachineFindsItsProfile) {
  std::set<std::string> machines, chosen;
  for (const fs::path& file : YamlFiles("tests/machines")) machines.insert(file.stem());
  for (const Own& own : kOwn) {
    ASSERT_EQ(machines.erase(own.machine), 1U) << own.machine;
    const Result<MachineDescription> machine = LoadMachine("tests/machines/" + std::string(own.machine) + ".yaml");
    ASSERT_TRUE(machine) << machine.error().message;
    const ProfileSelection sut = ChooseProfile(machine->facts, Options());
    ASSERT_FALSE(sut.error) << own.machine << ": " << sut.error->message;
    EXPECT_EQ(sut.path, "configs/" + std::string(own.profile) + ".yaml");
    std::set<std::string> less;
    for (const ProfileCandidate& candidate : sut.candidates) {
      if (candidate.fate == ProfileCandidate::Fate::kLess) less.insert(candidate.name);
    }
    EXPECT_EQ(less, own.less) << own.machine;
    chosen.insert(own.profile);
  }
  EXPECT_TRUE(machines.empty()) << *machines.begin() << " is not in the table";
  for (const fs::path& file : YamlFiles("configs")) {
    const Result<Profile> profile = LoadProfile(file.string(), Options());
    ASSERT_TRUE(profile);
    EXPECT_EQ(profile->match.has_value(), chosen.contains(file.stem())) << file;
  }
}

// Catches a description that reads as if somebody had been there, or that does not say where it has something from.
TEST_F(ConfigsTest, WhatIsComposedCitesItsSources) {
  size_t composed = 0;
  for (const fs::path& file : YamlFiles("tests/machines")) {
    const Result<MachineDescription> sut = LoadMachine(file.string());
    ASSERT_TRUE(sut) << sut.error().message;
    EXPECT_TRUE(sut->inventory.contains("shm") && sut->inventory.contains("sw-fallback")) << file;
    if (sut->provenance != Provenance::kComposed) continue;
    ++composed;
    std::vector<std::string> wanted = {"the machine", "facts", "limits"};
    for (const auto& [name, report] : sut->inventory) {
      for (const vstream_device& device : report.devices) {
        wanted.push_back(CitationKey(name, device.kind, static_cast<const char*>(device.id)));
      }
    }
    for (const std::string& of : wanted) {
      const auto cites = sut->cites.find(of);
      EXPECT_TRUE(cites != sut->cites.end() && !cites->second.empty()) << file << ": " << of;
    }
  }
  EXPECT_GE(composed, 10U);
}

// Catches a profile without a way out: on a machine with neither camera nor codec everything is served by software.
TEST_F(ConfigsTest, EveryProfileRunsOnABareMachine) {
  Loader loader(MakeSearchPath({}));
  for (const fs::path& file : YamlFiles("configs")) {
    const Result<Profile> profile = LoadProfile(file.string(), Options());
    ASSERT_TRUE(profile) << profile.error().message;
    Inventory inventory;
    for (const std::string& name : profile->EveryBackend()) inventory.emplace(name, ProbeBackend(name, loader));
    const Planning sut = MakePlan(*profile, inventory);
    EXPECT_TRUE(sut.plan) << file << ": " << (sut.error ? sut.error->message : "");
  }
}

// Catches a profile that does not work on the very machine that it is for.
TEST_F(ConfigsTest, EveryMachineCanRunItsProfile) {
  for (const Own& own : kOwn) {
    const Result<MachineDescription> machine = LoadMachine("tests/machines/" + std::string(own.machine) + ".yaml");
    ASSERT_TRUE(machine) << machine.error().message;
    const Result<Profile> profile = LoadProfile("configs/" + std::string(own.profile) + ".yaml", Options());
    ASSERT_TRUE(profile) << profile.error().message;
    PlanOptions options;
    options.limits = machine->limits;
    const Planning sut = MakePlan(*profile, machine->inventory, options);
    EXPECT_TRUE(sut.plan) << own.machine << ": " << (sut.error ? sut.error->message : "");
  }
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What the backends of this machine offer, and that it can be written down.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/machine/format.h"
#include "core/machine/load.h"
#include "core/machine/record.h"
#include "core/plugin/loader.h"
#include "tests/core/machine/same.h"

namespace videostream {
namespace {

// Catches a backend of the search path that is not asked, and one that is asked without an answer.
TEST(ProbeBackendsTest, EveryBackendIsAsked) {
  Loader loader(MakeSearchPath({}));
  const Inventory sut = ProbeAllBackends(loader);
  ASSERT_TRUE(sut.contains("shm"));
  ASSERT_TRUE(sut.contains("sw-fallback"));
  for (const auto& [name, report] : sut) {
    EXPECT_EQ(report.name, name);
    EXPECT_FALSE(report.refused) << report.refused->message;
    EXPECT_FALSE(report.devices.empty()) << name;
    EXPECT_TRUE(report.path.ends_with("/" + name + ".so")) << report.path;
    EXPECT_STREQ(report.identity.name, name.c_str());
  }
  EXPECT_FALSE(sut.at("sw-fallback").options.empty());
}

// Catches something that real backends say and that a description cannot hold.
TEST(ProbeBackendsTest, TheAnswersCanBeWrittenDown) {
  Loader loader(MakeSearchPath({}));
  MachineDescription machine = LookAtMachine();
  machine.provenance = Provenance::kRecorded;
  machine.source = "a test";
  machine.inventory = ProbeAllBackends(loader);
  const std::string text = FormatMachine(machine);
  const Result<MachineDescription> sut = ParseMachine(text, "here.yaml");
  ASSERT_TRUE(sut) << sut.error().message << text;
  ExpectSame(machine, *sut);
}

// Catches a file that is no backend and that takes the others with it, or that is left out in silence.
TEST(ProbeBackendsTest, ARefusedFileIsReportedAsRefused) {
  char name[] = "/tmp/vsp-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr) << errno;
  const std::string dir = name;
  std::ofstream(dir + "/v4l2.so") << "no library";
  std::ofstream(dir + "/No Name.so") << "no library";
  std::filesystem::permissions(dir + "/v4l2.so", std::filesystem::perms(0644));
  Loader loader(MakeSearchPath({dir}));
  const Inventory sut = ProbeAllBackends(loader);
  ASSERT_TRUE(sut.contains("v4l2"));
  EXPECT_TRUE(sut.at("v4l2").refused);
  EXPECT_TRUE(sut.contains("shm"));
  EXPECT_FALSE(sut.contains("No Name"));
  const BackendReport missing = ProbeBackend("nothing", loader);
  ASSERT_TRUE(missing.refused);
  EXPECT_EQ(missing.refused->code, Code::kNotFound);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What the doctor says of machines made for it, and that it leaves this one alone.
#include "core/doctor/doctor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/unique_fd.h"
#include "core/plugin/loader.h"

namespace videostream {
namespace {

size_t OpenFds() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

const char* g_runtime_dir = nullptr;
const char* FakeEnv(const char* name) { return std::string_view(name) == "XDG_RUNTIME_DIR" ? g_runtime_dir : nullptr; }

class DoctorTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(60);
    char name[] = "/tmp/vsd-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr) << errno;
    root_ = name;
    g_runtime_dir = root_.c_str();
    options_.root = root_;
    options_.env = FakeEnv;
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(root_);
  }
  void Make(const std::string& path, const std::string& text = "") {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  static const Finding* Find(const std::vector<Finding>& findings, std::string_view id) {
    for (const Finding& finding : findings) {
      if (finding.id == id) return &finding;
    }
    ADD_FAILURE() << "no finding " << id;
    return nullptr;
  }

  std::string root_;
  DoctorOptions options_;
};

// Catches a check of the kernel that fails on one that runs all our other tests.
TEST_F(DoctorTest, ThisKernelIsFine) {
  const auto sut = CheckKernel(options_);
  for (const char* id : {"kernel.version", "kernel.memfd-seals", "kernel.futex", "kernel.unix-sockets"}) {
    const Finding* finding = Find(sut, id);
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(finding->health, Health::kOk) << finding->what << ": " << finding->evidence;
    EXPECT_FALSE(finding->evidence.empty());
    EXPECT_TRUE(finding->fix.empty());
  }
}

// Catches a low limit that is not told, or told without a way out.
TEST_F(DoctorTest, ALowLimitIsAWarningWithAFix) {
  Make("/proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable:   65536 kB\n");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 128;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const auto sut = CheckLimits(options_);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  const Finding* files = Find(sut, "limits.files");
  ASSERT_NE(files, nullptr);
  EXPECT_EQ(files->health, Health::kWarning);
  EXPECT_EQ(files->evidence, "RLIMIT_NOFILE = 128, comfortable is 4096");
  EXPECT_NE(files->fix.find("LimitNOFILE=4096"), std::string::npos);
  const Finding* memory = Find(sut, "limits.memory");
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(memory->health, Health::kWarning);
  EXPECT_EQ(memory->evidence, "MemAvailable 64 MiB");
}

// Catches a machine without /proc that is taken for one with no memory, or ends the program.
TEST_F(DoctorTest, AMachineWithoutProcIsSaidToBeSo) {
  const auto sut = CheckLimits(options_);
  const Finding* memory = Find(sut, "limits.memory");
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(memory->evidence, "open '/proc/meminfo': No such file or directory");
}

// Catches absent device nodes reported as failures: a board without a camera is no broken board.
TEST_F(DoctorTest, NoDevicesAreInformation) {
  const auto sut = CheckDevices(options_);
  ASSERT_EQ(sut.size(), 3u);
  for (const Finding& finding : sut) EXPECT_EQ(finding.health, Health::kInfo) << finding.what;
  EXPECT_EQ(sut[0].evidence, "/dev/video* is not there");
}

// Catches a node that may not be opened and is not named together with the group that would help.
TEST_F(DoctorTest, ANodeThatMayNotBeOpenedNamesTheGroup) {
  if (geteuid() == 0) GTEST_SKIP() << "root may open everything";
  Make("/dev/video3");
  ASSERT_EQ(chmod((root_ + "/dev/video3").c_str(), 0), 0);
  const auto sut = CheckDevices(options_);
  const Finding* finding = Find(sut, "devices.video");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->health, Health::kWarning);
  EXPECT_TRUE(finding->what.starts_with("'/dev/video3' cannot be opened by '")) << finding->what;
  EXPECT_NE(finding->fix.find("udev rule"), std::string::npos) << finding->fix;
}

// Catches nodes that are there and are not shown, or shown in an order that changes.
TEST_F(DoctorTest, EveryNodeIsShownInOrder) {
  for (const char* node : {"/dev/video1", "/dev/video0", "/dev/dma_heap/system", "/dev/dri/renderD128", "/dev/vide"}) {
    Make(node);
  }
  const auto sut = CheckDevices(options_);
  std::vector<std::string> texts;
  for (const Finding& finding : sut) texts.push_back(finding.what);
  EXPECT_EQ(texts,
            (std::vector<std::string>{"'/dev/video0' can be opened", "'/dev/video1' can be opened",
                                      "'/dev/dma_heap/system' can be opened", "'/dev/dri/renderD128' can be opened"}));
}

// Catches a control socket that is taken for served when it is a leftover, and the other way round.
TEST_F(DoctorTest, TellsARunningRuntimeFromALeftover) {
  std::filesystem::create_directory(root_ + "/videostream");
  const std::string path = root_ + "/videostream/control.sock";
  EXPECT_EQ(Find(CheckSockets(options_), "sockets.control")->health, Health::kInfo);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  UniqueFd server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << errno;
  ASSERT_EQ(listen(server.get(), 1), 0) << errno;
  EXPECT_EQ(Find(CheckSockets(options_), "sockets.control")->health, Health::kOk);
  server.reset();
  EXPECT_EQ(Find(CheckSockets(options_), "sockets.control")->health, Health::kInfo);
  EXPECT_EQ(Find(CheckSockets(options_), "sockets.folder")->health, Health::kOk);
}

// Catches a socket folder that cannot be one and is praised.
TEST_F(DoctorTest, AFileInPlaceOfTheFolderIsAFailure) {
  Make("/videostream");
  const auto sut = CheckSockets(options_);
  const Finding* finding = Find(sut, "sockets.folder");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->health, Health::kFailure);
  EXPECT_EQ(finding->evidence, "it is no folder");
  EXPECT_FALSE(finding->fix.empty());
}

// Catches backends that are not looked at, and a file that is none and stops the rest.
TEST_F(DoctorTest, LooksAtEveryBackendAndGoesOnBehindABrokenOne) {
  Make("/bad/broken.so", "not an ELF file");
  chmod((root_ + "/bad/broken.so").c_str(), 0644);
  Loader loader(MakeSearchPath({root_ + "/bad"}));
  const auto sut = CheckBackends(loader);
  const Finding* broken = Find(sut, "backend.broken");
  ASSERT_NE(broken, nullptr);
  EXPECT_EQ(broken->health, Health::kWarning);
  EXPECT_EQ(broken->what, "backend 'broken' is refused");
  std::set<std::string> usable;
  for (const Finding& finding : sut) {
    if (finding.health == Health::kOk) usable.insert(finding.id);
  }
  EXPECT_TRUE(usable.contains("backend.shm"));
  EXPECT_TRUE(usable.contains("backend.sw-fallback"));
}

// Catches a search path without backends that looks like a healthy machine.
TEST_F(DoctorTest, NoBackendsAreAFailureThatNamesThePlaces) {
  SearchPath path;
  path.places = {{root_ + "/none", false, "--backend-dir"}};
  Loader loader(path);
  const auto sut = CheckBackends(loader);
  ASSERT_EQ(sut.size(), 1u);
  EXPECT_EQ(sut[0].health, Health::kFailure);
  EXPECT_EQ(sut[0].evidence, "looked in '" + root_ + "/none'");
}

// Catches an examination that leaves descriptors or files behind.
TEST_F(DoctorTest, LeavesNothingBehind) {
  Loader loader(MakeSearchPath({}));
  const auto first = Examine(options_, loader);  // loads the backends, which stay
  const size_t before = OpenFds();
  const auto second = Examine(options_, loader);
  EXPECT_EQ(OpenFds(), before);
  EXPECT_EQ(first.size(), second.size());
  EXPECT_TRUE(std::filesystem::is_empty(root_));
  for (const Finding& finding : first) {
    EXPECT_FALSE(finding.what.empty()) << finding.id;
    EXPECT_TRUE(finding.health == Health::kOk || finding.health == Health::kInfo || !finding.fix.empty())
        << finding.id << ": " << finding.what;
  }
}

}  // namespace
}  // namespace videostream

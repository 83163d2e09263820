// SPDX-License-Identifier: Apache-2.0
// What is seen of machines made for it, and that a hostile one does no harm.
#include "core/machine/record.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/unique_fd.h"
#include "core/machine/text_file.h"

namespace videostream {
namespace {

class RecordTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(60);
    char name[] = "/tmp/vsm-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr) << errno;
    options_.root = name;
    options_.arch = "aarch64";
    options_.kernel = "6.12.34";
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(options_.root);
  }
  void Make(const std::string& path, const std::string& text = "") const {
    std::filesystem::create_directories(std::filesystem::path(options_.root + path).parent_path());
    std::ofstream(options_.root + path) << text;
  }

  LookOptions options_;
};

// Catches a fact that is taken from the wrong place, or with the NUL or line end behind it.
TEST_F(RecordTest, ReadsTheFactsOfABoard) {
  Make("/proc/device-tree/compatible", std::string("fsl,imx8mp-evk\0fsl,imx8mp\0", 26));
  Make("/sys/devices/soc0/soc_id", "i.MX8MP\n");
  Make("/sys/class/dmi/id/sys_vendor", "Vendor\n");
  Make("/sys/class/dmi/id/product_name", "Product 7 \n");
  for (const char* node : {"/dev/video1", "/dev/video0", "/dev/media0", "/dev/v4l-subdev3", "/dev/dma_heap/linux,cma",
                           "/dev/dri/renderD128", "/dev/galcore", "/dev/mxc_hantro", "/dev/tty0", "/dev/null",
                           "/dev/dri/by-path/x", "/dev/udmabuf"}) {
    Make(node);
  }
  const MachineFacts sut = LookAtFacts(options_);
  EXPECT_EQ(sut.compatible, (std::vector<std::string>{"fsl,imx8mp-evk", "fsl,imx8mp"}));
  EXPECT_EQ(sut.arch, "aarch64");
  EXPECT_EQ(sut.soc, "i.MX8MP");
  EXPECT_EQ(sut.dmi, "Vendor Product 7");
  EXPECT_EQ(sut.kernel, "6.12.34");
  EXPECT_EQ(sut.nodes, (std::vector<std::string>{"/dev/dma_heap/linux,cma", "/dev/dri/renderD128", "/dev/galcore",
                                                 "/dev/media0", "/dev/mxc_hantro", "/dev/udmabuf", "/dev/v4l-subdev3",
                                                 "/dev/video0", "/dev/video1"}));
}

// Catches numbers in the wrong unit.
TEST_F(RecordTest, ReadsTheLimits) {
  Make(
      "/proc/meminfo",
      "MemTotal:        1990412 kB\nMemFree:          100000 kB\nMemAvailable:    1536000 kB\nCmaTotal:         655360 "
      "kB\nCmaFree:          524288 kB\n");
  Make("/sys/devices/system/cpu/online", "0-2,5\n");
  const MachineLimits sut = LookAtLimits(options_);
  EXPECT_EQ(sut.memory_total, 1990412ULL * 1024);
  EXPECT_EQ(sut.memory_available, 1536000ULL * 1024);
  EXPECT_EQ(sut.cma_total, 655360ULL * 1024);
  EXPECT_EQ(sut.cma_free, 524288ULL * 1024);
  EXPECT_EQ(sut.cpus, 4U);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(sut.open_files, limit.rlim_cur);
}

// Catches a look that fails, or makes something up, where there is nothing.
TEST_F(RecordTest, ABareMachineHasNoFacts) {
  const MachineFacts facts = LookAtFacts(options_);
  EXPECT_TRUE(facts.compatible.empty());
  EXPECT_TRUE(facts.nodes.empty());
  EXPECT_EQ(facts.soc + facts.dmi, "");
  const MachineLimits limits = LookAtLimits(options_);
  EXPECT_EQ(limits.memory_total + limits.memory_available + limits.cma_total + limits.cma_free + limits.cpus, 0U);
}

// Catches a machine whose files are endless, binary, or would move the cursor of a terminal.
TEST_F(RecordTest, HostileFilesDoNoHarm) {
  Make("/proc/device-tree/compatible", std::string(1 << 22, 'x') + std::string("\0evil\x1b[2J\0", 10));
  Make("/sys/devices/soc0/soc_id", "i.MX\x1b[31m\xff\xfe" + std::string(1 << 20, 'y'));
  Make("/sys/class/dmi/id/sys_vendor", std::string("\0\0\0", 3));
  Make("/proc/meminfo", "MemTotal: 99999999999999999999999999 kB\nMemAvailable: -5 kB\nCmaTotal 7 kB\nCmaFree:\n");
  Make("/sys/devices/system/cpu/online", "0-99999999999");
  const MachineFacts sut = LookAtFacts(options_);
  ASSERT_EQ(sut.compatible.size(), 1U);
  EXPECT_EQ(sut.compatible[0], std::string(kMaxFactBytes, 'x'));
  EXPECT_TRUE(sut.soc.starts_with("i.MX?[31m??yy")) << sut.soc;
  EXPECT_EQ(sut.soc.size(), kMaxFactBytes);
  EXPECT_EQ(sut.dmi, "");
  const MachineLimits limits = LookAtLimits(options_);
  EXPECT_EQ(limits.memory_total + limits.memory_available + limits.cma_total + limits.cma_free + limits.cpus, 0U);
  for (const char* list : {"1-0", "a", "1-2-3", "-", "1,,2", "0-70000"}) {
    Make("/sys/devices/system/cpu/online", list);
    EXPECT_EQ(LookAtLimits(options_).cpus, 0U) << list;
  }
}

// Catches a list of names without bound, and a name with which a line could be forged.
TEST_F(RecordTest, NodesAreBoundedAndClean) {
  for (size_t i = 0; i < kMaxNodes + 50; ++i) Make("/dev/video" + std::to_string(i));
  Make("/dev/video9\nvideo99");
  Make("/dev/media\x1b[2J");
  const MachineFacts sut = LookAtFacts(options_);
  EXPECT_EQ(sut.nodes.size(), kMaxNodes);
  EXPECT_TRUE(std::ranges::none_of(
      sut.nodes, [](const std::string& node) { return node.find_first_of("\n\x1b") != std::string::npos; }));
}

// Catches a look that waits for somebody to write to a pipe, here for ever, or that reads one without end.
TEST_F(RecordTest, PipesAreNotWaitedFor) {
  const std::string path = options_.root + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0) << errno;
  EXPECT_EQ(ReadSome(path, 100).value_or(""), "");
  const UniqueFd writer(open(path.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(writer);
  EXPECT_EQ(ReadSome(path, 100).value_or(""), "");
  EXPECT_EQ(ReadSome("/dev/zero", 100)->size(), 100U);
  EXPECT_FALSE(ReadSome(options_.root, 100));
  EXPECT_FALSE(ReadSome(options_.root + "/nothing", 100));
}

// Catches a text that is cut inside a character, and white space that is kept.
TEST(CleanedTextTest, CutsBetweenCharacters) {
  EXPECT_EQ(CleanedText("a\xC3\xA9z", 2), "a");
  EXPECT_EQ(CleanedText("a\xC3\xA9z", 3), "a\xC3\xA9");
  EXPECT_EQ(CleanedText("\xC2\x85\x7f\t", 10), "???");
  EXPECT_EQ(CleanedLine("  two words \r\nnext", 100), "two words");
  EXPECT_EQ(CleanedLine("", 100), "");
}

// Catches a look at this machine that finds nothing at all.
TEST(LookAtMachineTest, ThisMachineHasAName) {
  const MachineDescription sut = LookAtMachine();
  EXPECT_EQ(sut.name, "this machine");
  EXPECT_EQ(sut.provenance, Provenance::kHere);
  EXPECT_FALSE(sut.facts.arch.empty());
  EXPECT_FALSE(sut.facts.kernel.empty());
  EXPECT_GT(sut.limits.memory_total, 0U);
  EXPECT_GT(sut.limits.cpus, 0U);
  EXPECT_GT(sut.limits.open_files, 0U);
}

}  // namespace
}  // namespace videostream

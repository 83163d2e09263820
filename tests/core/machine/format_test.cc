// SPDX-License-Identifier: Apache-2.0
// Machine descriptions: written and read again they are the same, whatever is in them.
#include "core/machine/format.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "core/machine/load.h"
#include "core/profile/yaml_tree.h"
#include "tests/core/machine/random_machine.h"
#include "tests/core/machine/same.h"

namespace videostream {
namespace {

uint64_t Seed() {
  const char* given = std::getenv("VIDEOSTREAM_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261123;
}

// Catches a field that is written and not read, read and not written, or changed by quoting on its way.
TEST(FormatMachineTest, WhatIsWrittenIsReadAsTheSame) {
  alarm(300);
  constexpr int kMachines = 400;
  int compared = 0;
  for (int i = 0; i < kMachines; ++i) {
    const uint64_t seed = Seed() + static_cast<uint64_t>(i);
    SCOPED_TRACE("VIDEOSTREAM_SEED=" + std::to_string(seed));
    const MachineDescription machine = RandomMachine(seed).Make();
    const std::string text = FormatMachine(machine);
    const Result<MachineDescription> sut = ParseMachine(text, "/somewhere/board.yaml");
    ASSERT_TRUE(sut) << sut.error().message << "\n" << text;
    EXPECT_EQ(sut->name, "board");
    ASSERT_NO_FATAL_FAILURE(ExpectSame(machine, *sut)) << text;
    if (HasFailure()) FAIL() << text;
    // The text is a normal form.
    ASSERT_EQ(FormatMachine(*sut), text);
    ++compared;
  }
  EXPECT_EQ(compared, kMachines);
  alarm(0);
}

MachineDescription Small() {
  MachineDescription machine;
  machine.provenance = Provenance::kRecorded;
  machine.source = "recorded on 2026-01-02 by hand";
  machine.facts.compatible = {"fsl,imx8mp-evk", "fsl,imx8mp"};
  machine.facts.arch = "aarch64";
  machine.facts.nodes = {"/dev/video0"};
  machine.limits.memory_total = uint64_t{4} << 30U;
  machine.limits.cpus = 4;
  BackendReport& report = machine.inventory["v4l2"];
  report.name = "v4l2";
  report.identity.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_ENCODER);
  report.identity.abi_minor = 2;
  vstream_device device{};
  device.kind = VSTREAM_KIND_ENCODER;
  device.reason = VSTREAM_REASON_PERMISSION;
  std::snprintf(device.id, sizeof device.id, "vsi-enc");
  std::snprintf(device.evidence, sizeof device.evidence, "open '/dev/video0': Permission denied");
  device.format_count = 1;
  device.formats[0] = {VSTREAM_FORMAT_NV12,
                       VSTREAM_DIRECTION_INPUT,
                       0,
                       144,
                       1920,
                       2,
                       144,
                       1088,
                       2,
                       16,
                       VSTREAM_MEMORY_DMABUF | VSTREAM_MEMORY_CONTIGUOUS,
                       {60, 1},
                       {0, 0}};
  report.devices.push_back(device);
  machine.cites["v4l2 encoder vsi-enc"] = {"linux: a driver"};
  return machine;
}

// Catches a layout that nobody meant: people read and edit these files.
TEST(FormatMachineTest, TheTextIsMadeForPeople) {
  EXPECT_EQ(
      FormatMachine(Small()),
      "# A machine as data, for `videostream explain --machine` and `videostream profile which --machine`.\n"
      "version: 1\n"
      "provenance: recorded\n"
      "source: \"recorded on 2026-01-02 by hand\"\n"
      "\n"
      "facts:\n"
      "  compatible: [\"fsl,imx8mp-evk\", \"fsl,imx8mp\"]\n"
      "  arch: aarch64\n"
      "  nodes:\n"
      "    - /dev/video0\n"
      "\n"
      "limits:\n"
      "  memory_total: 4GiB\n"
      "  memory_available: 0\n"
      "  cma_total: 0\n"
      "  cma_free: 0\n"
      "  cpus: 4\n"
      "  open_files: 0\n"
      "\n"
      "backends:\n"
      "  v4l2:\n"
      "    abi: 0.2\n"
      "    kinds: [encoder]\n"
      "    devices:\n"
      "      - kind: encoder\n"
      "        id: vsi-enc\n"
      "        reason: permission\n"
      "        evidence: \"open '/dev/video0': Permission denied\"\n"
      "        cites: \"linux: a driver\"\n"
      "        formats:\n"
      "          - { format: NV12, directions: [input], size: 144x144..1920x1088, step: 2x2, rate: 60, stride: 16, "
      "memory: [dmabuf, contiguous] }\n");
}

// Catches a description that a terminal would obey, or that cannot be read back.
TEST(FormatMachineTest, ControlCharactersBecomeQuestionMarks) {
  MachineDescription machine = Small();
  machine.facts.soc = "i.MX\x1b[31m\n8\xff";
  machine.facts.kernel = std::string(5000, 'k');
  const std::string text = FormatMachine(machine);
  EXPECT_NE(text.find("  soc: \"i.MX?[31m?8?\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  kernel: " + std::string(kMaxMessageBytes, 'k') + "\n"), std::string::npos);
}

// Catches a machine with no device at all that is written as nothing, which no reader takes for a mapping.
TEST(FormatMachineTest, AnEmptyMachineCanBeReadBack) {
  MachineDescription machine;
  machine.source = "nowhere";
  const Result<MachineDescription> sut = ParseMachine(FormatMachine(machine), "empty.yaml");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_TRUE(sut->inventory.empty());
  EXPECT_EQ(sut->provenance, Provenance::kRecorded);
}

}  // namespace
}  // namespace videostream

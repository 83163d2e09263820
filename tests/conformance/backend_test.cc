// SPDX-License-Identifier: Apache-2.0
// Conformance of a backend as a whole (backend.h): identity, exports, options, probe, watch.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "core/plugin/identity.h"
#include "core/plugin/options.h"
#include "tests/conformance/c_call.h"
#include "tests/conformance/elf_exports.h"
#include "tests/conformance/resources.h"
#include "tests/conformance/settings.h"
#include "tests/conformance/suite.h"

namespace videostream::conformance {
namespace {

constexpr uint32_t kRoom = 64;

template <size_t N>
void ExpectText(const char (&field)[N], const char* name, bool needed) {
  const size_t length = strnlen(field, N);
  ASSERT_LT(length, N) << name << " has no NUL at its end";
  EXPECT_TRUE(length > 0 || !needed) << name << " is empty";
  for (size_t i = 0; i < length; ++i) {
    ASSERT_GE(static_cast<unsigned char>(field[i]), 0x20) << name << ": control character at " << i;
  }
}

class Backend : public testing::Test {
 protected:
  const Subject& subject_ = Subject::Get();
  HostServices host_{Subject::Get().plugin().name()};
  CCall call_;

  // One probe into records of `stride` bytes with guard bytes in front of, between and behind them.
  std::vector<unsigned char> Probe(uint32_t stride, uint32_t capacity, uint32_t* count) {
    std::vector<unsigned char> records(size_t{stride} * (capacity + 1), 0xB3);
    call_("probe", subject_.table().probe, host_.table(), reinterpret_cast<vstream_device*>(records.data()), stride,
          capacity, count);
    EXPECT_EQ(call_.code(), VSTREAM_OK) << call_.message();
    return records;
  }
  std::vector<vstream_device> Devices() {
    uint32_t count = 0;
    const auto bytes = Probe(sizeof(vstream_device), kRoom, &count);
    std::vector<vstream_device> devices(std::min(count, kRoom));
    std::memcpy(devices.data(), bytes.data(), devices.size() * sizeof(vstream_device));
    return devices;
  }
  static bool AllGuard(const unsigned char* from, const unsigned char* to) {
    return std::all_of(from, to, [](unsigned char byte) { return byte == 0xB3; });
  }
};

// Would catch a file that was renamed without its name, or one built without a version.
TEST_F(Backend, IdentityNamesTheFileAndItsKinds) {
  const vstream_identity& identity = subject_.descriptor().identity;
  const auto same = [](char a, char b) { return a == b || (a == '_' && b == '-'); };
  const std::string file = std::filesystem::path(subject_.plugin().path()).stem();
  EXPECT_TRUE(std::equal(file.begin(), file.end(), identity.name, identity.name + std::strlen(identity.name), same))
      << file << " and " << identity.name;
  ExpectText(identity.version, "version", true);
  ExpectText(identity.vendor, "vendor", false);
  ExpectText(identity.license, "license", true);
  EXPECT_EQ(subject_.kinds() & ~identity.kinds, 0u) << "a kind that was to be tested is not declared";
  EXPECT_EQ(identity.reserved, 0u);
}

// Would catch a missing version script: its C++ symbols would bind to those of another backend.
TEST_F(Backend, ExportsOneSymbol) {
  const auto names = ExportedSymbols(subject_.plugin().path());
  ASSERT_TRUE(names) << Why(names);
  EXPECT_THAT(*names, testing::ElementsAre("vstream_plugin"));
}

// Would catch a default that the runtime refuses, or an option without a word on what it does.
TEST_F(Backend, OptionsHaveValidDefaultsAndHelp) {
  for (const vstream_option_spec& spec : subject_.plugin().options()) {
    SCOPED_TRACE(spec.name);
    EXPECT_NE(spec.help[0], '\0');
    EXPECT_EQ(std::string(spec.help).find('\n'), std::string::npos);
    const std::string value = spec.default_value;
    // A duration may stand there as the ABI hands it over: in nanoseconds.
    const bool nanoseconds =
        spec.type == VSTREAM_OPTION_DURATION && value.find_first_not_of("0123456789") == value.npos;
    if (value.empty() || nanoseconds) continue;
    VS_EXPECT_OK(NormaliseOption(spec, value));
  }
}

// Would catch settings for options that the backend does not have.
TEST_F(Backend, TheSettingsOfThisRunFitTheSchema) {
  for (uint32_t kind = 0; kind < VSTREAM_KINDS; ++kind) {
    for (const auto& list : {TheSettings().options[kind], TheSettings().end_options[kind]}) {
      const CheckedOptions checked = CheckOptions(subject_.plugin().options(), kind, list, OptionSource::kRuntime);
      for (const OptionProblem& problem : checked.problems) ADD_FAILURE() << problem.message;
    }
  }
}

// Would catch a record without an id, a broken device without a reason, and ranges that nothing fits.
TEST_F(Backend, ProbeRecordsAreComplete) {
  for (const vstream_device& device : Devices()) {
    ASSERT_EQ(device.struct_size, sizeof device);
    ASSERT_LT(device.kind, uint32_t{VSTREAM_KINDS});
    SCOPED_TRACE(std::string(KindName(device.kind)) + " '" + std::string(device.id, strnlen(device.id, 127)) + "'");
    EXPECT_NE(subject_.descriptor().identity.kinds & VSTREAM_KIND_BIT(device.kind), 0u) << "not one of its kinds";
    const bool usable = device.reason == VSTREAM_REASON_USABLE;
    EXPECT_LE(device.reason, uint32_t{VSTREAM_REASON_BROKEN});
    ExpectText(device.id, "id", usable);
    ExpectText(device.label, "label", usable);
    ExpectText(device.bus, "bus", false);
    ExpectText(device.physical, "physical", false);
    ExpectText(device.evidence, "evidence", !usable);
    ExpectText(device.fix, "fix", !usable);
    EXPECT_LE(device.min_buffers, device.max_buffers);
    EXPECT_LE(device.cost, 1000u);
    ASSERT_LE(device.format_count, uint32_t{VSTREAM_MAX_FORMATS});
    for (uint32_t i = 0; i < device.format_count; ++i) {
      const vstream_format_range& range = device.formats[i];
      EXPECT_NE(range.fourcc, 0u);
      EXPECT_NE(range.directions, 0u);
      EXPECT_LE(range.min_width, range.max_width);
      EXPECT_LE(range.min_height, range.max_height);
      EXPECT_LE(std::max(range.max_width, range.max_height), VSTREAM_MAX_DIMENSION);
      EXPECT_EQ(range.stride_alignment & (range.stride_alignment - 1), 0u);
      EXPECT_NE(range.stride_alignment, 0u);
    }
  }
}

// Would catch a backend whose probe disagrees with what it was made for, or with what this machine has.
TEST_F(Backend, ProbeFindsADeviceOfEachKind) {
  for (uint32_t kind = 0; kind < VSTREAM_KINDS; ++kind) {
    EXPECT_TRUE(!subject_.Tests(kind) || subject_.Device(kind).has_value()) << KindName(kind);
  }
}

// Would catch ids made from a counter or an address: a profile could not name such a device.
TEST_F(Backend, ProbeTwiceGivesTheSameIds) {
  const auto ids = [](const std::vector<vstream_device>& devices) {
    std::vector<std::string> all;
    all.reserve(devices.size());
    for (const vstream_device& device : devices) all.push_back(std::to_string(device.kind) + ":" + device.id);
    return all;
  };
  const auto first = ids(Devices());
  EXPECT_EQ(first, ids(Devices()));
  auto unique = first;
  std::sort(unique.begin(), unique.end());
  EXPECT_EQ(std::unique(unique.begin(), unique.end()), unique.end()) << "an id stands there twice";
}

// Would catch a probe that writes the records it found, not those that there is room for.
TEST_F(Backend, ProbeWritesNoMoreRecordsThanFit) {
  uint32_t all = 0;
  const auto none = Probe(sizeof(vstream_device), 0, &all);
  EXPECT_TRUE(AllGuard(none.data(), none.data() + none.size())) << "capacity 0";
  ASSERT_GT(all, 0u);
  for (uint32_t capacity = 1; capacity <= all; ++capacity) {
    uint32_t count = 0;
    const auto some = Probe(sizeof(vstream_device), capacity, &count);
    EXPECT_EQ(count, all) << "the number there are, whatever fits";
    EXPECT_TRUE(AllGuard(some.data() + size_t{capacity} * sizeof(vstream_device), some.data() + some.size()))
        << "capacity " << capacity;
  }
}

// Would catch records written by the size of the backend's header, not by the caller's stride.
TEST_F(Backend, ProbeKeepsToTheStride) {
  const uint32_t older = offsetof(vstream_device, formats), newer = sizeof(vstream_device) + 64;
  uint32_t all = 0;
  Probe(sizeof(vstream_device), 0, &all);
  const auto expected = Devices();
  for (const uint32_t stride : {older, newer}) {
    SCOPED_TRACE("stride " + std::to_string(stride));
    uint32_t count = 0;
    const auto bytes = Probe(stride, all, &count);
    ASSERT_EQ(count, expected.size());
    for (uint32_t i = 0; i < count; ++i) {
      const unsigned char* record = bytes.data() + size_t{i} * stride;
      EXPECT_STREQ(reinterpret_cast<const vstream_device*>(record)->id, expected[i].id);
      EXPECT_TRUE(stride == older || AllGuard(record + sizeof(vstream_device), record + stride)) << "record " << i;
    }
    EXPECT_TRUE(AllGuard(bytes.data() + size_t{all} * stride, bytes.data() + bytes.size()));
  }
}

// Would catch a probe that keeps a device open: the daemon probes for as long as it runs.
TEST_F(Backend, ProbeLeavesNothingBehind) {
  (void)Devices();
  const Resources before = Resources::Count();
  for (int i = 0; i < 3; ++i) (void)Devices();
  EXPECT_EQ(LeftBehind(before), "");
}

// Would catch a watch fd that belongs to the backend, leaks into children, or is a capability without a function.
TEST_F(Backend, WatchGivesAnFdOfTheCallers) {
  if ((subject_.table().capabilities & VSTREAM_PLUGIN_CAP_WATCH) == 0) GTEST_SKIP() << "no capability WATCH";
  int32_t fds[2] = {-1, -1};
  for (int32_t& fd : fds) {
    call_.WithOutput(&fd, "watch", subject_.table().watch, host_.table(), &fd);
    ASSERT_EQ(call_.code(), VSTREAM_OK) << call_.message();
    EXPECT_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
  EXPECT_NE(fds[0], fds[1]);
  for (const int32_t fd : fds) EXPECT_EQ(::close(fd), 0);
}

}  // namespace
}  // namespace videostream::conformance

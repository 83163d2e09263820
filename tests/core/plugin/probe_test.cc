// SPDX-License-Identifier: Apache-2.0
// Probe reports of a lying backend.
#include "core/plugin/probe.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

namespace videostream {
namespace {

using Fill =
    std::function<int32_t(vstream_device*, uint32_t stride, uint32_t capacity, uint32_t* count, vstream_error*)>;
Fill fill;

Result<std::vector<vstream_device>> Probe(Fill answer) {
  fill = std::move(answer);
  vstream_identity identity{};
  std::strcpy(identity.name, "liar");
  identity.kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE);
  vstream_plugin_table table{};
  table.probe = [](const vstream_runtime*, vstream_device* devices, uint32_t stride, uint32_t capacity, uint32_t* count,
                   vstream_error* error) { return fill(devices, stride, capacity, count, error); };
  return ProbeDevices(identity, table);
}

vstream_device Good() {
  vstream_device device{};
  device.struct_size = sizeof device;
  device.kind = VSTREAM_KIND_CAPTURE;
  std::strcpy(device.id, "cam");
  device.format_count = 1;
  device.formats[0].min_width = device.formats[0].min_height = 16;
  device.formats[0].max_width = device.formats[0].max_height = 1920;
  device.formats[0].stride_alignment = 1;
  return device;
}

// One device, spoilt by `spoil`.
vstream_device ProbeOne(const std::function<void(vstream_device&)>& spoil) {
  const auto devices = Probe([&](vstream_device* out, uint32_t, uint32_t, uint32_t* count, vstream_error*) {
    *count = 1;
    *out = Good();
    spoil(*out);
    return VSTREAM_OK;
  });
  EXPECT_TRUE(devices) << devices.error().message;
  return devices && devices->size() == 1 ? (*devices)[0] : vstream_device{};
}

// Catches: a good record damaged by the cleaning.
TEST(ProbeDevices, PassesAGoodRecordOn) {
  const vstream_device device = ProbeOne([](vstream_device&) {});
  const vstream_device good = Good();
  EXPECT_EQ(std::memcmp(&device, &good, sizeof good), 0);
}

// Catches: devices beyond the first page that are never seen.
TEST(ProbeDevices, AsksAgainUntilAllDevicesFit) {
  int calls = 0;
  const auto devices = Probe([&](vstream_device* out, uint32_t, uint32_t capacity, uint32_t* count, vstream_error*) {
    ++calls;
    *count = 40;
    for (uint32_t i = 0; i < std::min(capacity, 40U); ++i) {
      out[i] = Good();
      std::snprintf(out[i].id, sizeof out[i].id, "cam%u", i);
    }
    return VSTREAM_OK;
  });
  ASSERT_TRUE(devices) << devices.error().message;
  ASSERT_EQ(devices->size(), 40U);
  EXPECT_STREQ(devices->back().id, "cam39");
  EXPECT_EQ(calls, 2);
}

// Catches: memory allocated by a number that a backend makes up, and a loop that follows it for ever.
TEST(ProbeDevices, BoundsTheNumberOfDevices) {
  int calls = 0;
  const auto devices = Probe([&](vstream_device* out, uint32_t, uint32_t capacity, uint32_t* count, vstream_error*) {
    ++calls;
    *count = UINT32_MAX;
    for (uint32_t i = 0; i < capacity; ++i) {
      out[i] = Good();
      std::snprintf(out[i].id, sizeof out[i].id, "cam%u", i);
    }
    return VSTREAM_OK;
  });
  ASSERT_TRUE(devices) << devices.error().message;
  EXPECT_EQ(devices->size(), 256U);
  EXPECT_EQ(calls, 2);
  const auto growing = Probe([&](vstream_device* out, uint32_t, uint32_t capacity, uint32_t* count, vstream_error*) {
    ++calls;
    *count = capacity + 1;
    for (uint32_t i = 0; i < capacity; ++i) out[i] = Good();
    return VSTREAM_OK;
  });
  ASSERT_TRUE(growing);
  EXPECT_LE(calls, 6) << "a number that grows with each call";
}

// Catches: a count above the records that were filled in, by which garbage becomes a device.
TEST(ProbeDevices, RefusesRecordsThatWereNotFilledIn) {
  const auto devices = Probe([](vstream_device* out, uint32_t, uint32_t, uint32_t* count, vstream_error*) {
    *count = 2;
    out[0] = Good();
    return VSTREAM_OK;
  });
  ASSERT_FALSE(devices);
  EXPECT_EQ(devices.error(),
            (Error{Code::kInternal, "backend 'liar': probe: struct_size 0 in a record of 3048 bytes (BE-21)"}));
}

struct Lie {
  const char* evidence;
  void (*spoil)(vstream_device&);
};

class BrokenRecord : public ::testing::TestWithParam<Lie> {};

// Catches: a number of a probe report used unchecked by the planner, and a wrong record that hides the good ones.
TEST_P(BrokenRecord, ComesBackAsBrokenWithTheReason) {
  const vstream_device device = ProbeOne(GetParam().spoil);
  EXPECT_EQ(device.reason, uint32_t{VSTREAM_REASON_BROKEN});
  EXPECT_EQ(device.evidence, "probe gave " + std::string(GetParam().evidence) + " (BE-15)");
  EXPECT_EQ(device.format_count, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenRecord,
    ::testing::Values(
        Lie{"kind 0 is not one of this backend's", [](vstream_device& d) { d.kind = VSTREAM_KIND_ALLOCATOR; }},
        Lie{"kind 4294967295 is not one of this backend's", [](vstream_device& d) { d.kind = UINT32_MAX; }},
        Lie{"reason 7", [](vstream_device& d) { d.reason = 7; }},
        Lie{"flags 0x8", [](vstream_device& d) { d.flags = 8; }}, Lie{"no id", [](vstream_device& d) { d.id[0] = 0; }},
        Lie{"3 to 2 buffers", [](vstream_device& d) { d.min_buffers = 3, d.max_buffers = 2; }},
        Lie{"4000000000 formats", [](vstream_device& d) { d.format_count = 4000000000U; }},
        Lie{"format 0: sizes 0x0 to 16385x1920",
            [](vstream_device& d) {
              d.formats[0].min_width = d.formats[0].min_height = 0;
              d.formats[0].max_width = 16385;
            }},
        Lie{"format 0: stride_alignment 3", [](vstream_device& d) { d.formats[0].stride_alignment = 3; }},
        Lie{"format 0: stride_alignment 0", [](vstream_device& d) { d.formats[0].stride_alignment = 0; }},
        Lie{"format 0: directions 0x4", [](vstream_device& d) { d.formats[0].directions = 4; }},
        Lie{"format 0: memory 0x100", [](vstream_device& d) { d.formats[0].memory = 0x100; }},
        Lie{"format 0: max_rate 30/0", [](vstream_device& d) { d.formats[0].max_rate.num = 30; }}),
    [](const auto& lie) { return "Case" + std::to_string(lie.index); });

// Catches: two devices of one name, of which a profile can name only one.
TEST(ProbeDevices, MarksASecondDeviceOfTheSameId) {
  const auto devices = Probe([](vstream_device* out, uint32_t, uint32_t, uint32_t* count, vstream_error*) {
    *count = 2;
    out[0] = out[1] = Good();
    return VSTREAM_OK;
  });
  ASSERT_TRUE(devices);
  EXPECT_EQ((*devices)[0].reason, uint32_t{VSTREAM_REASON_USABLE});
  EXPECT_EQ((*devices)[1].reason, uint32_t{VSTREAM_REASON_BROKEN});
  EXPECT_STREQ((*devices)[1].evidence, "probe gave the same id twice (BE-15)");
}

// Catches: strings without an end, and escape sequences of a USB camera's name in the operator's terminal.
TEST(ProbeDevices, EndsAndCleansEveryText) {
  const vstream_device device = ProbeOne([](vstream_device& d) {
    std::memset(d.label, 'x', sizeof d.label);
    std::memset(d.fix, 'y', sizeof d.fix);
    std::strcpy(d.bus, "usb\x1b[2J\xff");
  });
  EXPECT_EQ(device.reason, uint32_t{VSTREAM_REASON_USABLE});
  EXPECT_EQ(device.label, std::string(sizeof device.label - 1, 'x'));
  EXPECT_EQ(device.fix, std::string(sizeof device.fix - 1, 'y'));
  EXPECT_STREQ(device.bus, "usb?[2J?");
}

// Catches: a failed probe that looks like an empty machine.
TEST(ProbeDevices, PassesTheErrorOn) {
  const auto devices = Probe([](vstream_device*, uint32_t, uint32_t, uint32_t*, vstream_error* error) {
    std::strcpy(error->message, "open '/sys': Permission denied");
    return VSTREAM_E_PERMISSION;
  });
  ASSERT_FALSE(devices);
  EXPECT_EQ(devices.error(), (Error{Code::kPermission, "backend 'liar': open '/sys': Permission denied"}));
}

// Catches: an exception of a C++ backend that ends the runtime.
TEST(ProbeDevices, SurvivesAnException) {
  const auto devices =
      Probe([](vstream_device*, uint32_t, uint32_t, uint32_t*, vstream_error*) -> int32_t { throw 7; });
  ASSERT_FALSE(devices);
  EXPECT_EQ(devices.error(),
            (Error{Code::kInternal, "backend 'liar': exception crossed the border (BE-22): of unknown type"}));
}

}  // namespace
}  // namespace videostream

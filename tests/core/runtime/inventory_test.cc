// SPDX-License-Identifier: Apache-2.0
// What a probe says of devices that we hold ourselves.
#include "core/runtime/inventory.h"

#include <gtest/gtest.h>

#include <cstring>

namespace videostream {
namespace {

vstream_device Device(const char* id, uint32_t reason) {
  vstream_device device{};
  device.kind = VSTREAM_KIND_CAPTURE;
  device.reason = reason;
  std::strncpy(static_cast<char*>(device.id), id, sizeof device.id - 1);
  return device;
}

Inventory Cameras(uint32_t first, uint32_t second) {
  BackendReport report;
  report.name = "cam";
  report.devices = {Device("cam0", first), Device("cam1", second)};
  return {{"cam", report}};
}

Plan RunsOn(const char* backend, const char* device) {
  StreamPlan stream;
  stream.name = "front";
  stream.capture = {backend, device, {}};
  return {{stream}};
}

constexpr uint32_t kUsable = VSTREAM_REASON_USABLE;
constexpr uint32_t kBusy = VSTREAM_REASON_BUSY;

// Bug: a camera that we hold is busy, so that a reload refuses the stream which runs on it.
TEST(KeepHeld, ADeviceThatIsBusyByOurselvesIsUsable) {
  Inventory now = Cameras(kBusy, kBusy);
  KeepHeld(now, Cameras(kUsable, kUsable), RunsOn("cam", "cam0"));
  EXPECT_EQ(now["cam"].devices[0].reason, kUsable);
  EXPECT_EQ(now["cam"].devices[1].reason, kBusy) << "that one somebody else holds";
}

// Bug: a device that is broken or gone is planned with because it once was there.
TEST(KeepHeld, OnlyWhatIsBusyIsTakenFromBefore) {
  Inventory now = Cameras(VSTREAM_REASON_BROKEN, kUsable);
  KeepHeld(now, Cameras(kUsable, kUsable), RunsOn("cam", "cam0"));
  EXPECT_EQ(now["cam"].devices[0].reason, VSTREAM_REASON_BROKEN);
  now["cam"].devices.clear();
  KeepHeld(now, Cameras(kUsable, kUsable), RunsOn("cam", "cam0"));
  EXPECT_TRUE(now["cam"].devices.empty());
}

// Bug: a device of the same name, of another backend, is taken for ours.
TEST(KeepHeld, TheDeviceOfAnotherBackendIsNotOurs) {
  Inventory now = Cameras(kBusy, kBusy);
  KeepHeld(now, Cameras(kUsable, kUsable), RunsOn("other", "cam0"));
  EXPECT_EQ(now["cam"].devices[0].reason, kBusy);
  KeepHeld(now, {}, RunsOn("cam", "cam0"));
  EXPECT_EQ(now["cam"].devices[0].reason, kBusy) << "nothing is known of before";
}

}  // namespace
}  // namespace videostream

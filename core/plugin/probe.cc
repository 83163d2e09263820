// SPDX-License-Identifier: Apache-2.0
// One wrong record does not take the others with it: it is shown as broken, with what was wrong.
#include "core/plugin/probe.h"

#include <cstring>
#include <string>

#include "core/plugin/backend_call.h"
#include "core/plugin/foreign_text.h"
#include "core/plugin/host_services.h"
#include "core/plugin/identity.h"
#include "core/plugin/known_bits.h"
#include "core/plugin/records.h"

namespace videostream {
namespace {

constexpr uint32_t kUsualDevices = 16;
constexpr uint32_t kMaxDevices = 256;
constexpr uint32_t kKnownFlags = VSTREAM_DEVICE_HARDWARE | VSTREAM_DEVICE_REALTIME | VSTREAM_DEVICE_EXCLUSIVE;
constexpr uint32_t kDirections = VSTREAM_DIRECTION_INPUT | VSTREAM_DIRECTION_OUTPUT;

std::string RangeProblem(const vstream_format_range& range) {
  const auto bad = [](uint32_t least, uint32_t most) { return least > most || most > VSTREAM_MAX_DIMENSION; };
  if (bad(range.min_width, range.max_width) || bad(range.min_height, range.max_height)) {
    return "sizes " + std::to_string(range.min_width) + "x" + std::to_string(range.min_height) + " to " +
           std::to_string(range.max_width) + "x" + std::to_string(range.max_height);
  }
  if (!IsStrideAlignment(range.stride_alignment)) return "stride_alignment " + std::to_string(range.stride_alignment);
  if ((range.directions & ~kDirections) != 0) return "directions " + Hex(range.directions);
  if (!IsKnownMemory(range.memory)) return "memory " + Hex(range.memory);
  if ((range.max_rate.num == 0) != (range.max_rate.den == 0)) {
    return "max_rate " + std::to_string(range.max_rate.num) + "/" + std::to_string(range.max_rate.den);
  }
  return {};
}

// Empty: nothing to complain about.
std::string DeviceProblem(const vstream_device& device, const vstream_identity& identity) {
  if (device.kind >= VSTREAM_KINDS || (identity.kinds & VSTREAM_KIND_BIT(device.kind)) == 0) {
    return "kind " + std::to_string(device.kind) + " is not one of this backend's";
  }
  if (device.reason > VSTREAM_REASON_BROKEN) return "reason " + std::to_string(device.reason);
  if ((device.flags & ~kKnownFlags) != 0) return "flags " + Hex(device.flags);
  if (device.reason == VSTREAM_REASON_USABLE && device.id[0] == '\0') return "no id";
  if (device.min_buffers > device.max_buffers) {
    return std::to_string(device.min_buffers) + " to " + std::to_string(device.max_buffers) + " buffers";
  }
  if (device.format_count > VSTREAM_MAX_FORMATS) return std::to_string(device.format_count) + " formats";
  for (uint32_t i = 0; i < device.format_count; ++i) {
    if (std::string problem = RangeProblem(device.formats[i]); !problem.empty()) {
      return "format " + std::to_string(i) + ": " + problem;
    }
  }
  return {};
}

bool SameDevice(const vstream_device& a, const vstream_device& b) {
  return a.kind == b.kind && std::strcmp(a.id, b.id) == 0;
}

// Leaves no number in the record that a reader would have to check again.
void MarkBroken(vstream_device& device, const std::string& problem) {
  device.reason = VSTREAM_REASON_BROKEN;
  device.flags &= kKnownFlags;
  device.min_buffers = device.max_buffers = device.format_count = 0;
  SetArrayText(device.evidence, "probe gave " + problem + " (BE-15)");
  SetArrayText(device.fix, "report it to the author of the backend");
}

void CleanDevice(vstream_device& device) {
  CleanText(device.id);
  CleanText(device.label);
  CleanText(device.bus);
  CleanText(device.physical);
  CleanText(device.evidence);
  CleanText(device.fix);
}

}  // namespace

Result<std::vector<vstream_device>> ProbeDevices(const vstream_identity& identity, const vstream_plugin_table& table) {
  BackendCall call(identity.name);
  const HostServices host(identity.name);
  auto devices =
      ReadRecords<vstream_device>(call, "probe", kUsualDevices, kMaxDevices,
                                  [&](vstream_device* out, uint32_t stride, uint32_t capacity, uint32_t* count) {
                                    return call(table.probe, host.table(), out, stride, capacity, count);
                                  });
  if (!devices) return devices;
  for (size_t i = 0; i < devices->size(); ++i) {
    vstream_device& device = (*devices)[i];
    CleanDevice(device);
    std::string problem = DeviceProblem(device, identity);
    for (size_t before = 0; before < i && problem.empty(); ++before) {
      if (device.id[0] != '\0' && SameDevice((*devices)[before], device)) problem = "the same id twice";
    }
    if (!problem.empty()) MarkBroken(device, problem);
  }
  return devices;
}

}  // namespace videostream

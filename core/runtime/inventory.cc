// SPDX-License-Identifier: Apache-2.0
// See inventory.h.
#include "core/runtime/inventory.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/machine/record.h"

namespace videostream {
namespace {

using Held = std::set<std::pair<std::string, std::string>>;  // backend, device

Held HeldBy(const Plan& plan) {
  Held held;
  const auto add = [&held](const Choice& choice) { held.emplace(choice.backend, choice.device); };
  for (const StreamPlan& stream : plan.streams) {
    add(stream.capture);
    for (const OutputPlan& output : stream.outputs) {
      add(output.allocator);
      if (output.converter) add(*output.converter);
      if (output.encoder) add(*output.encoder);
      add(output.transport);
    }
  }
  return held;
}

bool SameDevice(const vstream_device& a, const vstream_device& b) {
  return a.kind == b.kind && std::string_view(static_cast<const char*>(a.id)) == static_cast<const char*>(b.id);
}

}  // namespace

Inventory TakeInventory(const Profile& profile, Loader& loader) {
  Inventory inventory;
  for (const std::string& name : profile.EveryBackend()) inventory.emplace(name, ProbeBackend(name, loader));
  return inventory;
}

void KeepHeld(Inventory& now, const Inventory& before, const Plan& running) {
  const Held held = HeldBy(running);
  for (auto& [name, report] : now) {
    const auto old = before.find(name);
    if (old == before.end()) continue;
    for (vstream_device& device : report.devices) {
      if (device.reason != VSTREAM_REASON_BUSY) continue;
      if (!held.contains({name, static_cast<const char*>(device.id)})) continue;
      const auto same = std::ranges::find_if(
          old->second.devices, [&device](const vstream_device& other) { return SameDevice(device, other); });
      if (same != old->second.devices.end()) device = *same;
    }
  }
}

PlanOptions PlanOptionsFor(const std::vector<PoolPlan>& running) {
  PlanOptions options;
  options.limits = LookAtLimits();
  for (const PoolPlan& pool : running) {
    const uint64_t bytes = pool.bytes * pool.count;
    if (options.limits.memory_available != 0) options.limits.memory_available += bytes;
    if (pool.contiguous && options.limits.cma_total != 0) options.limits.cma_free += bytes;
  }
  return options;
}

}  // namespace videostream

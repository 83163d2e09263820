// SPDX-License-Identifier: Apache-2.0
// What the backends of the search path find on this machine.
#include "core/machine/record.h"
#include "core/plugin/identity.h"
#include "core/plugin/loader.h"

namespace videostream {

BackendReport ProbeBackend(const std::string& name, Loader& loader) {
  BackendReport report;
  report.name = name;
  Result<Plugin*> plugin = loader.Load(name);
  if (!plugin) {
    report.refused = plugin.error();
    return report;
  }
  report.path = (*plugin)->path();
  report.identity = (*plugin)->identity();
  report.options.assign((*plugin)->options().begin(), (*plugin)->options().end());
  auto devices = (*plugin)->Probe();
  if (devices) {
    report.devices = std::move(*devices);
  } else {
    report.refused = WithContext(std::move(devices.error()), "probe");
  }
  return report;
}

Inventory ProbeAllBackends(Loader& loader) {
  Inventory inventory;
  for (const Loader::Found& found : loader.List()) {
    // What no profile can name is no backend.
    if (!found.shadowed && IsBackendName(found.name) && !inventory.contains(found.name)) {
      inventory.emplace(found.name, ProbeBackend(found.name, loader));
    }
  }
  return inventory;
}

}  // namespace videostream

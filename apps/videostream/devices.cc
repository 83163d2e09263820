// SPDX-License-Identifier: Apache-2.0
// The verb `devices`.
#include <unistd.h>

#include "apps/videostream/answers_json.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/table.h"
#include "apps/videostream/terminal.h"
#include "apps/videostream/verbs.h"
#include "core/plugin/identity.h"
#include "core/plugin/loader.h"

namespace videostream {
namespace {

std::vector<BackendDevices> Probe(Loader& loader, const std::string& only) {
  std::vector<BackendDevices> all;
  for (const Loader::Found& found : loader.List()) {
    if (found.shadowed || (!only.empty() && found.name != only)) continue;
    BackendDevices entry{found.name, {}};
    const Result<Plugin*> plugin = loader.Load(found.name);
    if (plugin)
      entry.devices = (*plugin)->Probe();
    else
      entry.devices = plugin.error();
    all.push_back(std::move(entry));
  }
  return all;
}

std::string DevicesText(const std::vector<BackendDevices>& all, bool color) {
  Table table({"KIND", "BACKEND", "DEVICE", "STATE", "WHAT"});
  std::string notes;
  for (const BackendDevices& backend : all) {
    if (!backend.devices) {
      notes += Wrap("backend '" + backend.backend + "': " + backend.devices.error().message, 0);
      continue;
    }
    for (const vstream_device& device : *backend.devices) {
      const char* id = static_cast<const char*>(device.id);
      table.Row({KindName(device.kind), backend.backend, id, ReasonName(device.reason),
                 static_cast<const char*>(device.label)});
      if (device.reason == VSTREAM_REASON_USABLE) continue;
      const std::string evidence = static_cast<const char*>(device.evidence),
                        fix = static_cast<const char*>(device.fix);
      notes +=
          Wrap("'" + backend.backend + "/" + id + "': " + (evidence.empty() ? ReasonName(device.reason) : evidence) +
                   (fix.empty() ? "" : "; " + fix),
               0);
    }
  }
  std::string text = table.empty() ? "no devices\n" : table.Text();
  if (!notes.empty()) text += "\n" + Paint(notes, Ink::kWarning, color);
  return text;
}

}  // namespace

int RunDevices(const GlobalOptions& global, const DevicesOptions& options) {
  Loader loader(MakeSearchPath(global.backend_dirs));
  const std::vector<BackendDevices> all = Probe(loader, options.backend);
  if (all.empty() && !options.backend.empty()) {
    return ReportError("devices", {Code::kNotFound, "no backend '" + options.backend +
                                                        "' in the search path; 'videostream backends list' shows it"});
  }
  return PrintAndEnd("devices", options.json ? DevicesJson(all) : DevicesText(all, ColorOn(STDOUT_FILENO)));
}

}  // namespace videostream

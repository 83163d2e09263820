// SPDX-License-Identifier: Apache-2.0
// The verb `profile which`, and `doctor --record`.
#include <ctime>
#include <span>

#include "apps/videostream-snapshot/new_file.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/machine_json.h"
#include "apps/videostream/machine_text.h"
#include "apps/videostream/verbs.h"
#include "apps/videostream/version.h"
#include "core/base/environment.h"
#include "core/base/runtime_dir.h"
#include "core/machine/choose.h"
#include "core/machine/format.h"
#include "core/machine/load.h"
#include "core/machine/record.h"
#include "core/plugin/loader.h"
#include "core/runtime/profile_input.h"

namespace videostream {
namespace {

constexpr const char* kDoctor = "doctor";

// "recorded on 2026-11-23 by videostream 0.1.0"
std::string Source() {
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  char text[16] = "an unknown day";
  if (gmtime_r(&now, &day) != nullptr) (void)std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return std::string("recorded on ") + static_cast<const char*>(text) + " by videostream " + kVersion;
}

}  // namespace

int RunProfileWhich(const ProfileWhichOptions& options) {
  constexpr const char* kVerb = "profile which";
  Result<MachineDescription> machine = options.machine.empty() ? LookAtMachine() : LoadMachine(options.machine);
  if (!machine) return ReportError(kVerb, machine.error());
  const ProfileSelection selection = ChooseProfile(machine->facts, StandardProfileOptions());
  const char* set = options.machine.empty() ? SecureEnv(kProfileVar.name) : nullptr;
  const std::string variable = set == nullptr ? "" : set;
  const int printed = PrintAndEnd(kVerb, options.json ? ProfileWhichJson(*machine, selection, variable)
                                                      : ProfileWhichText(*machine, selection, variable));
  if (printed != 0 || !selection.error) return printed;
  return ReportError(kVerb, *selection.error);
}

int RunDoctorRecord(const GlobalOptions& global, const DoctorVerbOptions& options) {
  if (options.json) {
    return ReportError(kDoctor, {Code::kInvalidArgument, "--record writes YAML, and --json does not go with it"});
  }
  MachineDescription machine = LookAtMachine();
  machine.provenance = Provenance::kRecorded;
  machine.source = Source();
  Loader loader(MakeSearchPath(global.backend_dirs));
  machine.inventory = ProbeAllBackends(loader);
  const std::string text = FormatMachine(machine);
  // What cannot be read back is not worth having.
  if (const Result<MachineDescription> back = ParseMachine(text, options.record); !back) {
    return ReportError(kDoctor, WithContext(back.error(), "the description would be wrong"));
  }
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  const Status written = snapshot::WriteNewFile(options.record, options.overwrite, bytes);
  if (!written) return ReportError(kDoctor, written.error());
  if (options.record == "-") return 0;
  size_t devices = 0;
  for (const auto& [name, report] : machine.inventory) devices += report.devices.size();
  return PrintAndEnd(kDoctor, "'" + options.record + "': " + std::to_string(machine.inventory.size()) +
                                  " backends with " + std::to_string(devices) + " devices are written down\n");
}

}  // namespace videostream

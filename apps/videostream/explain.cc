// SPDX-License-Identifier: Apache-2.0
// The verb `explain`.
#include "apps/videostream/explain.h"

#include "apps/videostream/edge.h"
#include "apps/videostream/verbs.h"
#include "core/machine/load.h"
#include "core/machine/record.h"
#include "core/plugin/loader.h"

namespace videostream {
namespace {

constexpr const char* kVerb = "explain";

// A backend that the description of another machine does not have.
BackendReport NotThere(const std::string& name, const MachineDescription& machine) {
  BackendReport report;
  report.name = name;
  report.refused = Error{Code::kNotFound, "the description of machine '" + machine.name + "' does not have it"};
  return report;
}

// Everything that the profile and the question name, here or as described.
void AddBackends(const GlobalOptions& global, const ExplainOptions& options, const std::vector<std::string>& names,
                 MachineDescription& machine) {
  Loader loader(MakeSearchPath(global.backend_dirs));
  for (const std::string& name : names) {
    if (machine.inventory.contains(name)) continue;
    machine.inventory[name] = options.machine.empty() ? ProbeBackend(name, loader) : NotThere(name, machine);
  }
}

}  // namespace

int RunExplain(const GlobalOptions& global, const ExplainOptions& options) {
  const bool here = options.machine.empty();
  Result<MachineDescription> machine = here ? LookAtMachine() : LoadMachine(options.machine);
  if (!machine) return ReportError(kVerb, machine.error());
  const Result<Profile> profile =
      LoadProfileFor(options.profile, options.set, options.input, here ? nullptr : &machine->facts);
  if (!profile) return ReportError(kVerb, profile.error());
  std::vector<std::string> names = profile->EveryBackend();
  std::optional<Forced> question;
  if (!options.why_not.empty()) {
    Result<Forced> parsed = ParseWhyNot(*profile, options.why_not);
    if (!parsed) return ReportError(kVerb, WithContext(parsed.error(), "--why-not"));
    question = std::move(*parsed);
    names.push_back(question->backend);
  }
  AddBackends(global, options, names, *machine);
  PlanOptions plan_options;
  plan_options.limits = machine->limits;
  const Planning planning = MakePlan(*profile, machine->inventory, plan_options);
  std::optional<WhyNot> why_not;
  if (question) why_not = AskWhyNot(*profile, machine->inventory, plan_options, *question);
  const Explanation explanation{*profile, *machine, planning, why_not};
  const int printed = PrintAndEnd(kVerb, options.json ? ExplainJson(explanation) : ExplainText(explanation));
  if (printed != 0 || !planning.error) return printed;
  return ReportError(kVerb, *planning.error);
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The verb `doctor`.
#include "core/doctor/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "apps/videostream/answers_json.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/table.h"
#include "apps/videostream/terminal.h"
#include "apps/videostream/verbs.h"
#include "core/plugin/loader.h"

namespace videostream {
namespace {

constexpr size_t kIndent = 9;  // as wide as the longest health and two spaces

Ink InkOf(Health health) {
  switch (health) {
    case Health::kOk:
      return Ink::kGood;
    case Health::kInfo:
      return Ink::kFaint;
    case Health::kWarning:
      return Ink::kWarning;
    case Health::kFailure:
      return Ink::kBad;
  }
  return Ink::kFaint;
}

std::string FindingText(const Finding& finding, bool color) {
  const std::string name(HealthName(finding.health));
  std::string text = Paint(name, InkOf(finding.health), color) + std::string(kIndent - name.size(), ' ') +
                     Wrap(finding.what + " (" + finding.id + ")", kIndent, /*hanging=*/true);
  if (!finding.evidence.empty()) text += Wrap(finding.evidence, kIndent);
  if (!finding.fix.empty()) text += Wrap("fix: " + finding.fix, kIndent);
  return text;
}

std::string DoctorText(const std::vector<Finding>& findings, bool color) {
  std::string text;
  std::map<Health, size_t> count;
  for (const Finding& finding : findings) {
    text += FindingText(finding, color);
    ++count[finding.health];
  }
  return text + "\n" + std::to_string(count[Health::kFailure]) + " failures, " +
         std::to_string(count[Health::kWarning]) + " warnings, " + std::to_string(findings.size()) + " checks\n";
}

}  // namespace

int RunDoctor(const GlobalOptions& global, const DoctorVerbOptions& options) {
  if (!options.record.empty()) return RunDoctorRecord(global, options);
  Loader loader(MakeSearchPath(global.backend_dirs));
  DoctorOptions what;
  what.control = options.control;
  const std::vector<Finding> findings = Examine(what, loader);
  const bool failed = std::any_of(findings.begin(), findings.end(),
                                  [](const Finding& finding) { return finding.health == Health::kFailure; });
  return PrintAndEnd("doctor", options.json ? DoctorJson(findings) : DoctorText(findings, ColorOn(STDOUT_FILENO)),
                     failed ? 1 : 0);
}

}  // namespace videostream

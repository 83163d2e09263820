// SPDX-License-Identifier: Apache-2.0
// The verbs `profile validate` and `profile show`.
#include "apps/videostream/answers_json.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/table.h"
#include "apps/videostream/verbs.h"
#include "core/profile/format.h"

namespace videostream {

int RunProfileValidate(const ProfileVerbOptions& options) {
  constexpr const char* kVerb = "profile validate";
  const Result<Profile> profile = LoadProfileFor(options.profile);
  if (options.json) {
    const int code = profile ? 0 : ExitCode(profile.error().code);
    return PrintAndEnd(kVerb, ProfileValidateJson(options.profile, profile), code);
  }
  if (!profile) return ReportError(kVerb, profile.error());
  return PrintAndEnd(kVerb, Printable(profile->file) + ": profile '" + profile->name.value + "' is valid\n");
}

int RunProfileShow(const ProfileVerbOptions& options) {
  constexpr const char* kVerb = "profile show";
  const Result<Profile> profile = LoadProfileFor(options.profile);
  if (!profile) return ReportError(kVerb, profile.error());
  return PrintAndEnd(kVerb, options.json ? ProfileShowJson(*profile) : FormatProfile(*profile));
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// The verbs `profile validate`, `profile show` and `profile schema`.
#include "apps/videostream/answers_json.h"
#include "apps/videostream/edge.h"
#include "apps/videostream/table.h"
#include "apps/videostream/verbs.h"
#include "core/profile/format.h"
#include "core/profile/parse.h"
#include "core/profile/schema.h"
#include "core/runtime/profile_input.h"

namespace videostream {
namespace {

// A profile that is there to be extended is as good as any here.
Result<Profile> LoadAny(const std::string& path_or_name) {
  const Result<std::string> path = ProfileOrOwn(path_or_name);
  if (!path) return path.error();
  ProfileOptions options = StandardProfileOptions();
  options.allow_base = true;
  return LoadProfile(*path, options);
}

}  // namespace

int RunProfileValidate(const ProfileVerbOptions& options) {
  constexpr const char* kVerb = "profile validate";
  const Result<Profile> profile = LoadAny(options.profile);
  if (options.json) {
    const int code = profile ? 0 : ExitCode(profile.error().code);
    return PrintAndEnd(kVerb, ProfileValidateJson(options.profile, profile), code);
  }
  if (!profile) return ReportError(kVerb, profile.error());
  const char* base = profile->streams.empty() ? "; it is a base profile: it has no streams, and cannot run itself" : "";
  return PrintAndEnd(kVerb,
                     Printable(profile->file) + ": profile '" + profile->name.value + "' is valid" + base + "\n");
}

int RunProfileShow(const ProfileVerbOptions& options) {
  constexpr const char* kVerb = "profile show";
  const Result<Profile> profile = LoadAny(options.profile);
  if (!profile) return ReportError(kVerb, profile.error());
  return PrintAndEnd(kVerb, options.json ? ProfileShowJson(*profile) : FormatProfile(*profile));
}

int RunProfileSchema() { return PrintAndEnd("profile schema", ProfileSchema()); }

}  // namespace videostream

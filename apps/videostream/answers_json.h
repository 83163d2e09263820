// SPDX-License-Identifier: Apache-2.0
// The JSON of the verbs that only read: each document begins with its "schema" and ends in a newline.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/doctor/doctor.h"
#include "core/plugin/loader.h"
#include "core/profile/profile.h"

namespace videostream {

[[nodiscard]] std::string BackendsListJson(const SearchPath& path, const std::vector<Loader::Found>& found);

// `devices` may be a failure: then "probe_error" says why.
[[nodiscard]] std::string BackendsInspectJson(const Plugin& plugin, const Result<std::vector<vstream_device>>& devices);

// What one backend finds here, or why it cannot look.
struct BackendDevices {
  std::string backend;
  Result<std::vector<vstream_device>> devices;
};
[[nodiscard]] std::string DevicesJson(const std::vector<BackendDevices>& all);

[[nodiscard]] std::string DoctorJson(const std::vector<Finding>& findings);

// `profile` may be a failure: then "valid" is false and "error" is the parser's text.
[[nodiscard]] std::string ProfileValidateJson(const std::string& file, const Result<Profile>& profile);

// The normalised profile with the keys of the YAML; values as the YAML spells them, numbers and lists as such.
[[nodiscard]] std::string ProfileShowJson(const Profile& profile);

// "usable", "no_device", ...: stable names of VSTREAM_REASON_*.
[[nodiscard]] const char* ReasonName(uint32_t reason);

// "string", "integer", ... of VSTREAM_OPTION_*.
[[nodiscard]] const char* OptionTypeName(uint32_t type);

// "capture", "encoder" of VSTREAM_KIND_BIT()s.
[[nodiscard]] std::vector<std::string> KindNames(uint32_t kinds);

}  // namespace videostream

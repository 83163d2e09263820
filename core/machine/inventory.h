// SPDX-License-Identifier: Apache-2.0
// What the backends of a machine offer, as loading and probing them has shown.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "videostream/backend.h"

namespace videostream {

// What loading and probing one backend gave.
struct BackendReport {
  std::string name;
  std::string path;                          // of the .so; empty if there is none
  std::optional<Error> refused;              // why it is not loaded, or why its probe failed
  vstream_identity identity{};               // valid unless refused
  std::vector<vstream_device> devices;       // usable or not
  std::vector<vstream_option_spec> options;  // its schema
};

// Everything known about a machine: backend name -> report. A backend that the profile names and that is not in here
// was not looked for.
using Inventory = std::map<std::string, BackendReport, std::less<>>;

}  // namespace videostream

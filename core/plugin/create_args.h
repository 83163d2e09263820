// SPDX-License-Identifier: Apache-2.0
// What an instance of a backend is made with, the same for every kind.
#pragma once

#include <string>

#include "core/plugin/options.h"

namespace videostream {

struct BackendCreateArgs {
  std::string device;  // stable id from Probe, at most 127 bytes; empty: the backend's choice
  std::string stream;  // name of the stream, for messages; cut to 31 bytes
  OptionList options;  // as CheckOptions returned them
};

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// What a run of the suite is about: the backend, and what this backend needs, as data.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/plugin/options.h"
#include "videostream/backend.h"

namespace videostream::conformance {

struct Settings {
  std::string backend;    // path of the .so
  uint32_t kinds = 0;     // VSTREAM_KIND_BIT_* to be tested; 0: all that its identity names
  std::string allocator;  // path of the .so whose allocator makes the buffers; empty: memfds
  std::string client;     // consumer library of a transport: "shm"; empty: tests that need a consumer are skipped
  uint32_t width = 320, height = 240;  // pixels, where the device can do them
  uint32_t patience_s = 20;            // how long to wait for what must come
  std::array<std::string, VSTREAM_KINDS> device;
  std::array<OptionList, VSTREAM_KINDS> options;      // as in a profile
  std::array<OptionList, VSTREAM_KINDS> end_options;  // added to those: a source that ends by itself, soon
};

// Takes what it knows from the command line (see kUsage) and leaves the rest, GoogleTest's flags, alone.
// kInvalidArgument: a value that makes no sense, or no backend.
[[nodiscard]] Result<Settings> ParseSettings(int* argc, char** argv);

extern const char kUsage[];

// The settings of this run; set once by main.
const Settings& TheSettings();
void SetTheSettings(Settings settings);

}  // namespace videostream::conformance

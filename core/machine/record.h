// SPDX-License-Identifier: Apache-2.0
// This machine as data: what it is and what it has, from the kernel's own files, and what every backend finds here.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/result.h"
#include "core/machine/machine.h"

namespace videostream {

class Loader;

inline constexpr size_t kMaxCompatible = 16;  // entries of the device tree's list
inline constexpr size_t kMaxNodes = 256;
inline constexpr size_t kMaxFactBytes = 128;  // of one fact; a kernel's or a board's name is far shorter

// Where to look; tests point it at trees of their own.
struct LookOptions {
  std::string root;    // in front of /dev, /proc and /sys; empty: this machine's
  std::string arch;    // instead of what uname says; empty: uname
  std::string kernel;  // likewise
};

// What `match` looks at. Never fails: what is not there or makes no sense is empty. Every file is untrusted: reads are
// bounded, control characters and broken UTF-8 become '?', what is too long is cut, nodes beyond kMaxNodes are left
// out. Opens no device. Any thread.
[[nodiscard]] MachineFacts LookAtFacts(const LookOptions& options = {});

// Memory, processors, open files. What is unknown is 0; an unlimited number of open files is UINT64_MAX.
[[nodiscard]] MachineLimits LookAtLimits(const LookOptions& options = {});

// Both, without an inventory.
[[nodiscard]] MachineDescription LookAtMachine(const LookOptions& options = {});

// Loads and probes one backend of the search path; `refused` says why it could not. Blocks for as long as the probe.
[[nodiscard]] BackendReport ProbeBackend(const std::string& name, Loader& loader);

// The same for every backend in the search path: what `doctor --record` writes down.
[[nodiscard]] Inventory ProbeAllBackends(Loader& loader);

}  // namespace videostream

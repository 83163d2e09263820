// SPDX-License-Identifier: Apache-2.0
// Looks at this machine the way an integrator would: kernel, permissions, limits, socket folders, backends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/runtime_dir.h"

namespace videostream {

class Loader;

enum class Health : uint8_t {
  kOk,
  kInfo,     // worth knowing, nothing to do
  kWarning,  // works here, within a limit that somebody may meet
  kFailure,  // something that VideoStream needs does not work
};
[[nodiscard]] std::string_view HealthName(Health health);  // "ok", "info", "warning", "failure"

// One thing looked at.
struct Finding {
  std::string id;  // stable, for scripts: "kernel.memfd-seals"
  Health health = Health::kOk;
  std::string what;      // one sentence
  std::string evidence;  // what was tried and seen; may be empty
  std::string fix;       // what the user can do; empty where there is nothing to do
};

// What to look at; tests point it at trees of their own.
struct DoctorOptions {
  std::string root;           // in front of /dev, /proc and /etc; empty: this machine's
  EnvLookup env = SecureEnv;  // for the socket folder
  std::string control;        // path of the control socket; empty: the default
};

// Kernel version, sealed memory, futex on read-only mappings, SO_PEERCRED.
[[nodiscard]] std::vector<Finding> CheckKernel(const DoctorOptions& options);
// Open files, threads, shared memory, locked memory.
[[nodiscard]] std::vector<Finding> CheckLimits(const DoctorOptions& options);
// Cameras and codecs (video*), heaps (dma_heap/*), render nodes (dri/*): who may open them, and whether we may.
[[nodiscard]] std::vector<Finding> CheckDevices(const DoctorOptions& options);
// The folder of sockets, and whether a runtime serves the control socket.
[[nodiscard]] std::vector<Finding> CheckSockets(const DoctorOptions& options);
// Every backend in the search path: identity, loading, probe, each device.
[[nodiscard]] std::vector<Finding> CheckBackends(Loader& loader);

// All of them, in this order. Runs the probes of all backends; disturbs nothing; nothing is left behind.
[[nodiscard]] std::vector<Finding> Examine(const DoctorOptions& options, Loader& loader);

}  // namespace videostream

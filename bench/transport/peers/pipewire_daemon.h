// SPDX-License-Identifier: Apache-2.0
// A PipeWire daemon of the cell's own: in the cell's folder, without a session manager, devices or D-Bus.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace videostream::bench::transport {

// Points this process at the cell's daemon and at the settings of its clients: call it before pw_init(), in every
// process. False: the settings could not be written, errno says why.
bool UsePipewireOf(const std::string& folder);

// Ended by the destructor, or with the process that started it. One thread.
class PipewireDaemon {
 public:
  PipewireDaemon() = default;
  ~PipewireDaemon();
  PipewireDaemon(const PipewireDaemon&) = delete;
  PipewireDaemon& operator=(const PipewireDaemon&) = delete;

  // Starts it after UsePipewireOf(folder); it listens a little later. False: errno says why.
  bool Start();
  // False: it has ended by itself, or there is no program `pipewire`.
  bool Alive();
  // Its processor time so far, ns; 0 if that is unknown.
  int64_t CpuNs() const;

 private:
  pid_t pid_ = -1;
};

}  // namespace videostream::bench::transport

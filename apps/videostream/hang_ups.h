// SPDX-License-Identifier: Apache-2.0
// SIGHUP as what it means to a service: read the configuration anew.
#pragma once

#include <functional>
#include <thread>

#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace videostream {

// Blocks SIGHUP from its construction on, and for the rest of the process: to be made before any thread, which all
// inherit that. One that comes before Watch is kept for it.
class HangUps {
 public:
  HangUps();
  // Waits for a `reload` that runs.
  ~HangUps();
  HangUps(const HangUps&) = delete;
  HangUps& operator=(const HangUps&) = delete;

  // From now on SIGHUP calls `reload`, on a thread of its own; those that come while it runs make one more call. The
  // other meaning stays as well: if the terminal that the process had at its start is gone, the process gets SIGTERM
  // instead. Once.
  [[nodiscard]] Status Watch(std::function<void()> reload);

 private:
  void Run(const std::function<void()>& reload) const;

  const bool had_terminal_;
  UniqueFd signals_;  // signalfd
  UniqueFd over_;     // eventfd
  std::thread thread_;
};

}  // namespace videostream

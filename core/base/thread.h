// SPDX-License-Identifier: Apache-2.0
// Starting a thread without an exception.
#pragma once

#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/result.h"

namespace videostream {

// A thread that runs f(). kNoMemory: the system allows no more of them; the message begins with "WHO: ".
template <class F>
[[nodiscard]] Result<std::thread> StartThread(const std::string& who, F f) {
  try {
    return std::thread(std::move(f));
  } catch (const std::system_error& error) {
    return Fail(Code::kNoMemory, who + ": start a thread: " + error.what() +
                                     "; raise the limit of threads ('ulimit -u', TasksMax= of the service)");
  }
}

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Names of states.
#include "videostream/runtime.hpp"

namespace videostream {

const char* StreamStateName(StreamState state) {
  switch (state) {
    case StreamState::kStarting:
      return "starting";
    case StreamState::kRunning:
      return "running";
    case StreamState::kEnded:
      return "ended";
    case StreamState::kFailed:
      return "failed";
    case StreamState::kStopped:
      return "stopped";
  }
  return "unknown";
}

}  // namespace videostream

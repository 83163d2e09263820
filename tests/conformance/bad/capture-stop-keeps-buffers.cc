// SPDX-License-Identifier: Apache-2.0
// Buffers that were queued at stop stay queued.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Capture {
 public:
  Status Stop() override {
    started_ = false;
    Update();
    return Ok();
  }
};
constexpr backend::Identity kIdentity{.name = "capture-stop-keeps-buffers", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

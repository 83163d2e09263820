// SPDX-License-Identifier: Apache-2.0
// Delivers a buffer that was attached and never queued.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Capture {
 public:
  Status Dequeue(vstream_frame* out) override {
    Status status = Capture::Dequeue(out);
    if (status.ok() && sequence_ > 3) out->buffer_id = buffers_.all().rbegin()->first;
    return status;
  }
};
constexpr backend::Identity kIdentity{.name = "capture-delivers-unqueued", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

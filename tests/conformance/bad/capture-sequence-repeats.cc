// SPDX-License-Identifier: Apache-2.0
// Every third frame has the number of the one before.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Capture {
 public:
  Status Dequeue(vstream_frame* out) override {
    Status status = Capture::Dequeue(out);
    if (status.ok() && sequence_ % 3 == 0) --out->sequence;
    return status;
  }
};
constexpr backend::Identity kIdentity{.name = "capture-sequence-repeats", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

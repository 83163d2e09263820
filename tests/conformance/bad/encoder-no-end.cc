// SPDX-License-Identifier: Apache-2.0
// Forgets the end of a drain when frames are inside.
#include "tests/conformance/bad/reference_encoder.h"

namespace videostream::reference {
namespace {

class Bad : public Encoder {
 public:
  Status Drain() override {
    const bool empty = done_.empty();
    Status status = Encoder::Drain();
    drained_ = empty;
    Update();
    return status;
  }
};
constexpr backend::Identity kIdentity{.name = "encoder-no-end", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

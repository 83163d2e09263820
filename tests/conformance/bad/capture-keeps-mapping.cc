// SPDX-License-Identifier: Apache-2.0
// Leaves a buffer mapped after it was delivered.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Capture {
 public:
  Status Fill(uint32_t id, const vstream_layout& layout) override {
    if (Status status = Capture::Fill(id, layout); !status.ok()) return status;
    return host().Map(id, VSTREAM_ACCESS_READ, &kept_);
  }
  Mapping kept_;
};
constexpr backend::Identity kIdentity{.name = "capture-keeps-mapping", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

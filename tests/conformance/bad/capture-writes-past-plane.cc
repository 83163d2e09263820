// SPDX-License-Identifier: Apache-2.0
// Writes one byte too many.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Capture {
 public:
  Status Fill(uint32_t id, const vstream_layout& layout) override {
    if (Status status = Capture::Fill(id, layout); !status.ok()) return status;
    Mapping mapping;
    if (Status status = host().Map(id, VSTREAM_ACCESS_WRITE, &mapping); !status.ok()) return status;
    mapping.data(0)[layout.planes[0].size] ^= 0xFF;
    return Ok();
  }
};
constexpr backend::Identity kIdentity{.name = "capture-writes-past-plane", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

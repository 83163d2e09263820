// SPDX-License-Identifier: Apache-2.0
// Writes to the buffer before, which it has given back.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Capture {
 public:
  Status Fill(uint32_t id, const vstream_layout& layout) override {
    Mapping mapping;
    if (before_ != UINT32_MAX && host().Map(before_, VSTREAM_ACCESS_WRITE, &mapping).ok()) ++mapping.data(0)[5];
    before_ = id;
    return Capture::Fill(id, layout);
  }
  uint32_t before_ = UINT32_MAX;
};
constexpr backend::Identity kIdentity{.name = "capture-writes-late", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

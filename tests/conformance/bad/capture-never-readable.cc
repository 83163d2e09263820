// SPDX-License-Identifier: Apache-2.0
// Its poll fd is not readable with frames to take.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Capture {
 public:
  void Update() override {}
};
constexpr backend::Identity kIdentity{.name = "capture-never-readable", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

// SPDX-License-Identifier: Apache-2.0
// Takes whatever device is named for its own.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Allocator {
 public:
  Status Open(const Options&) override { return Ok(); }
};
constexpr backend::Identity kIdentity{.name = "any-device", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

// SPDX-License-Identifier: Apache-2.0
// Each instance leaves a descriptor behind.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Allocator {
 public:
  Status Open(const Options& options) override {
    (void)::memfd_create("left behind", MFD_CLOEXEC);
    return Allocator::Open(options);
  }
};
constexpr backend::Identity kIdentity{.name = "instance-leaks-fd", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

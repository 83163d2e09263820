// SPDX-License-Identifier: Apache-2.0
// Its fds are inherited by every child process.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Allocator {
 public:
  unsigned Flags() override { return MFD_ALLOW_SEALING; }
};
constexpr backend::Identity kIdentity{.name = "allocator-not-cloexec", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

// SPDX-License-Identifier: Apache-2.0
// Its memory exists on paper only.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Allocator {
 public:
  int Commit(int fd, uint64_t bytes) override { return ::ftruncate(fd, static_cast<off_t>(bytes)) == 0 ? 0 : errno; }
};
constexpr backend::Identity kIdentity{.name = "allocator-uncommitted", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

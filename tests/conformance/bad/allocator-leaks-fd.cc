// SPDX-License-Identifier: Apache-2.0
// Keeps a descriptor of every buffer.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Allocator {
 public:
  int Commit(int fd, uint64_t bytes) override {
    (void)::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return Allocator::Commit(fd, bytes);
  }
};
constexpr backend::Identity kIdentity{.name = "allocator-leaks-fd", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

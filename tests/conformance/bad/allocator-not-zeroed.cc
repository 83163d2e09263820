// SPDX-License-Identifier: Apache-2.0
// Gives out memory with old bytes in it.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {

class Bad : public Allocator {
 public:
  int Commit(int fd, uint64_t bytes) override {
    const int error = Allocator::Commit(fd, bytes);
    (void)!::pwrite(fd, "secret", std::min<uint64_t>(bytes, 6), 0);
    return error;
  }
};
constexpr backend::Identity kIdentity{.name = "allocator-not-zeroed", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

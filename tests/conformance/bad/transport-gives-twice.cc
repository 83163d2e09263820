// SPDX-License-Identifier: Apache-2.0
// Reclaim gives a buffer as often as it is asked for.
#include "tests/conformance/bad/reference_transport.h"

namespace videostream::reference {
namespace {

class Bad : public Transport {
 public:
  void Forget(uint32_t, uint32_t) override {}
};
constexpr backend::Identity kIdentity{.name = "transport-gives-twice", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

// SPDX-License-Identifier: Apache-2.0
// Reclaim gives the newest frame, too.
#include "tests/conformance/bad/reference_transport.h"

namespace videostream::reference {
namespace {

class Bad : public Transport {
 public:
  bool MayGive(uint32_t, uint32_t) override { return true; }
  void Forget(uint32_t stream, uint32_t id) override {
    if (published_[stream].size() > 1) Transport::Forget(stream, id);
  }
};
constexpr backend::Identity kIdentity{.name = "transport-gives-newest", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

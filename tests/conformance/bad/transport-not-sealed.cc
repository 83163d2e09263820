// SPDX-License-Identifier: Apache-2.0
// Consumers may write to the frames of others.
#include "tests/conformance/bad/reference_transport.h"

namespace videostream::reference {
namespace {

class Bad : public Transport {
 public:
  int Seals() override { return 0; }
};
constexpr backend::Identity kIdentity{.name = "transport-not-sealed", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

// SPDX-License-Identifier: Apache-2.0
// Makes key frames when it likes, not when it is told to.
#include "tests/conformance/bad/reference_encoder.h"

namespace videostream::reference {
namespace {

class Bad : public Encoder {
 public:
  bool WantsKey(const vstream_encoder_job&) override { return false; }
};
constexpr backend::Identity kIdentity{.name = "encoder-ignores-force-key", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

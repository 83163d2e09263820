// SPDX-License-Identifier: Apache-2.0
// Its first packet is not flagged as a key frame.
#include "tests/conformance/bad/reference_encoder.h"

namespace videostream::reference {
namespace {

class Bad : public Encoder {
 public:
  Status Encode(const vstream_encoder_job& job, const vstream_layout& layout, bool key,
                vstream_frame* packet) override {
    Status status = Encoder::Encode(job, layout, key, packet);
    packet->flags &= ~VSTREAM_FRAME_KEY;
    return status;
  }
};
constexpr backend::Identity kIdentity{.name = "encoder-first-not-key", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

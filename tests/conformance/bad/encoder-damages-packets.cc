// SPDX-License-Identifier: Apache-2.0
// What comes out cannot be decoded.
#include "tests/conformance/bad/reference_encoder.h"

namespace videostream::reference {
namespace {

class Bad : public Encoder {
 public:
  Status Encode(const vstream_encoder_job& job, const vstream_layout& layout, bool key,
                vstream_frame* packet) override {
    Status status = Encoder::Encode(job, layout, key, packet);
    if (key) packet->bytes_used[0] /= 2;
    return status;
  }
};
constexpr backend::Identity kIdentity{.name = "encoder-damages-packets", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

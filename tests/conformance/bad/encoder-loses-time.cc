// SPDX-License-Identifier: Apache-2.0
// Packets have a time of their own.
#include "tests/conformance/bad/reference_encoder.h"

namespace videostream::reference {
namespace {

class Bad : public Encoder {
 public:
  Status Encode(const vstream_encoder_job& job, const vstream_layout& layout, bool key,
                vstream_frame* packet) override {
    packet->pts_ns += 1;
    return Encoder::Encode(job, layout, key, packet);
  }
};
constexpr backend::Identity kIdentity{.name = "encoder-loses-time", .version = "1"};

}  // namespace
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Bad)

// SPDX-License-Identifier: Apache-2.0
// Every kind, without a fault: the suite finds nothing here.
#include "tests/conformance/bad/reference.h"

#include "tests/conformance/bad/reference_encoder.h"
#include "tests/conformance/bad/reference_transport.h"

namespace videostream::reference {
namespace {
constexpr backend::Identity kIdentity{.name = "reference", .version = "1"};
}
}  // namespace videostream::reference

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Allocator,
                    videostream::reference::Capture, videostream::reference::Converter, videostream::reference::Encoder,
                    videostream::reference::Transport)

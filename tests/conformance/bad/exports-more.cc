// SPDX-License-Identifier: Apache-2.0
// Exports a second symbol.
#include "tests/conformance/bad/reference.h"

namespace videostream::reference {
namespace {
constexpr backend::Identity kIdentity{.name = "exports-more", .version = "1"};
}
}  // namespace videostream::reference

extern "C" VSTREAM_EXPORT int helper() { return 1; }

VIDEOSTREAM_BACKEND(videostream::reference::kIdentity, videostream::reference::Allocator)

// SPDX-License-Identifier: Apache-2.0
// The shm backend: memfd allocator and native transport.
#include "backends/shm/allocator.h"
#include "backends/shm/transport.h"

namespace {
constexpr videostream::backend::Identity kIdentity{.name = "shm", .version = "0.1", .vendor = "VideoStream"};
}  // namespace

VIDEOSTREAM_BACKEND(kIdentity, videostream::shm::Allocator, videostream::shm::Transport)

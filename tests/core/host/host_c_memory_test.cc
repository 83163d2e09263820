// SPDX-License-Identifier: Apache-2.0
// The C API of the producer library takes no memory for a frame.
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/core/host/c_fixture.h"

namespace {
std::atomic<uint64_t> allocations{0};
}  // namespace

// Counts what the whole program allocates.
void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size); memory != nullptr) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace videostream {
namespace {

// A handle, a view or a publish that allocates for each frame.
TEST_F(HostCTest, FramesCostNoAllocation) {
  OpenHost();
  OpenClient();
  uint64_t allocated = 0;
  for (int i = 0; i < 400; ++i) {
    auto view = Sized<vstream_host_buffer_view>();
    auto info = Sized<vstream_publish_info>();
    info.pts_ns = i + 1;
    const uint64_t before = allocations.load();
    bool good = vstream_host_get_write_buffer(host, &buffer, &error) == VSTREAM_OK;
    good = good && vstream_host_buffer_get_view(buffer, &view) == VSTREAM_OK;
    good = good && vstream_host_publish_frame(host, buffer, &info, &error) == VSTREAM_OK;
    good = good && vstream_client_wait(client, kPatienceNs, &frame, &error) == VSTREAM_OK;
    good = vstream_client_frame_release(frame) == VSTREAM_OK && good;
    if (i >= 200) allocated += allocations.load() - before;
    ASSERT_TRUE(good) << error.message;
  }
  EXPECT_EQ(allocated, 0U);
}

}  // namespace
}  // namespace videostream

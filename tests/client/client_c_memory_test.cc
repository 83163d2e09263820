// SPDX-License-Identifier: Apache-2.0
// The C API and the heap: frames cost none of it, and what fails to get some is an error code.
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/backends/shm/test_host.h"
#include "videostream/client.h"

namespace {
std::atomic<uint64_t> allocations{0};
std::atomic<int64_t> budget{-1};  // allocations until one fails; -1: none does
}  // namespace

// Counts what the whole program allocates, and fails when told so.
void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (budget.load() >= 0 && budget.fetch_sub(1) == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(size); memory != nullptr) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace videostream::test {
namespace {

// A handle, a wait or a view that allocates for each frame.
TEST(ClientCMemoryTest, FramesCostNoAllocation) {
  TempDir dir;
  TestHost host({{"socket", dir / "s"}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  for (const bool event_loop : {false, true}) {
    vstream_client* client = nullptr;
    ASSERT_EQ(vstream_client_create((dir / "s").c_str(), nullptr, &client, nullptr), VSTREAM_OK);
    ASSERT_TRUE(host.ServeUntil([&] { return vstream_client_connect(client, 0, nullptr) == VSTREAM_OK; }));
    int32_t fd = -1;
    if (event_loop) {
      ASSERT_EQ(vstream_client_poll_fd(client, &fd, nullptr), VSTREAM_OK);
    }
    uint64_t allocated = 0;
    vstream_error error{};
    for (int i = 0; i < 400; ++i) {
      const uint32_t id = host.Acquire();
      ASSERT_NE(id, 0xffffffffU);
      ASSERT_TRUE(host.PublishBuffer(id, VSTREAM_STREAM_FRAMES, 0)) << host.error.message;
      vstream_client_frame* frame = nullptr;
      vstream_client_frame* copy = nullptr;
      vstream_frame_view view{};
      view.struct_size = sizeof view;
      uint32_t valid = 0;
      const uint64_t before = allocations.load();
      bool good = vstream_client_wait(client, 0, &frame, &error) == VSTREAM_OK;
      good = good && vstream_client_frame_share(frame, &copy, &error) == VSTREAM_OK;
      good = good && vstream_client_frame_view(copy, &view) == VSTREAM_OK;
      good = good && vstream_client_frame_valid(copy, &valid) == VSTREAM_OK;
      good = vstream_client_frame_release(copy) == VSTREAM_OK && good;
      good = vstream_client_frame_release(frame) == VSTREAM_OK && good;
      good = vstream_client_wait(client, 0, &frame, &error) == VSTREAM_E_TIMEOUT && good;
      if (i >= 200) allocated += allocations.load() - before;
      ASSERT_TRUE(good) << error.message;
    }
    EXPECT_EQ(allocated, 0U) << (event_loop ? "event loop" : "futex");
    EXPECT_EQ(vstream_client_destroy(client), VSTREAM_OK);
  }
}

// An exception that leaves through C, whichever allocation it was; a handle or descriptor lost on the way.
TEST(ClientCMemoryTest, EveryFailedAllocationIsAnErrorCode) {
  TempDir dir;
  TestHost host({{"socket", dir / "s"}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  const std::string path = dir / "s";
  const size_t fds = OpenFds();
  bool failed = true;
  int failures = 0;
  for (int64_t n = 0; failed && n < 1000; ++n) {
    vstream_client_options options{};
    options.struct_size = sizeof options;
    options.queue = 33;  // the message of the refusal allocates, too
    vstream_client* client = nullptr;
    vstream_error error{};
    budget = n;
    const int32_t refused = vstream_client_create(path.c_str(), &options, &client, &error);
    failed = budget.exchange(-1) < 0;
    if (failed) ++failures;
    EXPECT_EQ(refused, failed ? VSTREAM_E_NO_MEMORY : VSTREAM_E_INVALID) << error.message;
    EXPECT_EQ(error.code, refused);
    EXPECT_EQ(client, nullptr);
  }
  EXPECT_FALSE(failed);
  for (int64_t n = 0; (failed || n == 0) && n < 1000; ++n) {
    vstream_client* client = nullptr;
    vstream_error error{};
    budget = n;
    const int32_t created = vstream_client_create(path.c_str(), nullptr, &client, &error);
    int32_t waited = VSTREAM_OK;
    vstream_client_frame* frame = nullptr;
    if (created == VSTREAM_OK) waited = vstream_client_wait(client, 0, &frame, &error);
    failed = budget.exchange(-1) < 0;
    if (failed) ++failures;
    EXPECT_TRUE(created == VSTREAM_OK ? client != nullptr : created == VSTREAM_E_NO_MEMORY && client == nullptr);
    EXPECT_TRUE(waited == VSTREAM_OK || waited == VSTREAM_E_TIMEOUT || waited == VSTREAM_E_NO_MEMORY) << waited;
    if (created == VSTREAM_OK) {
      EXPECT_EQ(vstream_client_destroy(client), VSTREAM_OK);
    }
    host.Service();
  }
  EXPECT_FALSE(failed);
  EXPECT_GT(failures, 5);
  EXPECT_LE(OpenFds(), fds + 1);
}

}  // namespace
}  // namespace videostream::test

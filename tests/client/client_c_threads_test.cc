// SPDX-License-Identifier: Apache-2.0
// The C API from several threads, as its header allows.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "tests/backends/shm/test_host.h"
#include "videostream/client.h"

namespace videostream::test {
namespace {

struct ClientCThreadsTest : ::testing::Test {
  ClientCThreadsTest() { ::alarm(100); }
  ~ClientCThreadsTest() override { ::alarm(0); }
  vstream_client* Create() {
    vstream_client* client = nullptr;
    vstream_error error{};
    EXPECT_EQ(vstream_client_create(path.c_str(), nullptr, &client, &error), VSTREAM_OK) << error.message;
    return client;
  }
  TempDir dir;
  std::string path = dir / "s";
};

// A destroy that frees what a wait in another thread uses, or waits for ever for a wait without end.
TEST_F(ClientCThreadsTest, DestroyEndsAWaitWithoutEnd) {
  TestHost host({{"socket", path}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  for (const int mode : {0, 1, 2, 3}) {  // no producer, futex, event loop, connect
    vstream_client* client = nullptr;
    vstream_error error{};
    const std::string target = mode == 0 || mode == 3 ? dir / "nobody" : path;
    ASSERT_EQ(vstream_client_create(target.c_str(), nullptr, &client, &error), VSTREAM_OK) << error.message;
    if (mode == 1 || mode == 2) {
      ASSERT_TRUE(host.ServeUntil([&] { return vstream_client_connect(client, 0, nullptr) == VSTREAM_OK; }));
    }
    int32_t fd = -1;
    if (mode == 2) {
      ASSERT_EQ(vstream_client_poll_fd(client, &fd, nullptr), VSTREAM_OK);
    }
    std::atomic<bool> begun{false};
    std::thread waiter([&] {
      vstream_client_frame* frame = nullptr;
      vstream_error why{};
      begun = true;
      begun.notify_one();
      const int32_t code = mode == 3 ? vstream_client_connect(client, INT64_MAX, &why)
                                     : vstream_client_wait(client, INT64_MAX, &frame, &why);
      EXPECT_EQ(code, VSTREAM_E_INVALID) << why.message;
      EXPECT_EQ(frame, nullptr);
      EXPECT_EQ(vstream_client_wait(client, INT64_MAX, &frame, &why), VSTREAM_E_INVALID) << why.message;
    });
    begun.wait(false);
    EXPECT_EQ(vstream_client_destroy(client), VSTREAM_OK) << mode;
    EXPECT_EQ(vstream_client_destroy(client), VSTREAM_E_INVALID) << mode;
    waiter.join();
  }
}

// Two threads that destroy the same client both do.
TEST_F(ClientCThreadsTest, OneOfManyDestroysWins) {
  for (int round = 0; round < 50; ++round) {
    vstream_client* client = Create();
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        uint32_t state = 0;
        const int32_t looked = vstream_client_state(client, &state);
        EXPECT_TRUE(looked == VSTREAM_OK || looked == VSTREAM_E_INVALID);
        if (vstream_client_destroy(client) == VSTREAM_OK) ++won;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
  }
}

// Frames that are read and released by other threads than the one that waits: a race in the lease or in the table.
TEST_F(ClientCThreadsTest, FramesAreUsedAndReleasedInOtherThreads) {
  TestHost host({{"socket", path}, {"leases", "8"}, {"buffers", "16"}});
  ASSERT_TRUE(host.ok() && host.AddPool(20)) << host.error.message;
  vstream_client* client = Create();
  ASSERT_TRUE(host.ServeUntil([&] { return vstream_client_connect(client, 0, nullptr) == VSTREAM_OK; }));
  std::mutex mutex;
  std::condition_variable more;
  std::deque<vstream_client_frame*> queue;
  bool over = false;
  std::atomic<int> intact{0};
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (;;) {
        vstream_client_frame* frame = nullptr;
        {
          std::unique_lock lock(mutex);
          more.wait(lock, [&] { return over || !queue.empty(); });
          if (queue.empty()) return;
          frame = queue.front();
          queue.pop_front();
        }
        vstream_frame_view view{};
        view.struct_size = sizeof view;
        uint32_t valid = 0;
        EXPECT_EQ(vstream_client_frame_view(frame, &view), VSTREAM_OK);
        const bool same = IsFrame(view.data[0], view.size[0], view.sequence);
        EXPECT_EQ(vstream_client_frame_valid(frame, &valid), VSTREAM_OK);
        EXPECT_TRUE(same || valid == 0) << view.sequence;
        EXPECT_EQ(vstream_client_frame_release(frame), VSTREAM_OK);
        ++intact;
      }
    });
  }
  int taken = 0;
  while (taken < 500) {
    ASSERT_TRUE(host.Publish()) << host.error.message;
    vstream_client_frame* frame = nullptr;
    const int32_t code = vstream_client_wait(client, 0, &frame, nullptr);
    if (code == VSTREAM_E_BUSY) std::this_thread::yield();
    if (code != VSTREAM_OK) continue;
    vstream_client_frame* copy = nullptr;
    ASSERT_EQ(vstream_client_frame_share(frame, &copy, nullptr), VSTREAM_OK);
    const std::lock_guard lock(mutex);
    queue.push_back(frame);
    queue.push_back(copy);
    more.notify_all();
    ++taken;
  }
  EXPECT_EQ(vstream_client_destroy(client), VSTREAM_OK) << "frames are still being read";
  {
    const std::lock_guard lock(mutex);
    over = true;
    more.notify_all();
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(intact, 2 * taken);
}

// Creating and destroying in parallel gives two threads the same slot, or lets a stale handle reach a new client.
TEST_F(ClientCThreadsTest, ManyThreadsCreateUseAndDestroy) {
  constexpr size_t kShared = 8;
  std::array<std::atomic<vstream_client*>, kShared> shared{};
  std::atomic<int> created{0};
  std::atomic<int> destroyed{0};
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::minstd_rand random(seed);
      for (int i = 0; i < 400; ++i) {
        auto& place = shared[random() % kShared];
        uint32_t state = 0;
        switch (random() % 3) {
          case 0: {
            vstream_client* mine = Create();
            ++created;
            if (vstream_client_destroy(place.exchange(mine)) == VSTREAM_OK) ++destroyed;
            break;
          }
          case 1:
            if (vstream_client_destroy(place.load()) == VSTREAM_OK) ++destroyed;
            break;
          default:
            vstream_client_state(place.load(), &state);
            EXPECT_LE(state, 3u);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& place : shared) {
    if (vstream_client_destroy(place.load()) == VSTREAM_OK) ++destroyed;
  }
  EXPECT_EQ(created, destroyed);
}

}  // namespace
}  // namespace videostream::test

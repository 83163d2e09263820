// SPDX-License-Identifier: Apache-2.0
// The C API of the producer library from several threads: every function, at any time.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/core/host/c_fixture.h"

namespace videostream {
namespace {

// A picture that two threads have written to at once, or an error that tells of another thread's call.
TEST_F(HostCTest, ThreadsPublishOnOneHost) {
  vstream_host_options options = GreyOptions();
  options.write_buffers = 3;
  OpenHost(options);
  auto wanted = Sized<vstream_client_options>();
  OpenClient(&wanted);
  std::atomic<uint64_t> published{0};
  std::vector<std::thread> writers;
  for (unsigned w = 1; w <= 4; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 200; ++i) {
        vstream_host_buffer* mine = nullptr;
        vstream_error why{};
        const int32_t code = vstream_host_get_write_buffer(host, &mine, &why);
        EXPECT_TRUE(code == VSTREAM_OK || code == VSTREAM_E_BUSY || code == VSTREAM_E_AGAIN) << why.message;
        EXPECT_EQ(why.code, code);
        if (code != VSTREAM_OK) continue;
        auto view = Sized<vstream_host_buffer_view>();
        EXPECT_EQ(vstream_host_buffer_get_view(mine, &view), VSTREAM_OK);
        std::memset(view.data[0], static_cast<int>(w), view.size[0]);
        if (i % 8 == 7) {
          EXPECT_EQ(vstream_host_discard_buffer(mine), VSTREAM_OK);
        } else {
          EXPECT_EQ(vstream_host_publish_frame(host, mine, nullptr, &why), VSTREAM_OK) << why.message;
          ++published;
        }
        EXPECT_EQ(vstream_host_wait_for_consumers(host, 9, 0, &why), VSTREAM_E_TIMEOUT);
        auto stats = Sized<vstream_host_stats>();
        EXPECT_EQ(vstream_host_get_stats(host, &stats), VSTREAM_OK);
        uint64_t count = 0;
        EXPECT_EQ(vstream_host_consumers(host, nullptr, 0, 0, &count, &why), VSTREAM_OK);
      }
    });
  }
  std::atomic<bool> over{false};
  std::thread reader([&] {
    while (!over) {
      vstream_client_frame* seen = nullptr;
      if (vstream_client_wait(client, 1'000'000, &seen, nullptr) != VSTREAM_OK) continue;
      auto view = Sized<vstream_frame_view>();
      EXPECT_EQ(vstream_client_frame_view(seen, &view), VSTREAM_OK);
      bool same = true;
      for (uint64_t i = 0; i < view.size[0]; ++i) same = same && view.data[0][i] == view.data[0][0];
      uint32_t valid = 0;
      EXPECT_EQ(vstream_client_frame_valid(seen, &valid), VSTREAM_OK);
      EXPECT_TRUE(same || valid == 0) << view.sequence;
      EXPECT_EQ(vstream_client_frame_release(seen), VSTREAM_OK);
    }
  });
  for (std::thread& writer : writers) writer.join();
  over = true;
  reader.join();
  auto stats = Sized<vstream_host_stats>();
  ASSERT_EQ(vstream_host_get_stats(host, &stats), VSTREAM_OK);
  EXPECT_EQ(stats.published, published);
  EXPECT_GT(stats.published, 0U);
}

// A host that is freed under a thread which waits or publishes, or a destroy that waits for ever.
TEST_F(HostCTest, DestroyEndsWhatOtherThreadsDo) {
  for (int round = 0; round < 10; ++round) {
    OpenHost();
    std::atomic<int> begun{0};
    std::vector<std::thread> threads;
    threads.emplace_back([&, mine = host] {
      vstream_error why{};
      ++begun;
      EXPECT_EQ(vstream_host_wait_for_consumers(mine, 1, INT64_MAX, &why), VSTREAM_E_INVALID) << why.message;
    });
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, mine = host] {
        ++begun;
        int32_t code = VSTREAM_OK;
        while (code != VSTREAM_E_INVALID) {
          vstream_host_buffer* writing = nullptr;
          code = vstream_host_get_write_buffer(mine, &writing, nullptr);
          if (code != VSTREAM_OK) continue;
          code = vstream_host_publish_frame(mine, writing, nullptr, nullptr);
          if (code != VSTREAM_OK) {
            EXPECT_EQ(vstream_host_discard_buffer(writing), VSTREAM_OK) << "closed, although there was no host";
          }
        }
      });
    }
    while (begun < 3) std::this_thread::yield();
    EXPECT_EQ(vstream_host_destroy(host), VSTREAM_OK);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(vstream_host_destroy(host), VSTREAM_E_INVALID);
  }
}

// Opening and closing in parallel: a race in the table, or in what hosts share.
TEST_F(HostCTest, ThreadsOpenAndCloseHostsOfTheirOwn) {
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 15; ++i) {
        const std::string mine = dir / ("s" + std::to_string(t));
        const vstream_host_options options = GreyOptions();
        vstream_host* own = nullptr;
        vstream_host_buffer* writing = nullptr;
        vstream_error why{};
        ASSERT_EQ(vstream_host_create(mine.c_str(), &options, &own, &why), VSTREAM_OK) << why.message;
        ASSERT_EQ(vstream_host_get_write_buffer(own, &writing, &why), VSTREAM_OK) << why.message;
        EXPECT_EQ(vstream_host_publish_frame(own, writing, nullptr, &why), VSTREAM_OK) << why.message;
        EXPECT_EQ(vstream_host_destroy(own), VSTREAM_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// For tests of the C API: a host on the shm backend and a client of it in one process.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tests/e2e/process.h"
#include "videostream/client.h"
#include "videostream/host.h"

namespace videostream {

inline constexpr int64_t kPatienceNs = 30'000'000'000;  // for what must happen; the watchdog is longer

template <class S>
S Sized() {
  S value{};
  value.struct_size = sizeof value;
  return value;
}

inline vstream_host_options GreyOptions() {
  static const char* const allocators[] = {"shm"};
  auto options = Sized<vstream_host_options>();
  options.width = 64;
  options.height = 48;
  options.format = VSTREAM_FORMAT_GREY;
  options.allocators = allocators;
  options.allocator_count = 1;
  return options;
}

struct HostCTest : testing::Test {
  HostCTest() { e2e::Watchdog(110); }
  ~HostCTest() override { Close(); }

  void OpenHost(const vstream_host_options& options = GreyOptions()) {
    ASSERT_EQ(vstream_host_create(path.c_str(), &options, &host, &error), VSTREAM_OK) << error.message;
  }
  // Subscribed when this returns.
  void OpenClient(const vstream_client_options* options = nullptr) {
    ASSERT_EQ(vstream_client_create(path.c_str(), options, &client, &error), VSTREAM_OK) << error.message;
    ASSERT_EQ(vstream_client_connect(client, kPatienceNs, &error), VSTREAM_OK) << error.message;
  }
  // Everything that is open, in an order that lets nobody wait.
  void Close() {
    vstream_client_frame_release(frame);
    vstream_client_destroy(client);
    vstream_host_discard_buffer(buffer);
    vstream_host_destroy(host);
    frame = nullptr;
    client = nullptr;
    buffer = nullptr;
    host = nullptr;
  }
  vstream_host_buffer* Begin() {
    vstream_host_buffer* begun = nullptr;
    EXPECT_EQ(vstream_host_get_write_buffer(host, &begun, &error), VSTREAM_OK) << error.message;
    return begun;
  }
  vstream_host_buffer_view ViewOf(vstream_host_buffer* of) {
    auto view = Sized<vstream_host_buffer_view>();
    EXPECT_EQ(vstream_host_buffer_get_view(of, &view), VSTREAM_OK);
    return view;
  }
  // A picture of this one value.
  int32_t Publish(uint8_t value, const vstream_publish_info* info = nullptr) {
    vstream_host_buffer* begun = Begin();
    const vstream_host_buffer_view view = ViewOf(begun);
    std::memset(view.data[0], value, view.size[0]);
    return vstream_host_publish_frame(host, begun, info, &error);
  }
  vstream_client_frame* Next() {
    vstream_client_frame* next = nullptr;
    EXPECT_EQ(vstream_client_wait(client, kPatienceNs, &next, &error), VSTREAM_OK) << error.message;
    return next;
  }

  e2e::TempDir dir;
  const std::string path = dir / "s";
  vstream_host* host = nullptr;
  vstream_host_buffer* buffer = nullptr;
  vstream_client* client = nullptr;
  vstream_client_frame* frame = nullptr;
  vstream_error error{};
};

}  // namespace videostream

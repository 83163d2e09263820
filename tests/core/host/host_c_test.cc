// SPDX-License-Identifier: Apache-2.0
// The C API of the producer library over the real shm backend. Wrong handles: c_handles_test.cc, threads:
// host_c_threads_test.cc.
#include <vector>

#include "tests/core/host/c_fixture.h"
#include "videostream/host.h"

namespace videostream {
namespace {

std::string Text(const vstream_error& error) { return error.message; }

bool Contains(const vstream_error& error, const std::string& text) {
  return Text(error).find(text) != std::string::npos;
}

// A field that is lost on the way, or lands in its neighbour.
TEST_F(HostCTest, WhatIsWrittenAndSaidArrives) {
  vstream_host_options options = GreyOptions();
  options.rate = {25, 2};
  options.colorimetry.range = VSTREAM_RANGE_FULL;
  OpenHost(options);
  OpenClient();
  buffer = Begin();
  const vstream_host_buffer_view view = ViewOf(buffer);
  EXPECT_EQ(view.format, VSTREAM_FORMAT_GREY);
  EXPECT_EQ(view.width, 64U);
  EXPECT_EQ(view.height, 48U);
  EXPECT_EQ(view.plane_count, 1U);
  EXPECT_GE(view.stride[0], 64U);
  EXPECT_GE(view.size[0], uint64_t{64} * 48);
  EXPECT_EQ(view.data[1], nullptr);
  for (uint64_t i = 0; i < view.size[0]; ++i) view.data[0][i] = static_cast<uint8_t>(i * 7);
  auto info = Sized<vstream_publish_info>();
  info.flags = VSTREAM_FRAME_DISCONTINUITY | VSTREAM_FRAME_KEY;
  info.pts_ns = 123'456'789;
  info.duration_ns = 40'000'000;
  info.visible = {2, 4, 60, 40};
  ASSERT_EQ(vstream_host_publish_frame(host, buffer, &info, &error), VSTREAM_OK) << error.message;
  frame = Next();
  auto seen = Sized<vstream_frame_view>();
  ASSERT_EQ(vstream_client_frame_view(frame, &seen), VSTREAM_OK);
  ASSERT_EQ(seen.size[0], view.size[0]);
  for (uint64_t i = 0; i < seen.size[0]; ++i) ASSERT_EQ(seen.data[0][i], static_cast<uint8_t>(i * 7)) << i;
  EXPECT_EQ(seen.flags, VSTREAM_FRAME_DISCONTINUITY);
  EXPECT_EQ(seen.pts_ns, 123'456'789);
  EXPECT_EQ(seen.duration_ns, 40'000'000);
  EXPECT_EQ(seen.visible.x, 2U);
  EXPECT_EQ(seen.visible.y, 4U);
  EXPECT_EQ(seen.visible.width, 60U);
  EXPECT_EQ(seen.visible.height, 40U);
  EXPECT_EQ(seen.rate.num, 25U);
  EXPECT_EQ(seen.colorimetry.range, VSTREAM_RANGE_FULL);
  EXPECT_EQ(vstream_host_publish_frame(host, buffer, nullptr, &error), VSTREAM_E_INVALID) << "published twice";
  EXPECT_EQ(vstream_host_discard_buffer(buffer), VSTREAM_E_INVALID);
}

// The defaults of the C++ options do not hold in C, or an older caller's struct is read beyond its end.
TEST_F(HostCTest, ZeroIsTheDefaultAndSoIsWhatOlderCallersLack) {
  const char* const shm = "shm";
  auto options = Sized<vstream_host_options>();
  options.width = 64;
  options.height = 48;
  options.allocators = &shm;
  options.allocator_count = 1;
  OpenHost(options);
  buffer = Begin();
  EXPECT_EQ(ViewOf(buffer).format, VSTREAM_FORMAT_NV12);
  EXPECT_EQ(ViewOf(buffer).plane_count, 2U);
  Close();
  options.transport = reinterpret_cast<const char*>(uintptr_t{1});  // read: a crash
  options.struct_size = offsetof(vstream_host_options, transport);
  OpenHost(options);
}

// A default that hides a value which the caller has chosen.
TEST_F(HostCTest, EveryOptionIsPassedOn) {
  const auto refused = [&](auto set, const std::string& text) {
    vstream_host_options options = GreyOptions();
    set(options);
    EXPECT_NE(vstream_host_create(path.c_str(), &options, &host, &error), VSTREAM_OK) << text;
    EXPECT_TRUE(Contains(error, text)) << error.message;
    EXPECT_EQ(host, nullptr);
  };
  using Options = vstream_host_options;
  refused([](Options& o) { o.width = 0; }, "width 0");
  refused([](Options& o) { o.height = 20'000; }, "height 20000");
  refused([](Options& o) { o.format = VSTREAM_FORMAT_H264; }, "format H264");
  refused([](Options& o) { o.buffers = 49; }, "buffers 49");
  refused([](Options& o) { o.leases = 17; }, "leases 17");
  refused([](Options& o) { o.lease_time_ns = 1; }, "lease_time 1 ns");
  refused([](Options& o) { o.hold_time_ns = -1; }, "hold_time -1 ns");
  refused([](Options& o) { o.group = "no-such-group-here"; }, "group 'no-such-group-here'");
  const char* const accounts[] = {"0", "no-such-name-here"};
  refused(
      [&](Options& o) {
        o.allow_uids = accounts;
        o.allow_uid_count = 2;
      },
      "allow-uid 'no-such-name-here'");
  refused(
      [&](Options& o) {
        o.allow_gids = accounts;
        o.allow_gid_count = 2;
      },
      "allow-gid 'no-such-name-here'");
  refused([](Options& o) { o.allow_gid_count = 1; }, "options.allow_gids is null, its count is not 0");
  refused([](Options& o) { o.clients = 5000; }, "clients 5000");
  refused([](Options& o) { o.mode = 01777; }, "mode 1777");
  refused([](Options& o) { o.write_buffers = 9; }, "write_buffers 9");
  refused([](Options& o) { o.rate = {30, 0}; }, "rate 30/0");
  refused([](Options& o) { o.colorimetry.range = 9; }, "colorimetry.range 9");
  refused([](Options& o) { o.transport = "nonesuch"; }, "'nonesuch'");
  EXPECT_EQ(error.code, VSTREAM_E_NOT_FOUND);
  const char* const dirs[] = {"/nonesuch/dir"};
  const char* const names[] = {"nonesuch"};
  refused(
      [&](Options& o) {
        o.allocators = names;
        o.backend_dirs = dirs;
        o.backend_dir_count = 1;
      },
      "'/nonesuch/dir'");
}

// A list that is read beyond its end or through null; a struct_size that was forgotten.
TEST_F(HostCTest, WrongArgumentsAreNamed) {
  const char* const names[] = {"shm", nullptr};
  vstream_host_options options = GreyOptions();
  const auto refused = [&](const std::string& text) {
    EXPECT_EQ(vstream_host_create(path.c_str(), &options, &host, &error), VSTREAM_E_INVALID) << text;
    EXPECT_EQ(Text(error), "vstream_host_create: " + text);
    EXPECT_EQ(host, nullptr);
  };
  options.allocators = names;
  options.allocator_count = 2;
  refused("options.allocators[1] is null");
  options.allocator_count = 65;
  refused("options.allocators has 65 entries, expected at most 64");
  options.allocators = nullptr;
  refused("options.allocators is null, its count is not 0");
  for (const uint32_t size : {0U, 4U, 30U, 100'000U}) {
    options.struct_size = size;
    refused("options.struct_size is " + std::to_string(size) + ", expected sizeof(vstream_host_options)");
  }
  OpenHost();
  buffer = Begin();
  for (const uint32_t size : {0U, 4U, 30U, 100'000U}) {
    auto view = Sized<vstream_host_buffer_view>();
    view.struct_size = size;
    EXPECT_EQ(vstream_host_buffer_get_view(buffer, &view), VSTREAM_E_INVALID);
    EXPECT_EQ(view.width, 0U);
    auto stats = Sized<vstream_host_stats>();
    stats.struct_size = size;
    EXPECT_EQ(vstream_host_get_stats(host, &stats), VSTREAM_E_INVALID);
    vstream_host_consumer consumer{};
    uint64_t count = 0;
    EXPECT_EQ(vstream_host_consumers(host, &consumer, size, 1, &count, &error), VSTREAM_E_INVALID);
    EXPECT_TRUE(Contains(error, "stride " + std::to_string(size))) << error.message;
  }
  EXPECT_EQ(vstream_host_buffer_get_view(buffer, nullptr), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_host_get_stats(host, nullptr), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_host_get_write_buffer(host, nullptr, &error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_host_consumers(host, nullptr, 8, 1, nullptr, &error), VSTREAM_E_INVALID);
}

// A buffer that stays open, and with it the place for one, after a publish that failed.
TEST_F(HostCTest, PublishClosesTheBufferInAnyCase) {
  OpenHost();
  auto info = Sized<vstream_publish_info>();
  info.visible = {60, 0, 10, 10};
  buffer = Begin();
  EXPECT_EQ(vstream_host_publish_frame(host, buffer, &info, &error), VSTREAM_E_INVALID);
  EXPECT_TRUE(Contains(error, "visible")) << error.message;
  EXPECT_EQ(vstream_host_discard_buffer(buffer), VSTREAM_E_INVALID);

  buffer = Begin();
  info.struct_size = 3;
  EXPECT_EQ(vstream_host_publish_frame(host, buffer, &info, &error), VSTREAM_E_INVALID);
  EXPECT_TRUE(Contains(error, "info.struct_size is 3")) << error.message;
  EXPECT_EQ(vstream_host_discard_buffer(buffer), VSTREAM_E_INVALID);

  vstream_host* other = nullptr;
  const vstream_host_options options = GreyOptions();
  ASSERT_EQ(vstream_host_create((dir / "t").c_str(), &options, &other, &error), VSTREAM_OK) << error.message;
  buffer = Begin();
  EXPECT_EQ(vstream_host_publish_frame(other, buffer, nullptr, &error), VSTREAM_E_INVALID);
  EXPECT_TRUE(Contains(error, "another host")) << error.message;
  EXPECT_EQ(vstream_host_discard_buffer(buffer), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_host_destroy(other), VSTREAM_OK);

  // Two may be written at a time, so all three have come back.
  vstream_host_buffer* two[] = {Begin(), Begin()};
  vstream_host_buffer* third = nullptr;
  EXPECT_EQ(vstream_host_get_write_buffer(host, &third, &error), VSTREAM_E_BUSY);
  EXPECT_EQ(error.code, VSTREAM_E_BUSY);
  EXPECT_EQ(third, nullptr);
  for (vstream_host_buffer* one : two) EXPECT_EQ(vstream_host_discard_buffer(one), VSTREAM_OK);
  auto stats = Sized<vstream_host_stats>();
  ASSERT_EQ(vstream_host_get_stats(host, &stats), VSTREAM_OK);
  EXPECT_EQ(stats.published, 0U);
}

// A pool that is all held is an error like any other: the caller cannot tell that dropping one frame is all it takes.
TEST_F(HostCTest, HeldPoolIsAgainAndCounted) {
  vstream_host_options options = GreyOptions();
  options.buffers = 2;
  options.leases = 1;
  OpenHost(options);
  std::vector<vstream_client*> clients;
  std::vector<vstream_client_frame*> held;
  int32_t code = VSTREAM_OK;
  while ((code = vstream_host_get_write_buffer(host, &buffer, &error)) == VSTREAM_OK && clients.size() < 50) {
    OpenClient();
    ASSERT_EQ(vstream_host_publish_frame(host, buffer, nullptr, &error), VSTREAM_OK) << error.message;
    clients.push_back(client);
    held.push_back(Next());
  }
  EXPECT_EQ(code, VSTREAM_E_AGAIN) << error.message;
  auto stats = Sized<vstream_host_stats>();
  ASSERT_EQ(vstream_host_get_stats(host, &stats), VSTREAM_OK);
  EXPECT_EQ(stats.refused, 1U);
  EXPECT_EQ(stats.published, held.size());
  EXPECT_GT(stats.bytes, 0U);
  EXPECT_EQ(stats.consumers, clients.size());
  for (vstream_client_frame* one : held) EXPECT_EQ(vstream_client_frame_release(one), VSTREAM_OK);
  for (vstream_client* one : clients) EXPECT_EQ(vstream_client_destroy(one), VSTREAM_OK);
  EXPECT_EQ(Publish(1), VSTREAM_OK) << error.message;
}

// The memory of a buffer goes with its host while somebody writes.
TEST_F(HostCTest, BuffersOutliveTheirHostAndCanOnlyBeDiscarded) {
  OpenHost();
  buffer = Begin();
  const vstream_host_buffer_view view = ViewOf(buffer);
  EXPECT_EQ(vstream_host_destroy(host), VSTREAM_OK);
  std::memset(view.data[0], 7, view.size[0]);
  EXPECT_EQ(ViewOf(buffer).data[0], view.data[0]);
  EXPECT_EQ(vstream_host_publish_frame(host, buffer, nullptr, &error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_host_discard_buffer(buffer), VSTREAM_OK);
}

// Records that overlap, run over the caller's array, or tell of the wrong consumer.
TEST_F(HostCTest, ConsumersFillTheCallersRecords) {
  OpenHost();
  uint64_t count = 77;
  EXPECT_EQ(vstream_host_consumers(host, nullptr, 0, 0, &count, &error), VSTREAM_OK) << error.message;
  EXPECT_EQ(count, 0U);
  auto options = Sized<vstream_client_options>();
  options.queue = 2;
  options.name = "probe";
  OpenClient(&options);
  vstream_client* second = nullptr;
  ASSERT_EQ(vstream_client_create(path.c_str(), nullptr, &second, &error), VSTREAM_OK);
  ASSERT_EQ(vstream_client_connect(second, kPatienceNs, &error), VSTREAM_OK) << error.message;
  ASSERT_EQ(vstream_host_wait_for_consumers(host, 2, kPatienceNs, &error), VSTREAM_OK) << error.message;
  ASSERT_EQ(Publish(1), VSTREAM_OK);
  frame = Next();

  struct Newer {
    vstream_host_consumer consumer;
    uint64_t added;
  } newer[3];
  std::memset(newer, 0x5a, sizeof newer);
  ASSERT_EQ(vstream_host_consumers(host, &newer[0].consumer, sizeof(Newer), 3, &count, &error), VSTREAM_OK);
  EXPECT_EQ(count, 2U);
  const bool first_is_probe = std::string(newer[0].consumer.name) == "probe";
  const vstream_host_consumer& probe = newer[first_is_probe ? 0 : 1].consumer;
  const vstream_host_consumer& other = newer[first_is_probe ? 1 : 0].consumer;
  EXPECT_STREQ(probe.name, "probe");
  EXPECT_EQ(probe.struct_size, sizeof probe);
  EXPECT_EQ(probe.pid, ::getpid());
  EXPECT_EQ(probe.uid, ::geteuid());
  EXPECT_EQ(probe.queue, 2U);
  EXPECT_EQ(probe.held, 1U);
  EXPECT_EQ(probe.published, 1U);
  EXPECT_EQ(probe.taken, 1U);
  EXPECT_EQ(probe.lag, 0U);
  EXPECT_EQ(other.queue, 0U);
  EXPECT_EQ(other.taken, 0U);
  EXPECT_EQ(other.lag, 1U);
  EXPECT_NE(probe.id, other.id);
  EXPECT_EQ(newer[0].added, 0x5a5a'5a5a'5a5a'5a5aU);
  EXPECT_EQ(newer[2].consumer.id, 0x5a5a'5a5aU) << "there is no third";

  alignas(vstream_host_consumer) unsigned char older[64];
  std::memset(older, 0x5a, sizeof older);
  auto* records = reinterpret_cast<vstream_host_consumer*>(older);
  constexpr uint64_t kOlder = offsetof(vstream_host_consumer, published);
  ASSERT_EQ(vstream_host_consumers(host, records, kOlder, 1, &count, &error), VSTREAM_OK) << error.message;
  EXPECT_EQ(count, 2U) << "those that there are, not those that fit";
  EXPECT_EQ(records->struct_size, kOlder);
  EXPECT_EQ(records->pid, ::getpid());
  for (size_t i = kOlder; i < sizeof older; ++i) ASSERT_EQ(older[i], 0x5a) << i;
  EXPECT_EQ(vstream_client_destroy(second), VSTREAM_OK);
}

// A wait that does not say how many came, or never ends.
TEST_F(HostCTest, WaitForConsumersTimesOutWithBothNumbers) {
  OpenHost();
  EXPECT_EQ(vstream_host_wait_for_consumers(host, 0, 0, &error), VSTREAM_OK);
  EXPECT_EQ(vstream_host_wait_for_consumers(host, 3, 1, &error), VSTREAM_E_TIMEOUT);
  EXPECT_EQ(Text(error), "vstream_host_wait_for_consumers: 0 of 3 consumers subscribed in time");
  EXPECT_EQ(vstream_host_wait_for_consumers(host, 3, -1, nullptr), VSTREAM_E_TIMEOUT);
}

// A socket that is in use is taken away from its owner, or the reason is lost on the way through C.
TEST_F(HostCTest, PathInUseIsBusy) {
  OpenHost();
  vstream_host* second = nullptr;
  const vstream_host_options options = GreyOptions();
  EXPECT_EQ(vstream_host_create(path.c_str(), &options, &second, &error), VSTREAM_E_BUSY) << error.message;
  EXPECT_EQ(error.code, VSTREAM_E_BUSY);
  EXPECT_TRUE(Contains(error, path)) << error.message;
  EXPECT_EQ(second, nullptr);
}

}  // namespace
}  // namespace videostream

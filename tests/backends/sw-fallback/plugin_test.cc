// SPDX-License-Identifier: Apache-2.0
// The library as it is loaded: one symbol, honest identity, and a frame's way through its C tables.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <fstream>

#include "backends/sw-fallback/image.h"
#include "tests/backends/sw-fallback/fake_host.h"
#include "videostream/pattern.hpp"

namespace videostream::sw_fallback {
namespace {

const vstream_plugin_descriptor* Load() {
  const std::string path = "backends/sw-fallback/sw-fallback.so";  // Bazel's working directory has the run files
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << ::dlerror();
  return library == nullptr ? nullptr
                            : static_cast<const vstream_plugin_descriptor*>(::dlsym(library, "vstream_plugin"));
}

// An identity that promises what the table lacks.
TEST(PluginTest, IdentityMatchesTheTable) {
  const vstream_plugin_descriptor* plugin = Load();
  ASSERT_NE(plugin, nullptr);
  EXPECT_STREQ(plugin->identity.magic, VSTREAM_MAGIC);
  EXPECT_STREQ(plugin->identity.name, "sw-fallback");
  EXPECT_EQ(plugin->identity.abi_major, VSTREAM_ABI_MAJOR);
  EXPECT_EQ(plugin->identity.kinds, VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE) | VSTREAM_KIND_BIT(VSTREAM_KIND_CONVERTER) |
                                        VSTREAM_KIND_BIT(VSTREAM_KIND_ENCODER));
  EXPECT_NE(plugin->table->capture, nullptr);
  EXPECT_NE(plugin->table->converter, nullptr);
  EXPECT_NE(plugin->table->encoder, nullptr);
  EXPECT_EQ(plugin->table->allocator, nullptr);
  EXPECT_EQ(plugin->table->transport, nullptr);
  EXPECT_EQ(plugin->table->encoder->capabilities, VSTREAM_ENCODER_CAP_BITRATE);
  EXPECT_EQ(plugin->table->option_count, 7u);
}

// Devices that profiles name: their ids, kinds and formats.
TEST(PluginTest, ProbeListsEveryDevice) {
  const vstream_plugin_descriptor* plugin = Load();
  ASSERT_NE(plugin, nullptr);
  FakeHost host;
  std::vector<vstream_device> devices(8);
  for (vstream_device& device : devices) device.struct_size = sizeof device;
  uint32_t count = 0;
  vstream_error error{};
  error.struct_size = sizeof error;
  ASSERT_EQ(plugin->table->probe(host.table(), devices.data(), sizeof devices[0], 8, &count, &error), VSTREAM_OK);
  ASSERT_EQ(count, 5u);
  const std::pair<const char*, uint32_t> expected[] = {{"pattern", VSTREAM_KIND_CAPTURE},
                                                       {"file", VSTREAM_KIND_CAPTURE},
                                                       {"libyuv", VSTREAM_KIND_CONVERTER},
                                                       {"openh264", VSTREAM_KIND_ENCODER},
                                                       {"jpeg", VSTREAM_KIND_ENCODER}};
  for (uint32_t i = 0; i < count; ++i) {
    EXPECT_STREQ(devices[i].id, expected[i].first);
    EXPECT_EQ(devices[i].kind, expected[i].second);
    EXPECT_EQ(devices[i].reason, static_cast<uint32_t>(VSTREAM_REASON_USABLE)) << devices[i].evidence;
    EXPECT_GT(devices[i].format_count, 0u);
    EXPECT_EQ(devices[i].flags & VSTREAM_DEVICE_HARDWARE, 0u);
    for (uint32_t f = 0; f < devices[i].format_count; ++f) {
      EXPECT_NE(devices[i].formats[f].directions, 0u);
      EXPECT_GE(devices[i].formats[f].max_width, devices[i].formats[f].min_width);
    }
  }
}

// A frame through the C border: create, configure, attach, start, queue, dequeue, stop, detach, destroy.
TEST(PluginTest, CapturesThroughTheTable) {
  const Watchdog watchdog;
  const vstream_plugin_descriptor* plugin = Load();
  ASSERT_NE(plugin, nullptr);
  const vstream_capture_ops& ops = *plugin->table->capture;
  FakeHost host;
  const CreateInfo info("pattern", {{"pace", "max"}});
  void* self = nullptr;
  vstream_error error{};
  error.struct_size = sizeof error;
  ASSERT_EQ(ops.create(host.table(), &info.info(), &self, &error), VSTREAM_OK) << error.message;
  vstream_capture_request request{};
  request.struct_size = sizeof request;
  request.fourcc = VSTREAM_FORMAT_YUYV;
  request.width = 160;
  request.height = 120;
  vstream_capture_config config{};
  config.struct_size = sizeof config;
  ASSERT_EQ(ops.configure(self, &request, &config, &error), VSTREAM_OK) << error.message;
  ASSERT_EQ(ops.attach(self, 5, &host.Add(5, config.layout), &error), VSTREAM_OK) << error.message;
  ASSERT_EQ(ops.start(self, &error), VSTREAM_OK) << error.message;
  ASSERT_EQ(ops.queue(self, 5, &error), VSTREAM_OK) << error.message;
  int32_t fd = -1;
  ASSERT_EQ(ops.poll_fd(self, &fd, &error), VSTREAM_OK);
  ASSERT_TRUE(Readable(fd, 30'000));
  vstream_frame frame{};
  frame.struct_size = sizeof frame;
  ASSERT_EQ(ops.dequeue(self, &frame, &error), VSTREAM_OK) << error.message;
  EXPECT_EQ(frame.acquire_fence, -1);
  const pattern::Reading reading =
      pattern::Read(VSTREAM_FORMAT_YUYV, host.Plane(5, 0), config.layout.planes[0].stride, 160, 120);
  EXPECT_TRUE(reading.is_pattern && !reading.torn && reading.stamp.frame == 1);
  EXPECT_EQ(ops.dequeue(self, &frame, &error), VSTREAM_E_AGAIN);
  ASSERT_EQ(ops.stop(self, &error), VSTREAM_OK);
  ASSERT_EQ(ops.detach(self, 5, &error), VSTREAM_OK);
  ops.destroy(self);
}

}  // namespace
}  // namespace videostream::sw_fallback

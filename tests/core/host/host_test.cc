// SPDX-License-Identifier: Apache-2.0
// The public classes: what a consumer gets is what was written.
#include "videostream/host.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/frame/format.h"
#include "tests/core/host/host_fixture.h"

namespace videostream {
namespace {

// Bytes that tell plane and place.
std::vector<uint8_t> Fill(const WriteBuffer& buffer, uint32_t plane, uint32_t seed) {
  std::vector<uint8_t> bytes(buffer.size(plane));
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>((i * 31 + size_t{plane} * 101 + seed) ^ (i >> 8));
  std::copy(bytes.begin(), bytes.end(), buffer.data(plane));
  return bytes;
}

// Bug: planes overlap or are cut, a stride is that of another plane, the last row of an odd size is missing.
TEST_F(HostTest, EveryRawFormatArrivesByteForByte) {
  for (const Format& format : AllFormats()) {
    if (format.coded) continue;
    for (const auto& [width, height] : {std::pair(64, 48), std::pair(33, 17), std::pair(7, 5), std::pair(1, 1)}) {
      SCOPED_TRACE(std::string(format.name) + " " + std::to_string(width) + "x" + std::to_string(height));
      HostOptions options = Grey(static_cast<uint32_t>(width), static_cast<uint32_t>(height));
      options.format = format.fourcc;
      Host sut = Create(options);
      Client client(path_);
      ASSERT_TRUE(client.connect(kPatience)) << client.error();
      WriteBuffer buffer = sut.get_write_buffer();
      ASSERT_TRUE(buffer) << sut.error();
      EXPECT_EQ(buffer.format(), format.fourcc);
      EXPECT_EQ(buffer.width(), options.width);
      EXPECT_EQ(buffer.height(), options.height);
      ASSERT_EQ(buffer.plane_count(), format.plane_count);
      EXPECT_EQ(buffer.data(buffer.plane_count()), nullptr);
      std::vector<std::vector<uint8_t>> written;
      std::vector<uint32_t> strides;
      for (uint32_t i = 0; i < buffer.plane_count(); ++i) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data(i)) % 64, 0u) << "as the allocator asks, plane " << i;
        written.push_back(Fill(buffer, i, options.width));
        strides.push_back(buffer.stride(i));
      }
      ASSERT_TRUE(sut.publish_frame(std::move(buffer))) << sut.error();

      const Frame frame = client.wait_for_frame(kPatience);
      ASSERT_TRUE(frame) << client.error();
      EXPECT_EQ(frame.format(), format.fourcc);
      EXPECT_EQ(frame.width(), options.width);
      EXPECT_EQ(frame.height(), options.height);
      ASSERT_EQ(frame.plane_count(), format.plane_count);
      for (uint32_t i = 0; i < frame.plane_count(); ++i) {
        EXPECT_EQ(frame.stride(i), strides[i]);
        EXPECT_EQ(std::vector<uint8_t>(frame.data(i), frame.data(i) + frame.size(i)), written[i]) << "plane " << i;
      }
    }
  }
}

// Bug: a field of the frame is lost on the way, or a flag that is the transport's business can be forged.
TEST_F(HostTest, WhatIsSaidOfAFrameArrives) {
  HostOptions options = Grey();
  options.rate = {25, 2};
  options.colorimetry = {1, 1, 1, VSTREAM_RANGE_LIMITED, 1, 2, {}};
  Host sut = Create(options);
  Client client(path_, {.name = "probe", .stream = Stream::kFrames, .queue = 3, .reconnect = false});
  ASSERT_TRUE(client.connect(kPatience)) << client.error();

  WriteBuffer buffer = sut.get_write_buffer();
  buffer.set_pts_ns(123456789);
  buffer.set_duration_ns(40000000);
  buffer.set_flags(0xffffffff);
  buffer.set_visible({2, 4, 60, 40});
  buffer.set_colorimetry({9, 16, 9, VSTREAM_RANGE_FULL, 2, 1, {}});
  ASSERT_TRUE(sut.publish_frame(std::move(buffer))) << sut.error();
  ASSERT_TRUE(PublishGrey(sut, 1)) << sut.error();

  const Frame first = client.wait_for_frame(kPatience);
  ASSERT_TRUE(first) << client.error();
  EXPECT_EQ(first.sequence(), 1u);
  EXPECT_EQ(first.pts_ns(), 123456789);
  EXPECT_EQ(first.duration_ns(), 40000000);
  EXPECT_EQ(first.flags(), VSTREAM_FRAME_DISCONTINUITY | VSTREAM_FRAME_CORRUPTED | VSTREAM_FRAME_NO_SIGNAL);
  EXPECT_EQ(first.visible().x, 2u);
  EXPECT_EQ(first.visible().y, 4u);
  EXPECT_EQ(first.visible().width, 60u);
  EXPECT_EQ(first.visible().height, 40u);
  EXPECT_EQ(first.colorimetry().primaries, 9);
  EXPECT_EQ(first.colorimetry().transfer, 16);
  EXPECT_EQ(first.colorimetry().range, VSTREAM_RANGE_FULL);
  EXPECT_EQ(first.rate().num, 25u);
  EXPECT_EQ(first.rate().den, 2u);

  // Nothing of the first frame sticks to the second.
  const Frame second = client.wait_for_frame(kPatience);
  ASSERT_TRUE(second) << client.error();
  EXPECT_EQ(second.sequence(), 2u);
  EXPECT_GT(second.pts_ns(), 123456789);
  EXPECT_LE(second.pts_ns(), second.published_ns());
  EXPECT_EQ(second.duration_ns(), 0);
  EXPECT_EQ(second.flags(), 0u);
  EXPECT_EQ(second.visible().width, 64u);
  EXPECT_EQ(second.visible().height, 48u);
  EXPECT_EQ(second.colorimetry().primaries, 1);
  EXPECT_EQ(second.colorimetry().range, VSTREAM_RANGE_LIMITED);
}

// Bug: a handle without a host or a buffer crashes instead of answering.
TEST_F(HostTest, EmptyHandlesAnswer) {
  Host sut;
  EXPECT_FALSE(sut);
  EXPECT_FALSE(sut.get_write_buffer());
  EXPECT_FALSE(sut.publish_frame(WriteBuffer()));
  EXPECT_FALSE(sut.wait_for_consumers(0, kPatience));
  EXPECT_TRUE(sut.consumers().empty());
  EXPECT_EQ(sut.stats().published, 0u);
  EXPECT_EQ(sut.socket_path(), "");
  EXPECT_EQ(sut.allocator(), "");
  EXPECT_EQ(sut.error_code(), VSTREAM_E_INVALID);
  EXPECT_NE(sut.error(), "");
  sut.close();

  WriteBuffer none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(none.stride(), 0u);
  EXPECT_EQ(none.plane_count(), 0u);
  none.set_pts_ns(1);
  none.set_flags(1);
}

// Bug: assigning a host leaks the old one's socket, or a moved host closes the new owner's.
TEST_F(HostTest, MovesAndIsReplaced) {
  Host first = Create(Grey());
  EXPECT_EQ(first.socket_path(), path_);
  EXPECT_EQ(first.allocator(), "shm");
  EXPECT_EQ(first.error(), "");
  EXPECT_EQ(first.error_code(), VSTREAM_OK);
  Host sut = std::move(first);
  first.close();  // NOLINT(bugprone-use-after-move): what is moved from stays usable
  EXPECT_TRUE(sut);
  EXPECT_TRUE(PublishGrey(sut, 1)) << sut.error();
  sut = Host::create(dir_ / "other", Grey());
  EXPECT_TRUE(sut) << sut.error();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "other"));
}

// Bug: what a consumer claims makes it be ahead, and the difference wraps.
TEST(HostConsumerLag, NeverWrapsWhateverIsReported) {
  HostConsumer sut;
  sut.published = 10;
  sut.taken = 3;
  EXPECT_EQ(sut.lag(), 7u);
  sut.skipped[VSTREAM_DROP_OVERRUN] = 2;
  sut.skipped[VSTREAM_DROP_AWAIT_KEY] = 1;
  EXPECT_EQ(sut.lag(), 4u);
  sut.skipped[VSTREAM_DROP_OVERRUN] = UINT64_MAX;
  EXPECT_EQ(sut.lag(), 0u);
  sut.taken = UINT64_MAX;
  EXPECT_EQ(sut.lag(), 0u);
}

}  // namespace
}  // namespace videostream

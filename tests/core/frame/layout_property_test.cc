// SPDX-License-Identifier: Apache-2.0
// Laws of layouts, for every format and many random sizes; and random bytes against the checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "tests/core/frame/random.h"

namespace videostream {
namespace {

using ::testing::HasSubstr;

constexpr int kRounds = 400;

struct Sample {
  const Format* format;
  vstream_layout layout;
  LayoutRules rules;
};

std::string Text(const Sample& sample) {
  return std::string(sample.format->name) + " " + std::to_string(sample.layout.width) + "x" +
         std::to_string(sample.layout.height) + " stride alignment " + std::to_string(sample.rules.stride_alignment) +
         " plane alignment " + std::to_string(sample.rules.plane_alignment);
}

// Small sizes are where rounding goes wrong, large ones where products do.
uint32_t RandomDimension(std::mt19937_64& random) {
  return static_cast<uint32_t>(Between(random, 1, Between(random, 0, 1) == 0 ? 40 : VSTREAM_MAX_DIMENSION));
}

Sample RandomSample(std::mt19937_64& random, const Format& format) {
  Sample sample{&format, {}, {}};
  if (format.coded) {
    sample.layout = *PacketLayout(format.fourcc, Between(random, 1, kMaxPacketBytes));
    return sample;
  }
  sample.rules.stride_alignment = 1U << Between(random, 0, 12);
  sample.rules.plane_alignment = 1U << Between(random, 0, 12);
  const Result<vstream_layout> layout =
      ComputeLayout(format.fourcc, RandomDimension(random), RandomDimension(random), sample.rules);
  EXPECT_TRUE(layout) << layout.error().message;
  if (layout) sample.layout = *layout;
  return sample;
}

template <class Law>
void ForManyLayouts(Law law) {
  std::mt19937_64 random = SeededRandom();
  for (const Format& format : AllFormats()) {
    for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
      const Sample sample = RandomSample(random, format);
      SCOPED_TRACE(Text(sample));
      law(sample, random);
    }
  }
}

// Bug: a layout that its own check refuses, or that needs a byte more or less than LayoutBytes says.
TEST(LayoutLaws, ComputedLayoutsFitExactly) {
  ForManyLayouts([](const Sample& sample, std::mt19937_64&) {
    uint64_t fd_size[VSTREAM_MAX_FDS] = {LayoutBytes(sample.layout)};
    const Status exact = CheckLayout(sample.layout, fd_size, 1);
    EXPECT_TRUE(exact) << exact.error().message;
    --fd_size[0];
    const Status less = CheckLayout(sample.layout, fd_size, 1);
    ASSERT_FALSE(less);
    EXPECT_THAT(less.error().message, HasSubstr("is beyond the " + std::to_string(fd_size[0]) + " bytes of fd 0"));
  });
}

// Bug: planes that share bytes, start unaligned, or have a stride that the device cannot do.
TEST(LayoutLaws, PlanesAreAlignedOrderedAndApart) {
  ForManyLayouts([](const Sample& sample, std::mt19937_64&) {
    uint64_t end = 0;
    for (uint32_t i = 0; i < sample.layout.plane_count; ++i) {
      const vstream_plane& plane = sample.layout.planes[i];
      EXPECT_EQ(plane.stride % sample.rules.stride_alignment, 0U);
      EXPECT_EQ(plane.offset % sample.rules.plane_alignment, 0U);
      EXPECT_GE(plane.stride, MinStride(sample.layout.fourcc, i, sample.layout.width));
      EXPECT_LT(plane.stride - MinStride(sample.layout.fourcc, i, sample.layout.width), sample.rules.stride_alignment);
      if (!sample.format->coded) {
        EXPECT_EQ(plane.size, uint64_t{plane.stride} * PlaneRows(sample.layout.fourcc, i, sample.layout.height));
      }
      EXPECT_GE(plane.offset, end);
      EXPECT_LT(plane.offset - end, sample.rules.plane_alignment);
      end = plane.offset + plane.size;
    }
    EXPECT_EQ(LayoutBytes(sample.layout), end);
  });
}

void ExpectRefused(const vstream_layout& layout, const std::string& words) {
  const uint64_t fd_size[VSTREAM_MAX_FDS] = {LayoutBytes(layout) + 100, 0, 0, 0};
  const Status status = CheckLayout(layout, fd_size, 1);
  ASSERT_FALSE(status) << words;
  EXPECT_THAT(status.error().message, HasSubstr(words));
}

void PerturbPlane(const Sample& sample, uint32_t i) {
  const std::string plane = "plane " + std::to_string(i) + " of " + std::string(sample.format->name);
  const uint32_t least = MinStride(sample.layout.fourcc, i, sample.layout.width);
  vstream_layout bad = sample.layout;
  if (sample.format->coded) {
    bad.planes[i].stride = 1;
    ExpectRefused(bad, "stride 1, a packet has stride 0");
  } else {
    bad.planes[i].stride = least - 1;
    ExpectRefused(bad, "stride " + std::to_string(least - 1) + " is less than " + std::to_string(least));
    bad = sample.layout;
    bad.planes[i].size -= 1;
    ExpectRefused(bad, "size " + std::to_string(bad.planes[i].size) + " is less than");
    ExpectRefused(bad, plane);
  }
  bad = sample.layout;
  bad.planes[i].fd_index = 1;
  ExpectRefused(bad, "fd_index 1, but the buffer has 1 fd");
  ExpectRefused(bad, plane);
  if (i == 0) return;
  bad = sample.layout;
  bad.planes[i].offset = bad.planes[i - 1].offset + bad.planes[i - 1].size - 1;
  ExpectRefused(bad, "overlap plane " + std::to_string(i - 1));
  ExpectRefused(bad, plane);
}

// Bug: any single wrong number that goes through.
TEST(LayoutLaws, EachSinglePerturbationIsRefusedByName) {
  ForManyLayouts([](const Sample& sample, std::mt19937_64&) {
    const vstream_layout& good = sample.layout;
    for (uint32_t i = 0; i < good.plane_count; ++i) PerturbPlane(sample, i);
    const std::string name(sample.format->name);
    for (const uint32_t count : {good.plane_count - 1, good.plane_count + 1}) {
      vstream_layout bad = good;
      bad.plane_count = count;
      ExpectRefused(bad, std::to_string(count) + (count == 1 ? " plane, expected " : " planes, expected "));
    }
    vstream_layout bad = good;
    bad.modifier = 1;
    ExpectRefused(bad, "modifier 0x1 is not supported");
    bad = good;
    bad.fourcc ^= 0x80000000U;
    ExpectRefused(bad, "unknown format");
    bad = good;
    bad.height = VSTREAM_MAX_DIMENSION + 1;
    ExpectRefused(bad, "x16385: width and height must be");
  });
}

// Bug: a picture one pixel wider or higher than its strides and planes can hold.
TEST(LayoutLaws, TheNextSizeUpIsRefusedAsSoonAsItNeedsMore) {
  ForManyLayouts([](const Sample& sample, std::mt19937_64&) {
    if (sample.format->coded) return;
    vstream_layout wider = sample.layout;
    wider.width += 1;
    vstream_layout higher = sample.layout;
    higher.height += 1;
    bool wide_fits = wider.width <= VSTREAM_MAX_DIMENSION;
    bool high_fits = higher.height <= VSTREAM_MAX_DIMENSION;
    for (uint32_t i = 0; i < sample.layout.plane_count; ++i) {
      const vstream_plane& plane = sample.layout.planes[i];
      wide_fits = wide_fits && plane.stride >= MinStride(wider.fourcc, i, wider.width);
      high_fits = high_fits && plane.size >= uint64_t{plane.stride} * PlaneRows(higher.fourcc, i, higher.height);
    }
    const uint64_t fd_size[VSTREAM_MAX_FDS] = {LayoutBytes(sample.layout)};
    EXPECT_EQ(CheckLayout(wider, fd_size, 1).has_value(), wide_fits);
    EXPECT_EQ(CheckLayout(higher, fd_size, 1).has_value(), high_fits);
    EXPECT_FALSE(high_fits);
  });
}

template <class T>
T RandomBytes(std::mt19937_64& random) {
  T value;
  auto* bytes = reinterpret_cast<unsigned char*>(&value);
  for (size_t i = 0; i < sizeof value; ++i) bytes[i] = static_cast<unsigned char>(random());
  return value;
}

// Bug: an index, shift or sum of foreign numbers that leaves the struct (found by the sanitizers), or a layout that is
// let through although a plane of it lies outside its fd.
TEST(LayoutFuzz, RandomBytesNeverGoThroughUnchecked) {
  std::mt19937_64 random = SeededRandom();
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    auto layout = RandomBytes<vstream_layout>(random);
    // Near misses get further than noise does.
    const Format& format = AllFormats()[Between(random, 0, AllFormats().size() - 1)];
    if (Between(random, 0, 9) != 0) layout.fourcc = format.fourcc;
    if (Between(random, 0, 9) != 0) layout.modifier = 0;
    if (Between(random, 0, 9) != 0) layout.plane_count = format.plane_count;
    if (Between(random, 0, 9) != 0) layout.width %= VSTREAM_MAX_DIMENSION + 1;
    if (Between(random, 0, 9) != 0) layout.height %= VSTREAM_MAX_DIMENSION + 1;
    for (vstream_plane& plane : layout.planes) {
      plane.fd_index %= 5;
      plane.stride %= 100000;
      if (Between(random, 0, 3) != 0) plane.size >>= Between(random, 0, 63);
      if (Between(random, 0, 3) != 0) plane.offset >>= Between(random, 0, 63);
      if (format.coded && Between(random, 0, 1) != 0) plane.stride = 0;
    }
    uint64_t fd_size[VSTREAM_MAX_FDS];
    for (uint64_t& size : fd_size) size = random() >> Between(random, 0, 63);
    const auto fd_count = static_cast<uint32_t>(Between(random, 0, 5));
    const bool good = CheckLayout(layout, fd_size, fd_count).has_value();
    accepted += good ? 1 : 0;
    for (uint32_t fd = 0; fd < VSTREAM_MAX_FDS; ++fd) {
      const uint64_t bytes = LayoutBytes(layout, fd);
      if (good) {
        EXPECT_LE(bytes, fd < fd_count ? fd_size[fd] : 0);
      }
    }
    const bool frame_good = CheckFrame(RandomBytes<vstream_frame>(random), layout).has_value();
    EXPECT_FALSE(frame_good) << "a frame of random fences";
  }
  EXPECT_GT(accepted, 50) << "the fuzz makes too few valid layouts to mean anything";
}

// Bug: metadata records of hostile lengths that are read beyond the array.
TEST(FrameFuzz, RandomFieldsNeverGoThroughUnchecked) {
  std::mt19937_64 random = SeededRandom();
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    const Sample sample = RandomSample(random, AllFormats()[Between(random, 0, AllFormats().size() - 1)]);
    vstream_frame frame{};
    frame.acquire_fence = frame.release_fence = -1;
    frame.flags = static_cast<uint32_t>(Between(random, 0, 0x21));
    frame.timestamp_source = static_cast<uint32_t>(Between(random, 0, 4));
    for (uint32_t i = 0; i < sample.layout.plane_count; ++i) {
      frame.bytes_used[i] = sample.layout.planes[i].size + (Between(random, 0, 20) == 0 ? 1 : 0);
    }
    if (Between(random, 0, 1) == 0)
      frame.visible = {static_cast<uint32_t>(random() >> Between(random, 32, 63)), 0, 1, 1};
    frame.tlv_bytes = static_cast<uint32_t>(Between(random, 0, 130));
    for (uint32_t i = 0; i < VSTREAM_FRAME_TLV_BYTES; i += 4) {
      const auto word = static_cast<uint32_t>(Between(random, 0, 40));
      std::memcpy(frame.tlv + i, &word, sizeof word);
    }
    if (!CheckFrame(frame, sample.layout)) continue;
    ++accepted;
    EXPECT_LE(frame.tlv_bytes, VSTREAM_FRAME_TLV_BYTES);
    for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) EXPECT_LE(frame.bytes_used[i], sample.layout.planes[i].size);
  }
  EXPECT_GT(accepted, 100) << "the fuzz makes too few valid frames to mean anything";
}

}  // namespace
}  // namespace videostream

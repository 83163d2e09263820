// SPDX-License-Identifier: Apache-2.0
// Picture files where memory runs out.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <random>

#include "apps/videostream-snapshot/image_file.h"

namespace {
size_t most = SIZE_MAX;  // bytes that one allocation may have
}  // namespace

void* operator new(size_t size) {
  if (void* memory = size <= most ? std::malloc(size) : nullptr; memory != nullptr) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace videostream::snapshot {
namespace {

// Catches an exception instead of an error, and files that are freed twice or not at all when there is no more room.
TEST(ImageMemoryTest, TooLittleIsAnError) {
  RgbPicture picture{256, 256, std::vector<uint8_t>(size_t{256} * 256 * 3)};
  std::minstd_rand random(1);
  for (uint8_t& sample : picture.pixels) sample = static_cast<uint8_t>(random() >> 8);
  for (const size_t room : {size_t{1} << 12, size_t{100} << 10}) {
    SCOPED_TRACE(room);
    most = room;
    const auto png = EncodePng(picture);
    const auto jpeg = EncodeJpeg(picture, 100);
    most = SIZE_MAX;
    ASSERT_FALSE(png || jpeg);
    EXPECT_EQ(png.error().message, "libpng: out of memory");
    EXPECT_EQ(jpeg.error().message, "libjpeg: out of memory");
  }
  const auto jpeg = EncodeJpeg(picture, 100);
  ASSERT_TRUE(jpeg) << jpeg.error().message;
  EXPECT_GT(jpeg->size(), size_t{100} << 10) << "the test needs a larger picture";
}

}  // namespace
}  // namespace videostream::snapshot

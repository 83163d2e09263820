// SPDX-License-Identifier: Apache-2.0
// Writes six JPEG pictures of 320x240 to stdout, one after the other.
#include <cstdio>
#include <string>

#include "tests/backends/sw-fallback/jpeg_files.h"

int main() {
  for (int i = 0; i < 6; ++i) {
    const std::string jpeg = videostream::sw_fallback::MakeJpeg({.width = 320, .height = 240, .quality = 50 + 5 * i});
    if (fwrite(jpeg.data(), 1, jpeg.size(), stdout) != jpeg.size()) return 1;
  }
  return fflush(stdout) == 0 ? 0 : 1;
}

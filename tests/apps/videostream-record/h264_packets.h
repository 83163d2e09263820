// SPDX-License-Identifier: Apache-2.0
// H.264 packets as an encoder backend would give them, for tests of what happens to packets.
#pragma once

#include <cstdint>
#include <vector>

namespace videostream::test {

struct H264Packet {
  std::vector<uint8_t> bytes;  // Annex B, one access unit; key frames carry SPS and PPS
  bool key = false;
};

// `count` packets of a moving picture, a key frame every `gop`. Sizes are even. Empty if the encoder fails.
std::vector<H264Packet> MakeH264(uint32_t width, uint32_t height, uint32_t count, uint32_t gop);

}  // namespace videostream::test

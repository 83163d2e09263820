// SPDX-License-Identifier: Apache-2.0
// Start codes and NAL unit types (ITU-T H.264 7.4.1, H.265 7.4.2.2).
#include "apps/videostream-record/parameter_sets.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "videostream/frame.h"

namespace videostream::record {
namespace {

constexpr std::array<uint8_t, 3> kStartCode = {0, 0, 1};

// Bit of the kind of parameter set that a unit is; 0: none.
uint32_t KindOf(uint32_t format, NalUnit unit) {
  const uint32_t type = format == VSTREAM_FORMAT_H264 ? unit[0] & 0x1Fu : unit[0] >> 1 & 0x3Fu;
  const uint32_t first = format == VSTREAM_FORMAT_H264 ? 7 : 32;
  const uint32_t kinds = format == VSTREAM_FORMAT_H264 ? 2 : 3;
  return type >= first && type < first + kinds ? 1u << (type - first) : 0;
}

}  // namespace

std::vector<NalUnit> SplitAnnexB(std::span<const uint8_t> packet) {
  std::vector<NalUnit> units;
  auto begin = std::search(packet.begin(), packet.end(), kStartCode.begin(), kStartCode.end());
  while (begin != packet.end()) {
    begin += kStartCode.size();
    const auto next = std::search(begin, packet.end(), kStartCode.begin(), kStartCode.end());
    auto end = next;
    while (end != begin && *(end - 1) == 0) --end;
    if (end != begin) units.emplace_back(begin, end);
    begin = next;
  }
  return units;
}

std::vector<uint8_t> ParameterSets(uint32_t format, std::span<const uint8_t> packet) {
  if (format != VSTREAM_FORMAT_H264 && format != VSTREAM_FORMAT_HEVC) return {};
  std::vector<uint8_t> sets;
  uint32_t found = 0;
  for (const NalUnit& unit : SplitAnnexB(packet)) {
    const uint32_t kind = KindOf(format, unit);
    if (kind == 0) continue;
    found |= kind;
    sets.push_back(0);
    sets.insert(sets.end(), kStartCode.begin(), kStartCode.end());
    sets.insert(sets.end(), unit.begin(), unit.end());
  }
  const uint32_t all = format == VSTREAM_FORMAT_H264 ? 0b11 : 0b111;
  return found == all ? sets : std::vector<uint8_t>();
}

}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// Finds the parameter sets in a packet of Annex B, which an MP4 file wants in its head.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace videostream::record {

// One NAL unit without its start code and without trailing zeros. Borrows.
using NalUnit = std::span<const uint8_t>;

// The NAL units of `packet`, in order. Bytes before the first start code belong to none; empty units are left out.
std::vector<NalUnit> SplitAnnexB(std::span<const uint8_t> packet);

// The parameter sets of an H.264 (SPS, PPS) or HEVC (VPS, SPS, PPS) packet as Annex B with four-byte start codes; empty
// unless there is at least one of each kind. Other formats have none.
std::vector<uint8_t> ParameterSets(uint32_t format, std::span<const uint8_t> packet);

}  // namespace videostream::record

// SPDX-License-Identifier: Apache-2.0
// What the converter of an output is asked to do with the captured frames. A pure function.
#pragma once

#include "core/base/result.h"
#include "core/planner/plan.h"
#include "videostream/capture.h"
#include "videostream/converter.h"

namespace videostream {

// Format, size, crop, transform, filter and colours of one output. Where the plan leaves the size open, it is that of
// the crop (else of the captured picture), turned if the output is. Colours that the plan leaves open: those of the
// source; RGB from YUV becomes full range with matrix 0, YUV from RGB that which the converter's contract has for its
// size. The target's strides are the least ones, or multiples of `alignment` bytes.
// kUnsupported: a crop outside the captured picture, no size although the capture does not tell its own, a target that
// is not a raw format. The message does not name the slot.
Result<vstream_converter_config> MakeConversion(const OutputPlan& plan, const vstream_capture_config& capture,
                                                uint32_t alignment = 1);

// The colours of packets of this codec (VSTREAM_FORMAT_*) made of such frames: JPEG is always BT.601, full range.
vstream_colorimetry PacketColor(uint32_t codec, vstream_colorimetry frames);

}  // namespace videostream

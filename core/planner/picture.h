// SPDX-License-Identifier: Apache-2.0
// What an output makes of the captured picture: its format, size and transform, and whether that needs a converter.
#pragma once

#include <string>

#include "core/planner/match.h"
#include "core/planner/plan.h"

namespace videostream {

// What the profile asks of a capture.
[[nodiscard]] PlannedFormat CapturedPicture(const CaptureSpec& spec);

// Everything of an output but its choices: published, crop, transform, filter, color, codec, encoding, publish. Without
// a size it has that of the crop (or of the capture), turned; unknown sizes and formats stay 0.
[[nodiscard]] OutputPlan OutputPicture(const PlannedFormat& captured, const OutputSpec& output);

// False if the output is the captured picture; frames that are left out need no converter.
[[nodiscard]] bool NeedsConverter(const PlannedFormat& captured, const OutputPlan& output);

// What is asked of a converter, and of an encoder, for this output.
[[nodiscard]] Demand ConverterDemand(const PlannedFormat& captured, const OutputPlan& output);
[[nodiscard]] Demand EncoderDemand(const PlannedFormat& captured, const OutputPlan& output);

// "NV12 1280x720 to RGB24 640x640, cropped 640x480+16+32, turned 90".
[[nodiscard]] std::string DescribeConversion(const PlannedFormat& captured, const OutputPlan& output);

}  // namespace videostream

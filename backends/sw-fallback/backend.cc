// SPDX-License-Identifier: Apache-2.0
// The backend `sw-fallback`: capture (pattern, file), converter and encoder that need no hardware.
#include "backends/sw-fallback/capture.h"
#include "backends/sw-fallback/converter.h"
#include "backends/sw-fallback/encoder.h"

namespace {

constexpr videostream::backend::Identity kIdentity{
    .name = "sw-fallback",
    .version = "0.1",
    .vendor = "VideoStream",
    .license = "Apache-2.0 AND BSD-2-Clause AND BSD-3-Clause AND IJG AND Zlib"};

}  // namespace

VIDEOSTREAM_BACKEND(kIdentity, videostream::sw_fallback::Capture, videostream::sw_fallback::Converter,
                    videostream::sw_fallback::Encoder)

// SPDX-License-Identifier: Apache-2.0
// JPEG pictures to raw ones in the form that a converter was asked for. No threads, no buffers of the ABI.
#pragma once

#include <cstdint>
#include <memory>

#include "backends/sw-fallback/conversion.h"
#include "backends/sw-fallback/jpeg_decoder.h"

namespace videostream::sw_fallback {

class JpegConversion {
 public:
  // The source format, for probe.
  static void AppendFormats(vstream_device* device);

  // `config.source` is MJPEG. Plain decoding to I420, NV12, GREY and RGB is done in one step; whatever else is asked
  // for (crop, size, transform, colours, formats) by a Conversion behind it. Errors: as Conversion::Configure.
  backend::Status Configure(const vstream_converter_config& config);

  // `target`: as configured. Errors: as JpegDecoder::Decode.
  backend::Status Run(const uint8_t* bytes, uint64_t size, const Image& target);

 private:
  JpegDecoder decoder_;
  bool direct_ = false;  // without the rest
  Conversion conversion_;
  std::unique_ptr<uint8_t[]> scratch_;  // of picture_
  Image picture_;                       // I420, as decoded
};

}  // namespace videostream::sw_fallback

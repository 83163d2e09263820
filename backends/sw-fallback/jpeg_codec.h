// SPDX-License-Identifier: Apache-2.0
// Motion JPEG: every picture is a JPEG file of its own, baseline, 4:2:0 or grey, BT.601 full range.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backends/sw-fallback/codec.h"
#include "backends/sw-fallback/conversion.h"

namespace videostream::sw_fallback {

class JpegCodec : public Codec {
 public:
  static constexpr uint32_t kMinSize = 1, kDefaultQuality = 85;

  explicit JpegCodec(backend::Host host);
  ~JpegCodec() override;

  // Inputs and the output, for probe.
  static void AppendFormats(vstream_device* device);

  uint32_t fourcc() const override { return VSTREAM_FORMAT_MJPEG; }
  // BT.601, full range; the rest as it was.
  vstream_colorimetry PacketColour(const vstream_colorimetry& frame) const override;
  // YUV that is not BT.601 full range already, and formats that libjpeg does not read, go through a Conversion.
  backend::Status Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) override;
  // The quality decides about the size; a bitrate above 0 is accepted and changes nothing.
  backend::Status CheckBitrate(uint64_t bitrate) const override;
  backend::Status SetBitrate(uint64_t) override { return backend::Ok(); }
  // A picture that does not fit into `capacity` is encoded again at half the quality, down to 1, which is logged; IO if
  // even that does not fit.
  backend::Status Encode(const Image& picture, int64_t pts_ns, bool force_key, uint8_t* to, uint64_t capacity,
                         Packet* out) override;

 private:
  struct Session;

  backend::Status Check(const vstream_encoder_config& config) const;
  backend::Status PrepareConversion(const vstream_encoder_config& config);
  backend::Status EncodeAt(uint32_t quality, const Image& picture, uint8_t* to, uint64_t capacity, bool* fits,
                           uint64_t* bytes);

  backend::Host host_;
  std::unique_ptr<Session> session_;  // libjpeg's state; at one address for good
  uint32_t quality_ = kDefaultQuality;
  bool grey_ = false;      // one component
  bool converts_ = false;  // by conversion_ into planes_
  bool coarser_said_ = false;
  Conversion conversion_;
  std::unique_ptr<uint8_t[]> scratch_;  // of planes_
  Image planes_;                        // I420
  std::vector<uint8_t> strip_;
};

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// What the encoder device needs of a codec: a picture in, a packet out. Buffers, order and threads are the device's.
#pragma once

#include <cstdint>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

// Configure is called while no Encode runs; Encode and SetBitrate on the worker's thread.
class Codec {
 public:
  struct Packet {
    uint64_t bytes = 0;
    bool key = false, parameter_sets = false;
  };

  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;

  // VSTREAM_FORMAT_* of the packets.
  virtual uint32_t fourcc() const = 0;

  // What the packets hold, given what the frames do: the same, unless the codec knows one kind of colours only.
  virtual vstream_colorimetry PacketColour(const vstream_colorimetry& frame) const { return frame; }

  // As vstream_encoder_ops.configure; fills the needs that follow from the codec. Errors: UNSUPPORTED, INVALID; they
  // name the limit.
  virtual backend::Status Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) = 0;

  // UNSUPPORTED with the limits. Any thread.
  virtual backend::Status CheckBitrate(uint64_t bitrate) const = 0;
  // `bitrate` has been checked; from the next picture on.
  virtual backend::Status SetBitrate(uint64_t bitrate) = 0;

  // `picture`: as configured. Writes one packet to `to` (`capacity` bytes). IO: there is none for this picture.
  virtual backend::Status Encode(const Image& picture, int64_t pts_ns, bool force_key, uint8_t* to, uint64_t capacity,
                                 Packet* out) = 0;
};

}  // namespace videostream::sw_fallback

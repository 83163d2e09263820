// SPDX-License-Identifier: Apache-2.0
// H.264 by OpenH264: a picture in, an access unit out.
#pragma once

#include <wels/codec_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "backends/sw-fallback/codec.h"

namespace videostream::sw_fallback {

struct H264Settings {
  uint32_t threads = 1;
  uint32_t complexity = 0;  // 0 low, 1 medium, 2 high
};

class H264Codec : public Codec {
 public:
  static constexpr uint32_t kMinSize = 16, kMaxSide = 3840, kMaxPixels = 3840 * 2160;

  H264Codec(backend::Host host, const H264Settings& settings) : host_(host), settings_(settings) {}
  ~H264Codec() override;

  // False: the version differs from the one this was built for, `why` says so, and nothing here may be used.
  static bool LibraryMatches(std::string* why);

  // Inputs and the output, for probe.
  static void AppendFormats(vstream_device* device);

  uint32_t fourcc() const override { return VSTREAM_FORMAT_H264; }
  backend::Status Configure(const vstream_encoder_config& config, vstream_encoder_needs* out) override;
  backend::Status CheckBitrate(uint64_t bitrate) const override;
  backend::Status SetBitrate(uint64_t bitrate) override;
  // IO: the next picture becomes a key frame. A picture that overflows OpenH264's own buffer (noise at a high bitrate)
  // is encoded again, as a key frame and more coarsely; the finest quantiser stays limited from then on, which is
  // logged.
  backend::Status Encode(const Image& picture, int64_t pts_ns, bool force_key, uint8_t* to, uint64_t capacity,
                         Packet* out) override;

 private:
  static void Trace(void* self, int level, const char* text);
  void Destroy();
  backend::Status CreateInstance();
  backend::Status Initialize();
  int EncodeOrLimit(const SSourcePicture& source, SFrameBSInfo* info);
  const Image& ToI420(const Image& picture);

  backend::Host host_;
  H264Settings settings_;
  ISVCEncoder* encoder_ = nullptr;
  SEncParamExt param_{};
  double rate_scale_ = 1;  // of the bitrate, where the frame rate is out of the codec's range
  bool key_next_ = false;
  std::vector<uint8_t> scratch_;  // I420, for NV12 input
  Image planes_;
};

}  // namespace videostream::sw_fallback

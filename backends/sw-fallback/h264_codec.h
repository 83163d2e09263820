// SPDX-License-Identifier: Apache-2.0
// OpenH264 behind a small interface: a picture in, an access unit out. No threads, no buffers of the ABI.
#pragma once

#include <wels/codec_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

struct H264Settings {
  uint32_t threads = 1;
  uint32_t complexity = 0;  // 0 low, 1 medium, 2 high
};

class H264Codec {
 public:
  static constexpr uint32_t kMinSize = 16, kMaxSide = 3840, kMaxPixels = 3840 * 2160;

  explicit H264Codec(backend::Host host) : host_(host) {}
  H264Codec(const H264Codec&) = delete;
  H264Codec& operator=(const H264Codec&) = delete;
  ~H264Codec();

  // "2.3"; differs from the version this was built for: `why` says so, and nothing here may be used.
  static bool LibraryMatches(std::string* why);

  // (Re)creates the encoder. Fills the needs that follow from the codec. Errors: UNSUPPORTED, INVALID; they name the
  // limit.
  backend::Status Configure(const vstream_encoder_config& config, const H264Settings& settings,
                            vstream_encoder_needs* out);

  // UNSUPPORTED with the limits.
  static backend::Status CheckBitrate(uint64_t bitrate);
  // `bitrate` has been checked; from the next picture on.
  backend::Status SetBitrate(uint64_t bitrate);

  struct Packet {
    uint64_t bytes = 0;
    bool key = false, parameter_sets = false;
  };
  // `picture`: as configured, I420 or NV12. Writes an access unit to `to` (`capacity` bytes). IO: no packet; the next
  // picture becomes a key frame. A picture that overflows OpenH264's own buffer (noise at a high bitrate) is encoded
  // again, as a key frame and more coarsely; the finest quantiser stays limited from then on, which is logged.
  backend::Status Encode(const Image& picture, int64_t pts_ns, bool force_key, uint8_t* to, uint64_t capacity,
                         Packet* out);

 private:
  static void Trace(void* self, int level, const char* text);
  void Destroy();
  backend::Status CreateInstance();
  backend::Status Initialize();
  int EncodeOrLimit(const SSourcePicture& source, SFrameBSInfo* info);
  const Image& ToI420(const Image& picture);

  backend::Host host_;
  ISVCEncoder* encoder_ = nullptr;
  SEncParamExt param_{};
  double rate_scale_ = 1;  // of the bitrate, where the frame rate is out of the codec's range
  bool key_next_ = false;
  std::vector<uint8_t> scratch_;  // I420, for NV12 input
  Image planes_;
};

}  // namespace videostream::sw_fallback

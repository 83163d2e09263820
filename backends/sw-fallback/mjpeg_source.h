// SPDX-License-Identifier: Apache-2.0
// JPEG pictures one after the other, from a file, a pipe or standard input, as a source of coded frames.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "backends/sw-fallback/byte_input.h"
#include "backends/sw-fallback/mjpeg.h"
#include "backends/sw-fallback/source.h"

namespace videostream::sw_fallback {

class MjpegSource : public Source {
 public:
  explicit MjpegSource(backend::Host host) : host_(host) {}

  static void AppendFormats(vstream_device* device);

  // Whether a file that begins with this byte, or has this name, is meant to be one.
  static bool IsMeant(const std::string& path, std::string_view first_bytes);

  // As Y4mSource::Open. Reads up to the frame header of the first picture, which must be within the first MiB.
  backend::Status Open(const std::string& path, bool loop, ByteInput input = {});

  // The size is the first picture's; the rate is the request's, or 30.
  backend::Status Configure(const vstream_capture_request& request, vstream_capture_config* out) override;
  // UNSUPPORTED: these frames are coded.
  backend::Status Fill(uint64_t index, int64_t time_ns, const Image& image,
                       const backend::Interrupt& interrupt) override;
  // The picture with all its bytes, broken or not; what stands between pictures is left out. IO: it does not fit.
  backend::Status FillCoded(uint64_t index, uint8_t* to, uint64_t capacity, const backend::Interrupt& interrupt,
                            uint64_t* used) override;
  uint64_t Rewind(uint64_t index) override;

 private:
  backend::Status ReadHead();
  void BeginHere();
  backend::Status FindBegin(const backend::Interrupt& interrupt);
  backend::Status FinishDiscarded(const backend::Interrupt& interrupt);
  backend::Status ReadPicture(uint64_t index, uint8_t* to, uint64_t capacity, const backend::Interrupt& interrupt,
                              uint64_t* used);
  void WarnTruncated();
  backend::Status SeekTo(uint64_t offset);
  backend::Status Fail(const backend::Status& cause) const;

  static constexpr size_t kRemembered = 64;  // more than the buffers of a device

  backend::Host host_;
  std::string name_;  // "mjpeg '/path'"
  ByteInput input_;
  bool loop_ = false;
  uint32_t width_ = 0, height_ = 0;
  MjpegSplitter splitter_;
  uint64_t first_ = 0;     // offset of the first picture
  uint64_t begin_ = 0;     // offset of the picture that the splitter is in
  uint64_t gap_ = 0;       // bytes since the last picture's end
  bool discards_ = false;  // the rest of this picture is of no use: it was given up at a stop
  std::string head_;       // of the picture that the splitter is in, taken and not yet delivered
  uint64_t newest_ = 0;    // index of the newest frame begun
  uint64_t complete_ = 0;  // whole pictures since the file's start
  bool warned_ = false;
  std::array<uint64_t, kRemembered> offsets_{};  // where frame `index` began, by index modulo kRemembered
};

}  // namespace videostream::sw_fallback

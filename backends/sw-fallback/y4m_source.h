// SPDX-License-Identifier: Apache-2.0
// A Y4M file, pipe or standard input as a source of frames.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "backends/sw-fallback/byte_input.h"
#include "backends/sw-fallback/source.h"
#include "backends/sw-fallback/y4m.h"

namespace videostream::sw_fallback {

class Y4mSource : public Source {
 public:
  explicit Y4mSource(backend::Host host) : host_(host) {}

  static void AppendFormats(vstream_device* device);

  // `path`: "-" is standard input. `input`: the path, if it is open already and nothing has been taken. Reads the
  // header; waits up to a second for it where the input is a pipe. Errors name the path: NOT_FOUND, PERMISSION,
  // INVALID, UNSUPPORTED, TIMEOUT.
  backend::Status Open(const std::string& path, bool loop, ByteInput input = {});

  backend::Status Configure(const vstream_capture_request& request, vstream_capture_config* out) override;
  backend::Status Fill(uint64_t index, int64_t time_ns, const Image& image,
                       const backend::Interrupt& interrupt) override;
  uint64_t Rewind(uint64_t index) override;

 private:
  // Besides IO, these answer as ByteInput does.
  backend::Status ReadLine(const backend::Interrupt& interrupt);
  backend::Status ReadBytes(uint8_t* to, size_t size, const backend::Interrupt& interrupt);

  backend::Status ReadHeader();
  backend::Status ReadFrame(uint64_t index, const Image& image, const backend::Interrupt& interrupt);
  backend::Status ReadPlane(uint8_t* to, uint32_t stride, uint32_t row, uint32_t rows,
                            const backend::Interrupt& interrupt);
  backend::Status ReadPlanes(const Image& image, const backend::Interrupt& interrupt);
  void WarnTruncated();
  backend::Status SeekTo(uint64_t offset);
  uint64_t FrameBytes() const;
  backend::Status Fail(const backend::Status& cause) const;

  static constexpr size_t kRemembered = 64;  // more than the buffers of a device

  backend::Host host_;
  std::string name_;  // "y4m '/path'"
  ByteInput input_;
  bool loop_ = false;
  Y4mHeader header_;
  uint64_t first_frame_ = 0;  // offset of the first FRAME line
  std::string line_;          // so far; kept across an interrupt
  uint64_t frame_start_ = 0;  // offset of the FRAME line of the frame that is being read
  uint64_t frame_left_ = 0;   // bytes of it that are still to come
  uint64_t newest_ = 0;       // index of the newest frame begun
  uint64_t complete_ = 0;     // whole frames since the file's start
  bool warned_ = false;
  std::vector<uint8_t> chroma_[2];               // U and V, before they are interleaved
  std::array<uint64_t, kRemembered> offsets_{};  // where frame `index` began, by index modulo kRemembered
};

}  // namespace videostream::sw_fallback

// SPDX-License-Identifier: Apache-2.0
// What the capture device needs of a source of frames; pacing, buffers and threads are the device's.
#pragma once

#include <cstdint>

#include "backends/sw-fallback/image.h"
#include "videostream/backend_worker.hpp"

namespace videostream::sw_fallback {

// Configure and Rewind are called while no Fill runs; Fill on the worker's thread.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // As vstream_capture_ops.configure, for layout, rate and colorimetry.
  virtual backend::Status Configure(const vstream_capture_request& request, vstream_capture_config* out) = 0;

  // Writes frame `index` (1, 2, 3, ...; each larger than the one before) into the picture. May wait, but not beyond an
  // interrupt; then it answers AGAIN. END_OF_STREAM: there is no such frame. IO: the source is lost.
  virtual backend::Status Fill(uint64_t index, int64_t time_ns, const Image& image,
                               const backend::Interrupt& interrupt) = 0;

  // The same for a source whose layout is of a coded format, in place of Fill: up to `capacity` bytes, `*used` of them
  // (at least one) are the frame.
  virtual backend::Status FillCoded(uint64_t, uint8_t*, uint64_t, const backend::Interrupt&, uint64_t*) {
    return {VSTREAM_E_UNSUPPORTED, "this source has no coded frames"};
  }

  // Frames from `index` on were never delivered, and will be asked for again. A source that cannot repeat them returns
  // the index of the next one that it has.
  virtual uint64_t Rewind(uint64_t index) { return index; }
};

}  // namespace videostream::sw_fallback

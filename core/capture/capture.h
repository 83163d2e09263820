// SPDX-License-Identifier: Apache-2.0
// Interface of the kind `capture`. Contract of each method: include/videostream/capture.h. One thread per instance.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "core/frame/frame.h"
#include "videostream/capture.h"

namespace videostream {

class Capture {
 public:
  virtual ~Capture() = default;
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  [[nodiscard]] virtual Result<vstream_capture_config> Configure(const vstream_capture_request& request) = 0;
  [[nodiscard]] virtual Status Attach(uint32_t buffer_id, std::shared_ptr<const Buffer> buffer) = 0;
  [[nodiscard]] virtual Status Detach(uint32_t buffer_id) = 0;
  [[nodiscard]] virtual Status Start() = 0;
  [[nodiscard]] virtual Status Stop() = 0;
  [[nodiscard]] virtual Status Queue(uint32_t buffer_id) = 0;
  // Borrowed: lives as long as the instance.
  [[nodiscard]] virtual Result<int> PollFd() = 0;
  // nullopt: nothing ready. Errors: kEndOfStream, kIo, ... The frame has been checked against the layout of its buffer.
  [[nodiscard]] virtual Result<std::optional<RawFrame>> Dequeue() = 0;

 protected:
  Capture() = default;
};

}  // namespace videostream

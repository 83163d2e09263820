// SPDX-License-Identifier: Apache-2.0
// Interface of the kind `converter`. Contract of each method: include/videostream/converter.h. One thread per instance.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "core/frame/frame.h"
#include "videostream/converter.h"

namespace videostream {

class Converter {
 public:
  virtual ~Converter() = default;
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  [[nodiscard]] virtual Result<vstream_converter_needs> Configure(const vstream_converter_config& config) = 0;
  [[nodiscard]] virtual Status Attach(uint32_t buffer_id, std::shared_ptr<const Buffer> buffer) = 0;
  [[nodiscard]] virtual Status Detach(uint32_t buffer_id) = 0;
  // kBusy: max_jobs are in flight.
  [[nodiscard]] virtual Status Submit(const RawFrame& source, uint32_t target_id, uint64_t cookie) = 0;
  [[nodiscard]] virtual Result<int> PollFd() = 0;
  // nullopt: nothing ready. A job that failed alone is a result with its status, not an error.
  [[nodiscard]] virtual Result<std::optional<vstream_converter_result>> Collect() = 0;

 protected:
  Converter() = default;
};

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// Interface of the kind `encoder`. Contract of each method: include/videostream/encoder.h. One thread per instance.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "core/frame/frame.h"
#include "videostream/encoder.h"

namespace videostream {

class Encoder {
 public:
  // One job's end. status != VSTREAM_OK: there is no packet for this frame.
  struct Done {
    int32_t status = VSTREAM_OK;
    uint64_t cookie = 0;
    Packet packet{};
  };

  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  [[nodiscard]] virtual Result<vstream_encoder_needs> Configure(const vstream_encoder_config& config) = 0;
  [[nodiscard]] virtual Status Attach(uint32_t buffer_id, std::shared_ptr<const Buffer> buffer) = 0;
  [[nodiscard]] virtual Status Detach(uint32_t buffer_id) = 0;
  // `flags`: VSTREAM_ENCODE_*. kBusy: max_jobs are in flight.
  [[nodiscard]] virtual Status Submit(const RawFrame& input, uint32_t packet_id, uint64_t cookie, uint32_t flags) = 0;
  [[nodiscard]] virtual Result<int> PollFd() = 0;
  // nullopt: nothing ready. kEndOfStream: all is out after Drain. A packet has been checked against its buffer.
  [[nodiscard]] virtual Result<std::optional<Done>> Collect() = 0;
  [[nodiscard]] virtual Status Drain() = 0;
  // kUnsupported without the capability.
  [[nodiscard]] virtual Status SetBitrate(uint64_t bits_per_second) = 0;
  // The capability. Never changes.
  [[nodiscard]] virtual bool CanSetBitrate() const { return false; }

 protected:
  Encoder() = default;
};

}  // namespace videostream

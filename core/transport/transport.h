// SPDX-License-Identifier: Apache-2.0
// Interface of the kind `transport`. Contract of each method: include/videostream/transport.h. Driven by one thread at
// a time: a stream's, or those of an application and its Host.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "videostream/transport.h"

namespace videostream {

// More than eight methods, since one object is both a socket and a shelf of buffers; splitting it would split its
// lifetime.
class Transport {
 public:
  struct Set {
    uint32_t stream = VSTREAM_STREAM_FRAMES;
    uint32_t epoch = 0;
    std::vector<std::shared_ptr<const Buffer>> buffers;
    std::vector<uint32_t> ids;
    vstream_ratio rate{};
    vstream_colorimetry colorimetry{};
  };

  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  [[nodiscard]] virtual Result<vstream_transport_info> Info() = 0;
  // After this call nobody can map the memfds of the set for writing any more.
  [[nodiscard]] virtual Status AddSet(const Set& set) = 0;
  [[nodiscard]] virtual Status RemoveSet(uint32_t epoch) = 0;
  [[nodiscard]] virtual Status Publish(uint32_t stream, const vstream_frame& frame) = 0;
  // Up to taken.size() of `ids` come back; returns how many. They stand in `taken`.
  [[nodiscard]] virtual Result<uint32_t> Reclaim(uint32_t stream, std::span<const uint32_t> ids,
                                                 std::span<uint32_t> taken) = 0;
  [[nodiscard]] virtual Result<int> PollFd() = 0;
  [[nodiscard]] virtual Status Service() = 0;
  // nullopt: no more events.
  [[nodiscard]] virtual Result<std::optional<vstream_transport_event>> NextEvent() = 0;
  [[nodiscard]] virtual Status SetState(uint32_t stream, uint32_t state) = 0;
  [[nodiscard]] virtual Result<std::vector<vstream_consumer>> Consumers() = 0;

 protected:
  Transport() = default;
};

}  // namespace videostream

// SPDX-License-Identifier: Apache-2.0
// A producer on a socket, driven step by step by a test: the shm transport itself, without runtime and threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "videostream/backend.hpp"

namespace videostream::shm {
class Transport;
}

namespace videostream::test {

struct ProducerFormat {
  uint32_t fourcc = VSTREAM_FORMAT_NV12;  // NV12, GREY, RGB24 or H264
  uint32_t width = 64, height = 64;       // even
  vstream_ratio rate = {30, 1};
  uint32_t buffers = 12;
  uint64_t packet_bytes = 65536;  // of a slot, for H264
};

// Everything that cannot work aborts the test. Destroying it says goodbye to the consumers.
class Producer {
 public:
  Producer(const std::string& socket, const ProducerFormat& format, uint32_t leases = 2, uint32_t pool = 8);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Serves the socket until `done`. False after a minute.
  bool ServeUntil(const std::function<bool()>& done);
  bool WaitForConsumers(size_t count);
  // Until every consumer has taken or skipped everything that was published since it came, and holds none of it.
  bool WaitUntilTaken();
  std::vector<vstream_consumer> Consumers();

  // The test picture with this number, published. False: no free buffer.
  bool PublishPattern(uint64_t number);
  // A picture whose lower half is of the next number.
  bool PublishTorn(uint64_t number);
  // Every byte of the buffer as `fill(index)` says.
  bool PublishBytes(const std::function<uint8_t(size_t)>& fill);
  bool PublishPacket(std::span<const uint8_t> bytes, bool key, int64_t pts_ns);

  // As an orderly end of a runtime: says that nothing more comes, waits until everything is taken, says goodbye.
  // Nothing but published() may be called afterwards.
  bool Close();
  uint64_t published() const { return sequence_; }

 private:
  struct Buffer;
  Buffer* Acquire();
  bool Publish(Buffer* buffer, uint64_t bytes, uint32_t flags, int64_t pts_ns);

  ProducerFormat format_;
  uint32_t stream_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::unique_ptr<shm::Transport> transport_;
  uint64_t sequence_ = 0;
};

}  // namespace videostream::test
